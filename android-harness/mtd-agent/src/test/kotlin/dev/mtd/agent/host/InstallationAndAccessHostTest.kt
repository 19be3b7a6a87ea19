package dev.mtd.agent.host

import android.app.AppOpsManager
import android.app.admin.DevicePolicyManager
import android.content.ComponentName
import android.content.pm.ApplicationInfo
import android.content.pm.PackageInfo
import android.os.Build
import android.provider.Settings
import dev.mtd.agent.testing.AgentTestRunner
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf

/** Who may install apps, what looks at them, and which apps hold special access. */
@RunWith(AgentTestRunner::class)
class InstallationAndAccessHostTest {
    private val context = RuntimeEnvironment.getApplication()
    private val policies = context.getSystemService(DevicePolicyManager::class.java)
    private val installation = AppInstallation(context)
    private val holders = AccessHolders(context)

    init {
        context.applicationInfo.targetSdkVersion = 34
        shadowOf(context).grantPermissions("android.permission.QUERY_ALL_PACKAGES")
    }

    @Test
    fun `an app may install others once the user allowed it, not when it asks for it`() {
        install("com.example.browser", "android.permission.REQUEST_INSTALL_PACKAGES")
        install("com.example.notes")
        for (mode in listOf(AppOpsManager.MODE_DEFAULT, AppOpsManager.MODE_IGNORED, AppOpsManager.MODE_ERRORED)) {
            allow("com.example.browser", mode)
            assertEquals("mode $mode", Told.Known(emptyList<String>()), installation.unknownSources())
        }
        allow("com.example.browser", AppOpsManager.MODE_ALLOWED)
        allow("com.example.notes", AppOpsManager.MODE_ALLOWED)
        assertEquals(Told.Known(listOf("com.example.browser")), installation.unknownSources())
    }

    @Test
    fun `a list of apps that Android shows in part tells of no one that none may install`() {
        shadowOf(context).denyPermissions("android.permission.QUERY_ALL_PACKAGES")
        val told = installation.unknownSources()
        if (Build.VERSION.SDK_INT < Build.VERSION_CODES.R) {
            assertEquals(Told.Known(emptyList<String>()), told)
        } else {
            assertTrue(told.toString(), told is Told.NotPermitted && "QUERY_ALL_PACKAGES" in told.why)
        }
    }

    @Test
    fun `verification is on, off, declined, or not told`() {
        assertTrue(installation.verification() is Told.NotAvailable)
        val cases = listOf(
            Triple("1", "1", true), Triple("1", "-1", false), Triple("0", "1", false), Triple(null, "1", true), Triple("1", "0", true),
        )
        for ((switch, consent, on) in cases) {
            Settings.Global.putString(context.contentResolver, "package_verifier_enable", switch)
            Settings.Global.putString(context.contentResolver, "package_verifier_user_consent", consent)
            assertEquals("switch $switch, consent $consent", Told.Known(on), installation.verification())
        }
    }

    @Test
    fun `accessibility services and administrators are told by their apps`() {
        assertEquals(Told.Known(emptyList<String>()), holders.accessibilityServices())
        assertEquals(Told.Known(emptyList<String>()), holders.deviceAdmins())

        Settings.Secure.putString(
            context.contentResolver, Settings.Secure.ENABLED_ACCESSIBILITY_SERVICES, "org.z/.Reader:com.a/com.a.One:com.a/com.a.Two",
        )
        shadowOf(policies).setActiveAdmin(ComponentName("com.example.dpc", "com.example.dpc.Admin"))
        assertEquals(Told.Known(listOf("com.a", "org.z")), holders.accessibilityServices())
        assertEquals(Told.Known(listOf("com.example.dpc")), holders.deviceAdmins())
    }

    @Test
    fun `an always-on VPN is told before Android 12, and from then on to the owner of the device only`() {
        Settings.Secure.putString(context.contentResolver, "always_on_vpn_app", "com.example.vpn")
        val told = holders.alwaysOnVpn()
        if (Build.VERSION.SDK_INT < Build.VERSION_CODES.S) {
            assertEquals(Told.Known(listOf("com.example.vpn")), told)
        } else {
            assertTrue(told.toString(), told is Told.NotAvailable && "Android 12" in told.why)
        }
    }

    @Test
    fun `the owner of the device is asked by its own administrator, not by the setting`() {
        val admin = ComponentName(context, "Admin")
        shadowOf(policies).setActiveAdmin(admin)
        shadowOf(policies).setDeviceOwner(admin)
        // Robolectric keeps no always-on VPN for an owner: what can be seen here is that the owner is answered, not the setting.
        Settings.Secure.putString(context.contentResolver, "always_on_vpn_app", "com.example.other")
        assertEquals(Told.Known(emptyList<String>()), holders.alwaysOnVpn())
    }

    private fun install(id: String, vararg permissions: String) = shadowOf(context.packageManager).installPackage(
        PackageInfo().apply {
            packageName = id
            requestedPermissions = arrayOf(*permissions)
            requestedPermissionsFlags = IntArray(permissions.size)
            applicationInfo = ApplicationInfo().apply { packageName = id; uid = id.hashCode() and 0xFFFF }
        },
    )

    private fun allow(id: String, mode: Int) = shadowOf(context.getSystemService(AppOpsManager::class.java))
        .setMode("android:request_install_packages", context.packageManager.getApplicationInfo(id, 0).uid, id, mode)
}
