package dev.mtd.agent

import java.io.File
import java.nio.file.Files
import java.nio.file.StandardCopyOption
import java.security.KeyFactory
import java.security.KeyPair
import java.security.KeyPairGenerator
import java.security.spec.ECGenParameterSpec
import java.security.spec.PKCS8EncodedKeySpec
import java.security.spec.X509EncodedKeySpec
import java.util.Base64
import javax.crypto.Cipher
import javax.crypto.spec.GCMParameterSpec
import javax.crypto.spec.SecretKeySpec
import java.security.Signature as SignatureAlgorithm

/** A host that says what a test has it say, where the test is about a host that no Android is. */
internal class ScriptedHost(
    private val apps: () -> Inventory = { Inventory(emptyList(), emptyList()) },
    private val posture: () -> DevicePosture = { secure },
    private val network: () -> NetworkSnapshot = { throw HostException.NotAvailable("no network in this test") },
    private val trust: () -> TrustVerdict = { throw HostException.NotAvailable("no trust store in this test") },
) : DeviceHost {
    override fun installedApps() = apps()

    override fun devicePosture() = posture()

    override fun networkSnapshot() = network()

    override fun evaluateTrust(chain: List<ByteArray>, host: String) = trust()

    companion object {
        val secure = DevicePosture(
            model = TextFact.Known("Test"),
            osName = TextFact.Known("Android"),
            osVersion = TextFact.Known("15"),
            kernelVersion = TextFact.NotAvailable("not in this test"),
            securityPatch = TextFact.NotAvailable("not in this test"),
            storageEncrypted = BoolFact.Known(true),
            screenLock = BoolFact.Known(true),
            rootSigns = TextListFact.Known(emptyList()),
            debugFlags = TextListFact.Known(emptyList()),
            osBuild = TextFact.NotAvailable("not in this test"),
            tamperSigns = TextListFact.Known(emptyList()),
            hookingSigns = TextListFact.Known(emptyList()),
            emulatorSigns = TextListFact.Known(emptyList()),
            bootloaderLocked = BoolFact.Known(true),
            verifiedBoot = VerifiedBootFact.Known(VerifiedBoot.GREEN),
            developerMode = BoolFact.Known(false),
            usbDebugging = BoolFact.Known(false),
            wirelessDebugging = BoolFact.Known(false),
            unknownSources = TextListFact.Known(emptyList()),
            appVerification = BoolFact.Known(true),
            alwaysOnVpn = TextListFact.Known(emptyList()),
            accessibilityServices = TextListFact.Known(emptyList()),
            deviceAdmins = TextListFact.Known(emptyList()),
            profiles = ProfilesFact.NotAvailable("not in this test"),
            addedRoots = CertificatesFact.Known(emptyList()),
        )

        fun app(id: String, name: String? = null) =
            AppRecord(id = id, version = "1", name = name, source = AppSource.ANDROID_PACKAGE_MANAGER)
    }
}

/** Device keys in files, which outlive the process as a Keystore does. */
internal class FileKey(private val folder: File) : DeviceKey {
    override fun publicKeySpkiDer(slot: KeySlot): ByteArray? = file(slot).takeIf(File::exists)?.let { pair(it).public.encoded }

    override fun signEs256(slot: KeySlot, message: ByteArray): Signature = Signature.Der(
        SignatureAlgorithm.getInstance("SHA256withECDSA").apply {
            initSign(pair(file(slot).takeIf(File::exists) ?: throw HostException.Gone("no key in this slot")).private)
            update(message)
        }.sign(),
    )

    override fun protection(slot: KeySlot) = KeyProtection.SOFTWARE

    override fun makeCandidate(challenge: ByteArray): KeyAttestation? {
        val made = KeyPairGenerator.getInstance("EC").apply { initialize(ECGenParameterSpec("secp256r1")) }.generateKeyPair()
        val line = listOf(made.private, made.public).joinToString(" ") { Base64.getEncoder().encodeToString(it.encoded) }
        DurableText(file(KeySlot.CANDIDATE)).write(line)
        return null
    }

    override fun adoptCandidate() {
        Files.move(file(KeySlot.CANDIDATE).toPath(), file(KeySlot.CURRENT).toPath(), StandardCopyOption.ATOMIC_MOVE)
    }

    private fun file(slot: KeySlot) = File(folder, "device-key.${slot.name.lowercase()}")

    private fun pair(file: File): KeyPair {
        val (private, public) = file.readText().split(" ").map(Base64.getDecoder()::decode)
        val factory = KeyFactory.getInstance("EC")
        return KeyPair(factory.generatePublic(X509EncodedKeySpec(public)), factory.generatePrivate(PKCS8EncodedKeySpec(private)))
    }
}

/** Wraps by a key in a file, which outlives the process as a Keystore does. */
internal class FileSecrets(folder: File) : SecretStore {
    private val key: SecretKeySpec by lazy {
        val file = File(folder, "wrapping-key")
        if (!file.exists()) file.writeBytes(ByteArray(32).also(java.security.SecureRandom()::nextBytes))
        SecretKeySpec(file.readBytes(), "AES")
    }

    override fun wrap(dataKey: ByteArray): ByteArray {
        val nonce = ByteArray(12).also(java.security.SecureRandom()::nextBytes)
        return nonce + cipher(Cipher.ENCRYPT_MODE, nonce).doFinal(dataKey)
    }

    override fun unwrap(wrapped: ByteArray): ByteArray =
        cipher(Cipher.DECRYPT_MODE, wrapped.copyOf(12)).doFinal(wrapped, 12, wrapped.size - 12)

    private fun cipher(mode: Int, nonce: ByteArray) =
        Cipher.getInstance("AES/GCM/NoPadding").apply { init(mode, key, GCMParameterSpec(128, nonce)) }
}

/** What an agent with a scripted host is opened with. */
internal fun scripted(folder: File, host: DeviceHost = ScriptedHost(), settings: String? = null) = MtdConfig(
    unenrolledSettingsJson = settings,
    store = File(folder, "agent.db"),
    device = host,
    key = FileKey(folder),
    secrets = FileSecrets(folder),
)
