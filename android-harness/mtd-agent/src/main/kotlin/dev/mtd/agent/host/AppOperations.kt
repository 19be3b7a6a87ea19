package dev.mtd.agent.host

import android.app.AppOpsManager
import android.content.Context
import android.os.Build

/** What users allow an app by an app operation (`AppOpsManager.OPSTR_…`), where a permission alone gives nothing. */
internal class AppOperations(context: Context) {
    private val ops = context.service<AppOpsManager>()

    @Suppress("DEPRECATION")
    fun isAllowed(operation: String, uid: Int, app: String): Told<Boolean> = ask("special access") {
        val mode = if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.Q) {
            ops?.unsafeCheckOpNoThrow(operation, uid, app)
        } else {
            ops?.checkOpNoThrow(operation, uid, app)
        }
        Told.Known(mode == AppOpsManager.MODE_ALLOWED)
    }
}

/** `AppOpsManager.OPSTR_REQUEST_INSTALL_PACKAGES`, which has no name in the SDK. */
internal const val INSTALL_OPERATION = "android:request_install_packages"
