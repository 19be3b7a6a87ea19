package dev.mtd.agent.host

import android.app.AppOpsManager
import android.app.admin.DevicePolicyManager
import android.content.ComponentName
import android.content.pm.ApplicationInfo
import android.content.pm.PackageInfo
import android.os.Build
import android.os.UserManager
import android.provider.Settings
import dev.mtd.agent.testing.AgentTestRunner
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config

/** What users and administrators grant outside of permissions. */
@RunWith(AgentTestRunner::class)

class AccessHostTest {
    private val context = RuntimeEnvironment.getApplication()
    private val policies = shadowOf(context.getSystemService(DevicePolicyManager::class.java))
    private val admin = ComponentName("com.example.dpc", "com.example.dpc.Admin")

    @Test
    fun `accessibility services, notification listeners, keyboards and administrators are named`() {
        setting(Settings.Secure.ENABLED_ACCESSIBILITY_SERVICES, "com.example.reader/.Service:com.example.dpc/com.example.dpc.Help")
        setting("enabled_notification_listeners", "com.example.reader/com.example.reader.Listener")
        setting(Settings.Secure.ENABLED_INPUT_METHODS, "com.example.keys/.Board;-921088104;529847764:com.example.other/.Board")
        policies.setActiveAdmin(admin)

        val access = SpecialAccess(context)
        val service = "android.permission.BIND_ACCESSIBILITY_SERVICE"
        assertEquals(
            listOf(service, "android.permission.BIND_NOTIFICATION_LISTENER_SERVICE"),
            access.of(app("com.example.reader")),
        )
        assertEquals(listOf(service, "android.permission.BIND_DEVICE_ADMIN"), access.of(app("com.example.dpc")))
        assertEquals(listOf("android.permission.BIND_INPUT_METHOD"), access.of(app("com.example.keys")))
        assertEquals(emptyList<String>(), access.of(app("com.example")))
        assertTrue(access.notes().isEmpty())
    }

    @Test
    fun `an overlay counts once the user allowed it, not when the app asks for it`() {
        val overlay = "android.permission.SYSTEM_ALERT_WINDOW"
        val app = app("com.example.float", overlay)
        val allow = { mode: Int ->
            shadowOf(context.getSystemService(AppOpsManager::class.java))
                .setMode(AppOpsManager.OPSTR_SYSTEM_ALERT_WINDOW, UID, "com.example.float", mode)
        }
        for (mode in listOf(AppOpsManager.MODE_DEFAULT, AppOpsManager.MODE_IGNORED, AppOpsManager.MODE_ERRORED)) {
            allow(mode)
            assertEquals("mode $mode", emptyList<String>(), SpecialAccess(context).of(app))
        }

        allow(AppOpsManager.MODE_ALLOWED)
        assertEquals(listOf(overlay), SpecialAccess(context).of(app))
    }

    @Test
    fun `a device without administrators is not managed`() {
        assertEquals(Told.Known(false), ManagedState(context).read())
    }

    @Test
    fun `an administrator alone does not manage`() {
        policies.setActiveAdmin(admin)
        assertEquals(Told.Known(false), ManagedState(context).read())
    }

    @Test
    fun `a device owner manages`() {
        policies.setActiveAdmin(admin)
        policies.setDeviceOwner(admin)
        assertEquals(Told.Known(true), ManagedState(context).read())
    }

    @Test
    fun `a profile owner manages`() {
        policies.setActiveAdmin(admin)
        policies.setProfileOwner(admin)
        assertEquals(Told.Known(true), ManagedState(context).read())
    }

    @Test
    @Config(sdk = [31, 34])
    fun `a work profile is managed`() {
        assertTrue(Build.VERSION.SDK_INT >= Build.VERSION_CODES.R)
        shadowOf(context.getSystemService(UserManager::class.java)).setManagedProfile(true)
        assertEquals(Told.Known(true), ManagedState(context).read())
    }

    private fun setting(name: String, value: String) {
        Settings.Secure.putString(context.contentResolver, name, value)
    }

    private fun app(id: String, vararg permissions: String) = PackageInfo().apply {
        packageName = id
        requestedPermissions = arrayOf(*permissions)
        requestedPermissionsFlags = IntArray(permissions.size)
        applicationInfo = ApplicationInfo().apply { packageName = id; uid = UID }
    }
}

private const val UID = 10_123
