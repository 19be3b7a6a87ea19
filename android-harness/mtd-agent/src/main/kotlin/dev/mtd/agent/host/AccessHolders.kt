package dev.mtd.agent.host

import android.app.admin.DevicePolicyManager
import android.content.ComponentName
import android.content.Context
import android.os.Build
import android.provider.Settings

/** The apps that hold what stalkerware and banking trojans work by, each list as Android shows it to any app. */
internal class AccessHolders(private val context: Context) {
    fun accessibilityServices(): Told<List<String>> = ask("which apps are accessibility services") {
        Told.Known(components(context, Settings.Secure.ENABLED_ACCESSIBILITY_SERVICES).sorted())
    }

    fun deviceAdmins(): Told<List<String>> = ask("which apps are device administrators") { admins(context).map { it.sorted() } }

    /** Android tells the device or profile owner by its SDK, others before Android 12 by a setting, and nobody else since. */
    fun alwaysOnVpn(): Told<List<String>> = ask("which VPN is always on") {
        val owner = ownAdmin()
        when {
            owner != null -> Told.Known(listOfNotNull(context.service<DevicePolicyManager>()?.getAlwaysOnVpnPackage(owner)))
            Build.VERSION.SDK_INT < Build.VERSION_CODES.S ->
                Told.Known(listOfNotNull(Settings.Secure.getString(context.contentResolver, ALWAYS_ON_VPN_APP)?.takeIf(String::isNotBlank)))
            else -> Told.NotAvailable("from Android 12 on, which VPN is always on is told only to the app that manages the device")
        }
    }

    private fun ownAdmin(): ComponentName? {
        val policies = context.service<DevicePolicyManager>() ?: return null
        val own = context.packageName
        if (!policies.isDeviceOwnerApp(own) && !policies.isProfileOwnerApp(own)) return null
        return policies.activeAdmins.orEmpty().firstOrNull { it.packageName == own }
    }
}

/** The packages of a setting such as `com.example/.Service:org.example/.Other`; a keyboard's may have `;` and options. */
internal fun components(context: Context, setting: String): Set<String> {
    val value = Settings.Secure.getString(context.contentResolver, setting).orEmpty()
    return value.split(':').map { it.substringBefore('/').substringBefore(';').trim() }.filter { it.isNotEmpty() }.toSet()
}

/** The packages of the active device administrators. */
internal fun admins(context: Context): Told<Set<String>> {
    val policies = context.service<DevicePolicyManager>() ?: return Told.NotAvailable("this device knows no administrators")
    return Told.Known(policies.activeAdmins.orEmpty().map(ComponentName::getPackageName).toSet())
}

/** `Settings.Secure.ALWAYS_ON_VPN_APP`, which has no name in the SDK and is closed to apps from Android 12 on. */
private const val ALWAYS_ON_VPN_APP = "always_on_vpn_app"
