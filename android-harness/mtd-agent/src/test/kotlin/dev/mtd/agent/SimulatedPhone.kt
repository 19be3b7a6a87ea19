package dev.mtd.agent

import android.app.AppOpsManager
import android.app.Application
import android.app.KeyguardManager
import android.app.admin.DevicePolicyManager
import android.content.pm.ApplicationInfo
import android.content.pm.PackageInfo
import android.net.ConnectivityManager
import android.net.LinkProperties
import android.net.NetworkCapabilities
import android.os.Build
import android.os.Process
import dev.mtd.agent.host.AndroidTrust
import dev.mtd.agent.host.Files
import dev.mtd.agent.host.SystemFiles
import dev.mtd.agent.host.pixel
import dev.mtd.agent.testing.PlayStore
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.shadows.ShadowNetworkCapabilities
import org.robolectric.util.ReflectionHelpers
import java.io.File
import java.time.LocalDate

/** Robolectric's device as a phone in order: encrypted, locked, on one Wi-Fi, with an app that may see all others. */
internal class SimulatedPhone {
    val context: Application = RuntimeEnvironment.getApplication()
    private val packages = shadowOf(context.packageManager)

    /** No simulator has a Keystore. */
    val keystore = FakeAndroidKeystore()

    init {
        pixel()
        ReflectionHelpers.setStaticField(Build.VERSION::class.java, "SECURITY_PATCH", LocalDate.now().minusDays(20).toString())
        context.applicationInfo.targetSdkVersion = 34
        permit("QUERY_ALL_PACKAGES", "ACCESS_NETWORK_STATE", "ACCESS_WIFI_STATE", "INTERNET")
        shadowOf(context.getSystemService(KeyguardManager::class.java)).setIsDeviceSecure(true)
        shadowOf(context.getSystemService(DevicePolicyManager::class.java))
            .setStorageEncryptionStatus(DevicePolicyManager.ENCRYPTION_STATUS_ACTIVE_PER_USER)
        PlayStore.installed(context, context.packageName)
        joinWifi()
    }

    fun permit(vararg permissions: String) = shadowOf(context).grantPermissions(*permissions.full())

    fun withhold(vararg permissions: String) = shadowOf(context).denyPermissions(*permissions.full())

    fun withholdUsageAccess() = shadowOf(context.getSystemService(AppOpsManager::class.java)).setMode(
        AppOpsManager.OPSTR_GET_USAGE_STATS, Process.myUid(), context.packageName, AppOpsManager.MODE_IGNORED,
    )

    /** Installs an app from the store. */
    fun install(id: String, label: String, version: Long, shortVersion: String) {
        packages.installPackage(
            PackageInfo().apply {
                packageName = id
                versionName = shortVersion
                longVersionCode = version
                applicationInfo = ApplicationInfo().apply {
                    packageName = id
                    name = label
                    nonLocalizedLabel = label
                    targetSdkVersion = 34
                }
            },
        )
        PlayStore.installed(context, id)
    }

    /** An app that Robolectric deletes cannot be installed again. */
    fun remove(id: String) = packages.removePackage(id)

    fun removeAllButThis() = context.packageManager.getInstalledPackages(0)
        .map { it.packageName }.filter { it != context.packageName }.forEach(::remove)

    /** The real host on a phone's files and properties; the default store, key and secrets of an app, on the fake Keystore. */
    fun config(settings: String? = null, store: File? = null) = MtdConfig(
        unenrolledSettingsJson = settings,
        store = store,
        device = AndroidDeviceHost(context, PhoneFiles, PHONE_PROPERTIES::get, AndroidTrust()),
        key = AndroidKeystoreKey(context, keystore),
        secrets = AndroidSecretStore(keystore),
    )

    private fun joinWifi() {
        val manager = context.getSystemService(ConnectivityManager::class.java)
        val network = requireNotNull(manager.activeNetwork)
        val capabilities = ShadowNetworkCapabilities.newInstance()
        shadowOf(capabilities).addTransportType(NetworkCapabilities.TRANSPORT_WIFI)
        shadowOf(capabilities).addCapability(NetworkCapabilities.NET_CAPABILITY_INTERNET)
        shadowOf(capabilities).addCapability(NetworkCapabilities.NET_CAPABILITY_NOT_METERED)
        shadowOf(manager).setNetworkCapabilities(network, capabilities)
        shadowOf(manager).setLinkProperties(network, LinkProperties().apply { interfaceName = "wlan0" })
    }

    private fun Array<out String>.full() = map { "android.permission.$it" }.toTypedArray()
}

/** The network's files are this machine's; the others, which would tell of a machine that is no phone, are not there. */
private object PhoneFiles : Files {
    override fun exists(path: String): Boolean = false

    override fun lines(path: String): List<String>? = if (path.startsWith("/proc/net/")) SystemFiles.lines(path) else null
}

private val PHONE_PROPERTIES = mapOf(
    "ro.debuggable" to "0",
    "ro.secure" to "1",
    "ro.boot.flash.locked" to "1",
    "ro.boot.verifiedbootstate" to "green",
)
