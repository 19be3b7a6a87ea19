package dev.mtd.agent.host

import android.app.KeyguardManager
import android.app.admin.DevicePolicyManager
import android.os.Build
import android.provider.Settings
import dev.mtd.agent.BoolFact
import dev.mtd.agent.DevicePosture
import dev.mtd.agent.TextFact
import dev.mtd.agent.TextListFact
import dev.mtd.agent.testing.AgentTestRunner
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import org.robolectric.util.ReflectionHelpers

@RunWith(AgentTestRunner::class)

class PostureReaderHostTest {
    private val context = RuntimeEnvironment.getApplication()

    init {
        ReflectionHelpers.setStaticField(Build::class.java, "TAGS", "release-keys")
        ReflectionHelpers.setStaticField(Build::class.java, "TYPE", "user")
        ReflectionHelpers.setStaticField(Build::class.java, "HARDWARE", "tensor")
    }

    @Test
    fun `version and patch are told, and a missing one is not empty`() {
        ReflectionHelpers.setStaticField(Build.VERSION::class.java, "SECURITY_PATCH", "2026-10-05")
        assertEquals(TextFact.Known("2026-10-05"), read().securityPatch)
        assertEquals(TextFact.Known(Build.VERSION.RELEASE), read().osVersion)
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
    fun `debugging switches are told in words, none as none`() {
        assertEquals(TextListFact.Known(emptyList()), read().debugFlags)

        setting(Settings.Global.DEVELOPMENT_SETTINGS_ENABLED)
        setting(Settings.Global.ADB_ENABLED)
        setting("adb_wifi_enabled")
        val wireless = listOf("wireless debugging is on").filter { Build.VERSION.SDK_INT >= Build.VERSION_CODES.R }
        assertEquals(TextListFact.Known(listOf("developer options are on", "USB debugging is on") + wireless), read().debugFlags)
    }

    @Test
    fun `a debugger around the app and an emulator are debugging, not root`() {
        val files = FakeFiles(mapOf("/proc/self/status" to "Name:\tapp\nTracerPid:\t4711\n", "/dev/qemu_pipe" to ""))
        val told = read(files, mapOf("ro.kernel.qemu" to "1"))
        assertEquals(
            TextListFact.Known(
                listOf(
                    "a debugger is attached to this app",
                    "this is an emulator (ro.kernel.qemu is 1)",
                    "this is an emulator (/dev/qemu_pipe)",
                ),
            ),
            told.debugFlags,
        )
        assertEquals(TextListFact.Known(emptyList()), told.rootSigns)
    }

    private fun setting(name: String) {
        Settings.Global.putInt(context.contentResolver, name, 1)
    }

    private fun read(files: Files = FakeFiles(), properties: Map<String, String> = emptyMap()): DevicePosture =
        PostureReader(context, files, properties::get).read()
}
