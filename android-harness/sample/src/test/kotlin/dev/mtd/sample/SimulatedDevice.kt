package dev.mtd.sample

import android.app.Application
import android.app.KeyguardManager
import android.app.admin.DevicePolicyManager
import android.content.pm.ApplicationInfo
import android.content.pm.PackageInfo
import android.os.Build
import android.provider.Settings
import dev.mtd.agent.AndroidDeviceHost
import dev.mtd.agent.DeviceHost
import dev.mtd.agent.DevicePosture
import dev.mtd.agent.MtdConfig
import dev.mtd.agent.SecretStore
import dev.mtd.agent.TextListFact
import dev.mtd.agent.testing.PlayStore
import org.robolectric.Shadows.shadowOf
import org.robolectric.util.ReflectionHelpers
import java.time.LocalDate

/** Robolectric's device with a stalkerware app on it, and developer options on. */
internal class SimulatedDevice(private val context: Application) {
    fun config(): MtdConfig {
        install("com.example.tracker", "Tracker")
        install("com.example.notes", "Notes")
        PlayStore.installed(context, context.packageName)
        shadowOf(context).grantPermissions("android.permission.QUERY_ALL_PACKAGES")
        shadowOf(context.getSystemService(KeyguardManager::class.java)).setIsDeviceSecure(true)
        shadowOf(context.getSystemService(DevicePolicyManager::class.java))
            .setStorageEncryptionStatus(DevicePolicyManager.ENCRYPTION_STATUS_ACTIVE_PER_USER)
        ReflectionHelpers.setStaticField(Build.VERSION::class.java, "SECURITY_PATCH", LocalDate.now().minusDays(20).toString())
        Settings.Global.putInt(context.contentResolver, Settings.Global.DEVELOPMENT_SETTINGS_ENABLED, 1)
        return MtdConfig(unenrolledSettingsJson = SETTINGS, device = WithoutThisMachine(AndroidDeviceHost(context)), secrets = NoSecrets)
    }

    private fun install(id: String, label: String) {
        shadowOf(context.packageManager).installPackage(
            PackageInfo().apply {
                packageName = id
                versionName = "1.0"
                applicationInfo = ApplicationInfo().apply {
                    packageName = id
                    nonLocalizedLabel = label
                    targetSdkVersion = 34
                }
            },
        )
        PlayStore.installed(context, id)
    }
}

/**
 * The files that root and hooks leave are looked for on the machine that simulates the device, which has none to do with it;
 * and the simulator says that it is one.
 */
private class WithoutThisMachine(private val device: DeviceHost) : DeviceHost by device {
    override fun devicePosture(): DevicePosture {
        val none = TextListFact.Known(emptyList())
        return device.devicePosture().copy(rootSigns = none, tamperSigns = none, hookingSigns = none, emulatorSigns = none)
    }
}

/** A stand-in for the Keystore, which no simulator has: keeps nothing secret. */
private object NoSecrets : SecretStore {
    override fun wrap(dataKey: ByteArray): ByteArray = dataKey

    override fun unwrap(wrapped: ByteArray): ByteArray = wrapped
}

private const val SETTINGS = """{
    "version": 1,
    "ownership": "personal",
    "app_sync": {"enabled": false, "personal_full_inventory": false},
    "allowed_level": "low",
    "required_checks": ["apps.inventory", "apps.indicators", "device.screen_lock", "network.captive"],
    "indicators": [{
        "kind": "app_id", "value": "com.example.tracker", "category": "stalkerware", "family": "TrackView",
        "source": "example indicators"
    }]
}"""
