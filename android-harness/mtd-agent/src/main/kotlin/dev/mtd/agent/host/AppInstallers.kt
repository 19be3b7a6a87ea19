package dev.mtd.agent.host

import android.content.pm.PackageManager
import android.os.Build

/**
 * Who installed an app: Android 11 and later `getInstallSourceInfo().installingPackageName`, before
 * `getInstallerPackageName`. Empty where Android says that there is none (sideloaded, or part of the system).
 */
internal class AppInstallers(private val packages: PackageManager, private val seesEverything: Boolean) {
    fun of(app: String): String? = try {
        val installer = named(app)
        // An installer that this app may not see is told as none.
        installer ?: if (seesEverything) "" else null
    } catch (gone: PackageManager.NameNotFoundException) {
        null
    } catch (unknown: RuntimeException) {
        null
    }

    @Suppress("DEPRECATION")
    private fun named(app: String): String? =
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.R) {
            packages.getInstallSourceInfo(app).installingPackageName
        } else {
            packages.getInstallerPackageName(app)
        }
}
