package dev.mtd.agent.host

import android.app.KeyguardManager
import android.app.admin.DevicePolicyManager
import android.content.Context
import android.os.Build
import dev.mtd.agent.DevicePosture

/** The state of the device, by `Build`, `DevicePolicyManager`, `KeyguardManager` and `Settings.Global`. */
internal class PostureReader(
    private val context: Context,
    private val files: Files = SystemFiles,
    private val properties: SystemProperties = Getprop,
) {
    fun read() = DevicePosture(
        model = text("model", Build.MODEL).asText(),
        osName = Told.Known("Android").asText(),
        osVersion = text("version of Android", Build.VERSION.RELEASE).asText(),
        kernelVersion = text("kernel version", System.getProperty("os.version")).asText(),
        securityPatch = text("security patch", Build.VERSION.SECURITY_PATCH).asText(),
        storageEncrypted = storageEncrypted().asBool(),
        screenLock = screenLock().asBool(),
        rootSigns = ask("signs of root") { Told.Known(RootSigns(files, properties).read()) }.asTexts(),
        debugFlags = DebugFlags(context, files, properties).read().asTexts(),
    )

    private fun storageEncrypted(): Told<Boolean> = ask("whether the storage is encrypted") {
        context.service<DevicePolicyManager>()?.let { storageEncryption(it.storageEncryptionStatus) }
            ?: Told.NotAvailable("this device does not tell whether its storage is encrypted")
    }

    private fun screenLock(): Told<Boolean> = ask("whether there is a screen lock") {
        val keyguard = context.service<KeyguardManager>()
            ?: return@ask Told.NotAvailable("this device has no screen lock")
        Told.Known(keyguard.isDeviceSecure)
    }
}

/**
 * What a `DevicePolicyManager.getStorageEncryptionStatus` means. A key that nobody set is the same on every device: storage
 * under it counts as not encrypted.
 */
internal fun storageEncryption(status: Int): Told<Boolean> = when (status) {
    DevicePolicyManager.ENCRYPTION_STATUS_ACTIVE,
    DevicePolicyManager.ENCRYPTION_STATUS_ACTIVE_PER_USER,
    -> Told.Known(true)
    DevicePolicyManager.ENCRYPTION_STATUS_ACTIVE_DEFAULT_KEY,
    DevicePolicyManager.ENCRYPTION_STATUS_INACTIVE,
    DevicePolicyManager.ENCRYPTION_STATUS_UNSUPPORTED,
    ENCRYPTION_STATUS_ACTIVATING,
    -> Told.Known(false)
    else -> Told.NotAvailable("this device tells the encryption of its storage in words of its own (status $status)")
}

/** `DevicePolicyManager.ENCRYPTION_STATUS_ACTIVATING`, deprecated with its devices. */
private const val ENCRYPTION_STATUS_ACTIVATING = 2
