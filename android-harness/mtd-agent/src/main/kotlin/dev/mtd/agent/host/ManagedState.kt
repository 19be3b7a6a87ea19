package dev.mtd.agent.host

import android.app.admin.DevicePolicyManager
import android.content.Context
import android.os.Build
import android.os.UserManager

/**
 * Whether an organisation manages the apps of this user: in a work profile (`UserManager.isManagedProfile`, before Android 11
 * a profile owner among the active administrators), and on a device that is managed as a whole (a device owner among them).
 * One answer for all apps of the user: which of them an administrator installed is told to that administrator only.
 */
internal class ManagedState(private val context: Context) {
    fun read(): Told<Boolean> = ask("whether this device is managed") {
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.R && context.service<UserManager>()?.isManagedProfile == true) {
            return@ask Told.Known(true)
        }
        val policies = context.service<DevicePolicyManager>()
            ?: return@ask Told.NotAvailable("this device knows no administrators")
        val owners = policies.activeAdmins.orEmpty().map { it.packageName }
        Told.Known(owners.any { policies.isDeviceOwnerApp(it) || policies.isProfileOwnerApp(it) })
    }
}
