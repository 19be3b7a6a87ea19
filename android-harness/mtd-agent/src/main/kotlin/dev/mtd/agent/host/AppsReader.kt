package dev.mtd.agent.host

import android.annotation.SuppressLint
import android.content.Context
import android.content.pm.ApplicationInfo
import android.content.pm.PackageInfo
import android.content.pm.PackageManager
import android.os.Build
import dev.mtd.agent.AppRecord
import dev.mtd.agent.AppSource
import dev.mtd.agent.HostException
import dev.mtd.agent.Inventory
import dev.mtd.agent.InventoryNote

/** The installed apps of this user, by `PackageManager.getInstalledPackages`. */
internal class AppsReader(private val context: Context) {
    private val packages: PackageManager = context.packageManager

    fun read(): Inventory {
        val listed = list()
        val everything = context.seesAllApps()
        if (!everything && listed.all { it.packageName == context.packageName }) throw HostException.NotPermitted(INVISIBLE)

        val managed = ManagedState(context).read()
        val sizes = AppSizes(context)
        val special = SpecialAccess(context)
        val signers = AppSigners()
        val installers = AppInstallers(packages, everything)
        val apps = listed.map { app ->
            val info = app.applicationInfo
            val size = info?.let(sizes::of)
            val installer = installers.of(app.packageName)
            AppRecord(
                id = app.packageName,
                version = versionCode(app).toString(),
                shortVersion = app.versionName,
                name = info?.let(::label),
                bundleSize = size?.bundle,
                dynamicSize = size?.dynamic,
                managed = managed.orNull(),
                installer = installer,
                signers = signers.of(app),
                debuggable = info?.has(ApplicationInfo.FLAG_DEBUGGABLE),
                system = info?.has(ApplicationInfo.FLAG_SYSTEM),
                targetSdk = info?.targetSdkVersion?.toUInt(),
                permissions = granted(app) + special.of(app),
                packageSha256 = info?.let { packageDigest(it, installer) },
                source = AppSource.ANDROID_PACKAGE_MANAGER,
            )
        }
        val unknown = listOfNotNull(why("managed", managed), sizes.why()?.let { InventoryNote("StorageStatsManager", it) })
        return Inventory(apps, unknown + special.notes(), incomplete = PARTLY.takeUnless { everything })
    }

    /**
     * Everything at once, or, where that is too much for one transaction with a maker's package manager (it throws), app
     * by app. An app that goes away meanwhile is no longer installed.
     */
    private fun list(): List<PackageInfo> = try {
        packages.getInstalledPackages(DETAILS)
    } catch (tooMuch: RuntimeException) {
        if (tooMuch is SecurityException) throw HostException.NotPermitted(INVISIBLE)
        packages.getInstalledPackages(0).mapNotNull { app ->
            try {
                packages.getPackageInfo(app.packageName, DETAILS)
            } catch (gone: PackageManager.NameNotFoundException) {
                null
            }
        }
    }

    private fun label(info: ApplicationInfo): String? =
        ask("an app's name") { text("name", packages.getApplicationLabel(info)) }.orNull()

    private fun granted(app: PackageInfo): List<String> {
        val requested = app.requestedPermissions ?: return emptyList()
        val flags = app.requestedPermissionsFlags ?: return emptyList()
        val held = requested.zip(flags.asIterable()).filter { (_, flag) ->
            flag and PackageInfo.REQUESTED_PERMISSION_GRANTED != 0
        }
        return held.map { (permission, _) -> permission }
    }

    /** Of apps that neither the system nor Google Play brought: those two are looked at by others, and are many. */
    private fun packageDigest(info: ApplicationInfo, installer: String?): String? =
        info.sourceDir?.takeUnless { info.has(ApplicationInfo.FLAG_SYSTEM) || installer == PLAY_STORE }?.let(PackageDigests::of)

    private fun why(what: String, told: Told<*>): InventoryNote? = when (told) {
        is Told.Known -> null
        is Told.NotPermitted -> InventoryNote(what, told.why)
        is Told.NotAvailable -> InventoryNote(what, told.why)
    }

    private fun ApplicationInfo.has(flag: Int) = flags and flag != 0
}

@Suppress("DEPRECATION")
internal fun versionCode(app: PackageInfo): Long =
    if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.P) app.longVersionCode else app.versionCode.toLong()

private const val PLAY_STORE = "com.android.vending"

private const val INVISIBLE =
    "Android shows this app no other apps: its maker has to declare the permission QUERY_ALL_PACKAGES"

private const val PARTLY =
    "Android shows this app only some of the installed apps: its maker has to declare the permission QUERY_ALL_PACKAGES"

@Suppress("DEPRECATION")
@SuppressLint("InlinedApi")
private val DETAILS: Int = PackageManager.GET_PERMISSIONS or
    if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.P) PackageManager.GET_SIGNING_CERTIFICATES else PackageManager.GET_SIGNATURES
