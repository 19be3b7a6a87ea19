package dev.mtd.agent

import android.content.Context
import android.os.Build
import android.security.keystore.KeyGenParameterSpec
import android.security.keystore.KeyProperties
import java.io.File
import java.security.PrivateKey
import java.security.ProviderException
import java.security.spec.ECGenParameterSpec
import java.security.Signature as SignatureAlgorithm

/**
 * The P-256 keys that sign reports, in Android's Keystore: in a StrongBox where there is one, else in the Trusted Execution
 * Environment, else in software, which [protection] says. They need no unlocked screen, so that background scans can report.
 *
 * The Keystore renames no key. The two slots are two names, and a file says which of them is in use: the first one where there is
 * no such file. Were it lost, the key in use would be found in the other slot, where the agent looks for it.
 *
 * @param alias the name of the first key in this app's part of the Keystore; the second's is this and `.b`.
 */
public class AndroidKeystoreKey(
    context: Context,
    private val keystore: AndroidKeystore = AndroidKeystore.system(context),
    private val alias: String = "dev.mtd.agent.reports",
) : DeviceKey {
    private val other = "$alias.b"
    private val inUse = DurableText(File(context.noBackupFilesDir, "$alias.slot"))

    @Synchronized
    override fun publicKeySpkiDer(slot: KeySlot): ByteArray? = keystore.use("read the device key") {
        certificates(name(slot)).firstOrNull()?.publicKey?.encoded
    }

    /** Fails when the key is gone: one made now would not be the one that was enrolled. */
    @Synchronized
    override fun signEs256(slot: KeySlot, message: ByteArray): Signature = keystore.use("sign") {
        val signed = SignatureAlgorithm.getInstance("SHA256withECDSA").apply {
            initSign(privateKey(slot))
            update(message)
        }.sign()
        Signature.Der(signed)
    }

    @Synchronized
    override fun protection(slot: KeySlot): KeyProtection =
        keystore.use("look at the device key") { protection(privateKey(slot)) }

    /**
     * Android Key Attestation, which binds the challenge when the key is made. Absent where the device has none to give (some
     * makers provisioned no attestation key); then the key is made without.
     */
    @Synchronized
    override fun makeCandidate(challenge: ByteArray): KeyAttestation? = keystore.use("make a device key") {
        val name = name(KeySlot.CANDIDATE)
        if (!make(name, challenge)) return@use null
        KeyAttestation.AndroidKey(certificates(name).map { it.encoded })
    }

    @Synchronized
    override fun adoptCandidate(): Unit = keystore.use("adopt the new device key") {
        val former = name(KeySlot.CURRENT)
        val candidate = name(KeySlot.CANDIDATE)
        key(candidate) ?: throw HostException.Gone("the new device key is gone from the Keystore; enrol this device again")
        inUse.write(candidate)
        try {
            delete(former)
        } catch (busy: Exception) {
            // It signs nothing any more, and the next candidate takes its place.
        }
    }

    private fun name(slot: KeySlot): String {
        val current = if (inUse.read() == other) other else alias
        return if (slot == KeySlot.CURRENT) current else if (current == alias) other else alias
    }

    private fun privateKey(slot: KeySlot): PrivateKey = keystore.key(name(slot)) as? PrivateKey
        ?: throw HostException.Gone("the device key is gone from the Keystore; enrol this device again")

    /** Makes the key, in the best place that takes it. Tells whether it is attested. */
    private fun make(name: String, challenge: ByteArray): Boolean {
        val attempts = listOfNotNull(
            Attempt(strongBox = true, challenge).takeIf { Build.VERSION.SDK_INT >= Build.VERSION_CODES.P },
            Attempt(strongBox = false, challenge),
            Attempt(strongBox = false, challenge = null),
        )
        var refused: ProviderException? = null
        for (attempt in attempts) {
            try {
                keystore.makeKeyPair(spec(name, attempt))
                return attempt.challenge != null
            } catch (failure: ProviderException) {
                // No StrongBox and no attestation are told in many ways, by each maker in its own. A Keystore that is busy or
                // locked says so, and is no reason for a lesser key.
                if (!isRefusal(failure)) throw failure
                refused = failure
            }
        }
        throw refused ?: IllegalStateException("no way to make a key")
    }

    private class Attempt(val strongBox: Boolean, val challenge: ByteArray?)

    private fun spec(name: String, attempt: Attempt): KeyGenParameterSpec =
        KeyGenParameterSpec.Builder(name, KeyProperties.PURPOSE_SIGN)
            .setAlgorithmParameterSpec(ECGenParameterSpec("secp256r1"))
            .setDigests(KeyProperties.DIGEST_SHA256)
            .apply { attempt.challenge?.let(::setAttestationChallenge) }
            .apply { if (attempt.strongBox && Build.VERSION.SDK_INT >= Build.VERSION_CODES.P) setIsStrongBoxBacked(true) }
            .build()
}
