package dev.mtd.agent.host

import android.content.Context
import android.content.pm.PackageManager
import android.provider.Settings

/** How apps come onto the device: who may install them, and whether anything looks at them before. */
internal class AppInstallation(private val context: Context) {
    /**
     * Apps that ask for `REQUEST_INSTALL_PACKAGES` and were allowed to by the user ("Install unknown apps"). A list that
     * Android shows in part is none: an app that it hides may be on it.
     */
    fun unknownSources(): Told<List<String>> = ask("which apps may install others") {
        if (!context.seesAllApps()) return@ask Told.NotPermitted(PARTLY)
        val operations = AppOperations(context)
        val asking = context.packageManager.getInstalledPackages(PackageManager.GET_PERMISSIONS)
            .filter { REQUEST_INSTALL_PACKAGES in it.requestedPermissions.orEmpty() }
        val allowed = asking.filter { app ->
            val uid = app.applicationInfo?.uid ?: return@filter false
            when (val told = operations.isAllowed(INSTALL_OPERATION, uid, app.packageName)) {
                is Told.Known -> told.value
                is Told.NotPermitted -> return@ask told
                is Told.NotAvailable -> return@ask told
            }
        }
        Told.Known(allowed.map { it.packageName }.sorted())
    }

    /**
     * Google Play Protect. Its two settings are no part of Android's SDK; a device without Google's services, or whose user was
     * never asked, has neither.
     */
    fun verification(): Told<Boolean> = ask("whether apps are looked at when they are installed") {
        val switch = setting(VERIFIER_SWITCH)
        val consent = setting(VERIFIER_CONSENT)
        when {
            switch == OFF || consent == DECLINED -> Told.Known(false)
            switch == ON || consent == ON -> Told.Known(true)
            else -> Told.NotAvailable("this device does not tell apps whether they are looked at when they are installed")
        }
    }

    private fun setting(name: String): String? = Settings.Global.getString(context.contentResolver, name)
}

internal const val VERIFIER_SWITCH = "package_verifier_enable"
internal const val VERIFIER_CONSENT = "package_verifier_user_consent"
private const val ON = "1"
private const val OFF = "0"
private const val DECLINED = "-1"
private const val REQUEST_INSTALL_PACKAGES = "android.permission.REQUEST_INSTALL_PACKAGES"

private const val PARTLY =
    "Android shows this app only some of the installed apps, so that one which may install others can be hidden: its maker has to declare the permission QUERY_ALL_PACKAGES"
