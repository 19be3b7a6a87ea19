package dev.mtd.agent.host

import android.app.KeyguardManager
import android.app.admin.DevicePolicyManager
import android.os.Build
import android.provider.Settings
import dev.mtd.agent.BoolFact
import dev.mtd.agent.CertificatesFact
import dev.mtd.agent.DevicePosture
import dev.mtd.agent.ProfilesFact
import dev.mtd.agent.TextFact
import dev.mtd.agent.TextListFact
import dev.mtd.agent.VerifiedBoot
import dev.mtd.agent.VerifiedBootFact
import dev.mtd.agent.testing.AgentTestRunner
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.util.ReflectionHelpers

@RunWith(AgentTestRunner::class)

class PostureReaderHostTest {
    private val context = RuntimeEnvironment.getApplication()

    init {
        pixel()
    }

    @Test
    fun `version, build and patch are told, and a missing one is not empty`() {
        ReflectionHelpers.setStaticField(Build.VERSION::class.java, "SECURITY_PATCH", "2026-10-05")
        assertEquals(TextFact.Known("2026-10-05"), read().securityPatch)
        assertEquals(TextFact.Known(Build.VERSION.RELEASE), read().osVersion)
        assertEquals(TextFact.Known("UQ1A.240105.004"), read().osBuild)
        assertEquals(TextFact.Known("Android"), read().osName)

        ReflectionHelpers.setStaticField(Build.VERSION::class.java, "SECURITY_PATCH", "")
        assertTrue(read().securityPatch is TextFact.NotAvailable)
    }

    @Test
    fun `storage counts as encrypted under a key of the user's only`() {
        val expected = mapOf(
            DevicePolicyManager.ENCRYPTION_STATUS_ACTIVE_PER_USER to BoolFact.Known(true),
            DevicePolicyManager.ENCRYPTION_STATUS_ACTIVE to BoolFact.Known(true),
            DevicePolicyManager.ENCRYPTION_STATUS_ACTIVE_DEFAULT_KEY to BoolFact.Known(false),
            DevicePolicyManager.ENCRYPTION_STATUS_INACTIVE to BoolFact.Known(false),
        )
        for ((status, told) in expected) {
            shadowOf(context.getSystemService(DevicePolicyManager::class.java)).setStorageEncryptionStatus(status)
            assertEquals("status $status", told, read().storageEncrypted)
        }
        assertTrue("a maker's own status", storageEncryption(77) is Told.NotAvailable)
    }

    @Test
    fun `a screen lock is told`() {
        val keyguard = shadowOf(context.getSystemService(KeyguardManager::class.java))
        keyguard.setIsDeviceSecure(false)
        assertEquals(BoolFact.Known(false), read().screenLock)
        keyguard.setIsDeviceSecure(true)
        assertEquals(BoolFact.Known(true), read().screenLock)
    }

    @Test
    fun `each debugging switch is told by itself`() {
        val off = BoolFact.Known(false)
        assertEquals(listOf(off, off, off), read().switches())

        setting(Settings.Global.DEVELOPMENT_SETTINGS_ENABLED)
        assertEquals(listOf(BoolFact.Known(true), off, off), read().switches())
        setting(Settings.Global.ADB_ENABLED)
        assertEquals(BoolFact.Known(true), read().usbDebugging)
        assertEquals("none of it is a switch of another kind", TextListFact.Known(emptyList()), read().debugFlags)
    }

    @Test
    fun `wireless debugging is told by its switch or its port, and unknown where both are withheld`() {
        setting(Settings.Global.ADB_ENABLED)
        val hasSwitch = Build.VERSION.SDK_INT >= Build.VERSION_CODES.R
        assertEquals(hasSwitch, read().wirelessDebugging == BoolFact.Known(false))
        assertEquals(!hasSwitch, read().wirelessDebugging is BoolFact.NotAvailable)
        assertEquals(BoolFact.Known(false), read(properties = mapOf("service.adb.tcp.port" to "-1")).wirelessDebugging)
        assertEquals(BoolFact.Known(true), read(properties = mapOf("service.adb.tcp.port" to "5555")).wirelessDebugging)

        setting("adb_wifi_enabled")
        assertEquals(hasSwitch, read().wirelessDebugging == BoolFact.Known(true))
    }

    @Test
    fun `a debugger around the app is debugging, not root`() {
        val told = read(FakeFiles(mapOf("/proc/self/status" to "Name:\tapp\nTracerPid:\t4711\n")))
        assertEquals(TextListFact.Known(listOf("a debugger is attached to this app")), told.debugFlags)
        assertEquals(TextListFact.Known(emptyList()), told.rootSigns)
        assertEquals(TextListFact.Known(emptyList()), told.emulatorSigns)
    }

    @Test
    fun `the boot loader is unlocked as soon as it says so once, and untold is not locked`() {
        assertTrue(read().bootloaderLocked is BoolFact.NotAvailable)
        assertTrue(read().verifiedBoot is VerifiedBootFact.NotAvailable)

        val locked = mapOf("ro.boot.flash.locked" to "1", "ro.boot.vbmeta.device_state" to "locked", "ro.boot.verifiedbootstate" to "green")
        assertEquals(BoolFact.Known(true), read(properties = locked).bootloaderLocked)
        assertEquals(VerifiedBootFact.Known(VerifiedBoot.GREEN), read(properties = locked).verifiedBoot)

        val unlocked = locked + mapOf("ro.boot.vbmeta.device_state" to "unlocked", "ro.boot.verifiedbootstate" to "orange")
        assertEquals(BoolFact.Known(false), read(properties = unlocked).bootloaderLocked)
        assertEquals(VerifiedBootFact.Known(VerifiedBoot.ORANGE), read(properties = unlocked).verifiedBoot)
        assertEquals("a fact of its own, no sign", TextListFact.Known(emptyList()), read(properties = unlocked).rootSigns)

        val odd = mapOf("ro.boot.flash.locked" to "yes", "ro.boot.verifiedbootstate" to "blue")
        assertTrue(read(properties = odd).bootloaderLocked is BoolFact.NotAvailable)
        assertTrue(read(properties = odd).verifiedBoot is VerifiedBootFact.NotAvailable)
    }

    @Test
    fun `what Android does not have or does not tell has a reason, and is not empty`() {
        assertTrue(read().profiles is ProfilesFact.NotAvailable)
        // No simulator has AndroidCAStore.
        assertTrue(read().addedRoots is CertificatesFact.NotAvailable)
    }

    private fun DevicePosture.switches() =
        listOf(developerMode, usbDebugging, read(properties = mapOf("service.adb.tcp.port" to "0")).wirelessDebugging)

    private fun setting(name: String) {
        Settings.Global.putInt(context.contentResolver, name, 1)
    }

    private fun read(files: Files = FakeFiles(), properties: Map<String, String> = emptyMap()): DevicePosture =
        PostureReader(context, files, properties::get).read()
}
