package dev.mtd.agent.host

import android.app.AppOpsManager
import android.app.usage.StorageStats
import android.app.usage.StorageStatsManager
import android.content.pm.ApplicationInfo
import android.content.pm.PackageInfo
import android.content.pm.Signature
import android.content.pm.SigningInfo
import android.os.Build
import android.os.Parcel
import android.os.Process
import android.os.storage.StorageManager
import dev.mtd.agent.AppRecord
import dev.mtd.agent.HostException
import dev.mtd.agent.Inventory
import dev.mtd.agent.testing.AgentTestRunner
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNotNull
import org.junit.Assert.assertNull
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import org.robolectric.shadow.api.Shadow
import org.robolectric.shadows.ShadowSigningInfo
import org.robolectric.shadows.ShadowStorageStatsManager

@RunWith(AgentTestRunner::class)

class AppsReaderHostTest {
    private val context = RuntimeEnvironment.getApplication()
    private val packages = shadowOf(context.packageManager)

    init {
        context.applicationInfo.targetSdkVersion = 34
    }

    @Test
    fun `an app is told with all that Android knows of it`() {
        seeAll()
        install(tracker())
        installedBy("com.android.vending")

        val app = read().app(TRACKER)
        assertEquals("4294967303", app.version)
        assertEquals("1.2", app.shortVersion)
        assertEquals("Tracker", app.name)
        assertEquals("com.android.vending", app.installer)
        assertEquals(listOf("sha256:" + sha256(CERTIFICATE).hex()), app.signers)
        assertEquals(true, app.debuggable)
        assertEquals(false, app.system)
        assertEquals(29u, app.targetSdk)
        assertEquals(listOf("android.permission.READ_SMS"), app.permissions)
        assertEquals(false, app.managed)
    }

    @Test
    fun `no installer is told as none only by who sees all apps`() {
        install(tracker())
        installedBy(null)
        val untold = read().app(TRACKER).installer
        assertEquals(if (sinceAndroid11()) null else "", untold)

        seeAll()
        assertEquals("", read().app(TRACKER).installer)
    }

    @Test
    fun `an inventory of the visible apps says that it is one`() {
        install(tracker())
        val incomplete = read().incomplete
        assertEquals(sinceAndroid11(), incomplete?.contains("QUERY_ALL_PACKAGES") ?: false)

        seeAll()
        assertNull(read().incomplete)
    }

    @Test
    fun `an app made for an older Android sees all apps`() {
        context.applicationInfo.targetSdkVersion = 29
        install(tracker())
        assertNull(read().incomplete)
    }

    @Test
    fun `where no other app is visible the inventory is not permitted`() {
        for (app in context.packageManager.getInstalledPackages(0)) {
            if (app.packageName != context.packageName) packages.removePackage(app.packageName)
        }
        if (sinceAndroid11()) {
            val refused = assertThrows(HostException.NotPermitted::class.java) { read() }
            assertTrue(refused.why, "QUERY_ALL_PACKAGES" in refused.why)
        } else {
            assertEquals(listOf(context.packageName), read().apps.map { it.id })
        }
    }

    @Test
    fun `sizes are absent without usage access, and the inventory says why`() {
        seeAll()
        install(tracker())
        sizes(TRACKER, app = 5_000, data = 700)
        usageAccess(AppOpsManager.MODE_DEFAULT)

        val inventory = read()
        assertNull(inventory.app(TRACKER).bundleSize)
        assertNull(inventory.app(TRACKER).dynamicSize)
        assertTrue(inventory.notes.any { "usage access" in it.message })
    }

    @Test
    fun `sizes are told with usage access`() {
        seeAll()
        install(tracker())
        sizes(TRACKER, app = 5_000, data = 700)
        usageAccess(AppOpsManager.MODE_ALLOWED)

        val inventory = read()
        assertEquals(5_000L, inventory.app(TRACKER).bundleSize)
        assertEquals(700L, inventory.app(TRACKER).dynamicSize)
        assertTrue(inventory.notes.none { "usage access" in it.message })
        assertNull("an app without statistics has no size, not 0", inventory.app(context.packageName).bundleSize)
    }

    @Test
    fun `an app without certificate, permissions and label is still told`() {
        seeAll()
        install(PackageInfo().apply { packageName = TRACKER; applicationInfo = ApplicationInfo().apply { packageName = TRACKER } })
        val app = read().app(TRACKER)
        assertEquals(emptyList<String>(), app.signers)
        assertEquals(emptyList<String>(), app.permissions)
        assertNull(app.shortVersion)
        assertNotNull(app.system)
    }

    private fun installedBy(installer: String?) =
        if (sinceAndroid11()) {
            packages.setInstallSourceInfo(TRACKER, installer, installer)
        } else {
            context.packageManager.setInstallerPackageName(TRACKER, installer)
        }

    private fun read(): Inventory = AppsReader(context).read()

    private fun Inventory.app(id: String): AppRecord = apps.single { it.id == id }

    private fun seeAll() = shadowOf(context).grantPermissions("android.permission.QUERY_ALL_PACKAGES")

    private fun sinceAndroid11() = Build.VERSION.SDK_INT >= Build.VERSION_CODES.R

    private fun install(app: PackageInfo) = packages.installPackage(app)

    @Suppress("DEPRECATION")
    private fun tracker() = PackageInfo().apply {
        packageName = TRACKER
        versionName = "1.2"
        longVersionCode = (1L shl 32) + 7
        signatures = arrayOf(Signature(CERTIFICATE))
        signingInfo = Shadow.newInstanceOf(SigningInfo::class.java).also {
            Shadow.extract<ShadowSigningInfo>(it).setSignatures(arrayOf(Signature(CERTIFICATE)))
        }
        requestedPermissions = arrayOf("android.permission.READ_SMS", "android.permission.CAMERA")
        requestedPermissionsFlags = intArrayOf(PackageInfo.REQUESTED_PERMISSION_GRANTED, 0)
        applicationInfo = ApplicationInfo().apply {
            packageName = TRACKER
            name = "Tracker"
            nonLocalizedLabel = "Tracker"
            targetSdkVersion = 29
            flags = ApplicationInfo.FLAG_DEBUGGABLE
            storageUuid = StorageManager.UUID_DEFAULT
        }
    }

    private fun usageAccess(mode: Int) = shadowOf(context.getSystemService(AppOpsManager::class.java))
        .setMode(AppOpsManager.OPSTR_GET_USAGE_STATS, Process.myUid(), context.packageName, mode)

    /** `StorageStats` cannot be made by apps; in a parcel it is a few numbers. */
    private fun sizes(id: String, app: Long, data: Long) {
        val parcel = Parcel.obtain()
        listOf(app, data).forEach(parcel::writeLong)
        repeat(SPARE_FIELDS) { parcel.writeLong(0) }
        parcel.setDataPosition(0)
        val manager = context.getSystemService(StorageStatsManager::class.java)
        Shadow.extract<ShadowStorageStatsManager>(manager)
            .addStorageStats(StorageManager.UUID_DEFAULT, id, Process.myUserHandle(), StorageStats.CREATOR.createFromParcel(parcel))
    }
}

/** What newer versions of Android write besides. */
private const val SPARE_FIELDS = 8

private const val TRACKER = "com.example.tracker"
private val CERTIFICATE = byteArrayOf(0x30, 0x03, 0x02, 0x01, 0x07)
