package dev.mtd.agent.host

import android.app.KeyguardManager
import android.app.admin.DevicePolicyManager
import android.content.Context
import android.os.Build
import dev.mtd.agent.DevicePosture

/** The state of the device, by `Build`, `DevicePolicyManager`, `KeyguardManager`, `Settings` and the system's properties. */
internal class PostureReader(
    private val context: Context,
    private val files: Files = SystemFiles,
    private val properties: SystemProperties,
    private val addedRoots: AddedRoots = AddedRoots(),
) {
    private val boot = BootState(properties)
    private val switches = DebugSwitches(context, properties)
    private val installation = AppInstallation(context)
    private val holders = AccessHolders(context)

    fun read() = DevicePosture(
        model = text("model", Build.MODEL).asText(),
        osName = Told.Known("Android").asText(),
        osVersion = text("version of Android", Build.VERSION.RELEASE).asText(),
        osBuild = text("build of Android", Build.ID).asText(),
        kernelVersion = text("kernel version", System.getProperty("os.version")).asText(),
        securityPatch = text("security patch", Build.VERSION.SECURITY_PATCH).asText(),
        storageEncrypted = storageEncrypted().asBool(),
        screenLock = screenLock().asBool(),
        rootSigns = signs("root") { RootSigns(files, properties).read() },
        tamperSigns = signs("a changed system") { TamperSigns(files, properties).read() },
        hookingSigns = signs("hooking frameworks") { HookingSigns(files).read() },
        emulatorSigns = signs("an emulator") { EmulatorSigns(files, properties).read() },
        bootloaderLocked = ask("whether the boot loader is locked") { boot.locked() }.asBool(),
        verifiedBoot = ask("how the system was verified") { boot.verified() }.asVerifiedBoot(),
        developerMode = switches.developerMode().asBool(),
        usbDebugging = switches.usb().asBool(),
        wirelessDebugging = switches.wireless().asBool(),
        debugFlags = signs("a debugger") { Tracer(files).read() },
        unknownSources = installation.unknownSources().asTexts(),
        appVerification = installation.verification().asBool(),
        alwaysOnVpn = holders.alwaysOnVpn().asTexts(),
        accessibilityServices = holders.accessibilityServices().asTexts(),
        deviceAdmins = holders.deviceAdmins().asTexts(),
        profiles = NO_PROFILES.asProfiles(),
        addedRoots = addedRoots.read().asCertificates(),
    )

    private fun signs(of: String, read: () -> List<String>) = ask("signs of $of") { Told.Known(read()) }.asTexts()

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

private val NO_PROFILES = Told.NotAvailable("Android has no configuration profiles")

/** `DevicePolicyManager.ENCRYPTION_STATUS_ACTIVATING`, deprecated with its devices. */
private const val ENCRYPTION_STATUS_ACTIVATING = 2
