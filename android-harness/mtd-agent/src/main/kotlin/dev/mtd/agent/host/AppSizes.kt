package dev.mtd.agent.host

import android.app.AppOpsManager
import android.app.usage.StorageStatsManager
import android.content.Context
import android.content.pm.ApplicationInfo
import android.content.pm.PackageManager
import android.os.Build
import android.os.Process
import java.io.IOException

/** What an app takes, in bytes: its code and resources, and its data with its cache. */
internal data class AppSize(val bundle: Long, val dynamic: Long)

/** Sizes of apps, by `StorageStatsManager`: of this app always, of others where the user allowed usage access. */
internal class AppSizes(private val context: Context) {
    private val manager = context.service<StorageStatsManager>()
    private val permitted = hasUsageAccess()

    fun of(app: ApplicationInfo): AppSize? {
        if (!permitted && app.packageName != context.packageName) return null
        return try {
            val stats = manager?.queryStatsForPackage(app.storageUuid, app.packageName, Process.myUserHandle()) ?: return null
            AppSize(bundle = stats.appBytes, dynamic = stats.dataBytes)
        } catch (gone: PackageManager.NameNotFoundException) {
            null
        } catch (unreadable: IOException) {
            null
        } catch (refused: RuntimeException) {
            null
        }
    }

    /** Why sizes are missing, where they are. */
    fun why(): String? = if (permitted) null else "Sizes of other apps are not known: the user has not allowed usage access (Settings > Apps > Special app access > Usage access)"

    @Suppress("DEPRECATION")
    private fun hasUsageAccess(): Boolean {
        val ops = context.service<AppOpsManager>() ?: return false
        val mode = ask("usage access") {
            Told.Known(
                if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.Q) {
                    ops.unsafeCheckOpNoThrow(AppOpsManager.OPSTR_GET_USAGE_STATS, Process.myUid(), context.packageName)
                } else {
                    ops.checkOpNoThrow(AppOpsManager.OPSTR_GET_USAGE_STATS, Process.myUid(), context.packageName)
                },
            )
        }.orNull()
        return when (mode) {
            AppOpsManager.MODE_ALLOWED -> true
            AppOpsManager.MODE_DEFAULT -> context.holds("android.permission.PACKAGE_USAGE_STATS")
            else -> false
        }
    }
}
