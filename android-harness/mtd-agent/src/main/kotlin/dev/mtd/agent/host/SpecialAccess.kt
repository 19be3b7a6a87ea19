package dev.mtd.agent.host

import android.app.AppOpsManager
import android.content.Context
import android.content.pm.PackageInfo
import android.provider.Settings
import dev.mtd.agent.InventoryNote

/**
 * What users grant in the settings' special access lists, told by the name of the permission behind it. These are the
 * accesses by which stalkerware and banking trojans work, and no `checkPermission` shows them.
 */
internal class SpecialAccess(private val context: Context) {
    private val operations = AppOperations(context)
    private val lists: List<Pair<Listed, Told<Set<String>>>> = LISTED.map { it to ask(it.words) { it.holders(context) } }

    fun of(app: PackageInfo): List<String> = fromLists(app.packageName) + fromOperations(app)

    /** Which lists Android did not show. */
    fun notes(): List<InventoryNote> = lists.mapNotNull { (list, told) ->
        val why = (told as? Told.NotPermitted)?.why ?: (told as? Told.NotAvailable)?.why
        why?.let { InventoryNote(list.permission, it) }
    }

    private fun fromLists(app: String) = lists.filter { (_, told) -> told.orNull()?.contains(app) == true }
        .map { (list, _) -> list.permission }

    /** Only what an app asks for in its manifest can be granted to it. */
    private fun fromOperations(app: PackageInfo): List<String> {
        val requested = app.requestedPermissions ?: return emptyList()
        val uid = app.applicationInfo?.uid ?: return emptyList()
        return OPERATIONS.filter { (permission, operation) ->
            permission in requested && operations.isAllowed(operation, uid, app.packageName).orNull() == true
        }.keys.toList()
    }
}

/** One list of the settings that names the apps on it. */
private class Listed(
    /** The permission that stands for being on it. */
    val permission: String,
    val words: String,
    val holders: (Context) -> Told<Set<String>>,
)

private val LISTED = listOf(
    Listed("android.permission.BIND_ACCESSIBILITY_SERVICE", "which apps are accessibility services") {
        Told.Known(components(it, Settings.Secure.ENABLED_ACCESSIBILITY_SERVICES))
    },
    Listed("android.permission.BIND_NOTIFICATION_LISTENER_SERVICE", "which apps read notifications") {
        Told.Known(components(it, "enabled_notification_listeners"))
    },
    Listed("android.permission.BIND_DEVICE_ADMIN", "which apps are device administrators") {
        admins(it)
    },
    Listed("android.permission.BIND_INPUT_METHOD", "which apps are keyboards") {
        Told.Known(components(it, Settings.Secure.ENABLED_INPUT_METHODS))
    },
)

/** Permissions that the user grants by an app operation, and its name (`AppOpsManager.OPSTR_…`, some of them not in the SDK). */
private val OPERATIONS = mapOf(
    "android.permission.SYSTEM_ALERT_WINDOW" to AppOpsManager.OPSTR_SYSTEM_ALERT_WINDOW,
    "android.permission.WRITE_SETTINGS" to AppOpsManager.OPSTR_WRITE_SETTINGS,
    "android.permission.PACKAGE_USAGE_STATS" to AppOpsManager.OPSTR_GET_USAGE_STATS,
    "android.permission.REQUEST_INSTALL_PACKAGES" to INSTALL_OPERATION,
    "android.permission.MANAGE_EXTERNAL_STORAGE" to "android:manage_external_storage",
)
