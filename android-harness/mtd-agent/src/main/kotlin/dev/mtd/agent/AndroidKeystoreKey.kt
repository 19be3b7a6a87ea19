package dev.mtd.agent

import android.os.Build
import android.security.keystore.KeyGenParameterSpec
import android.security.keystore.KeyProperties
import java.security.PrivateKey
import java.security.ProviderException
import java.security.spec.ECGenParameterSpec
import java.security.Signature as SignatureAlgorithm

/**
 * The P-256 key that signs reports, in Android's Keystore: in a StrongBox where there is one, else in the Trusted Execution
 * Environment, else in software, which [protection] says. It needs no unlocked screen, so that background scans can report.
 *
 * @param alias the name of the key in this app's part of the Keystore.
 */
public class AndroidKeystoreKey(
    private val keystore: AndroidKeystore = AndroidKeystore.system,
    private val alias: String = "dev.mtd.agent.reports",
) : DeviceKey {
    @Synchronized
    override fun publicKeySpkiDer(): ByteArray = withKeystore("read the device key") {
        if (keystore.key(alias) == null) make(challenge = null)
        certificates().first().publicKey.encoded
    }

    /** Fails when the key is gone: one made now would not be the one that was enrolled. */
    override fun signEs256(message: ByteArray): Signature = withKeystore("sign") {
        val signed = SignatureAlgorithm.getInstance("SHA256withECDSA").apply {
            initSign(privateKey())
            update(message)
        }.sign()
        Signature.Der(signed)
    }

    override fun protection(): KeyProtection = withKeystore("look at the device key") { keystore.protection(privateKey()) }

    /**
     * Android Key Attestation. The challenge is bound when a key is made, so this makes the key anew. Absent where the device
     * has none to give (some makers provisioned no attestation key); then the key is made without.
     */
    @Synchronized
    override fun attestation(challenge: ByteArray): KeyAttestation? = withKeystore("attest the device key") {
        if (!make(challenge)) return@withKeystore null
        KeyAttestation.AndroidKey(certificates().map { it.encoded })
    }

    private fun privateKey(): PrivateKey = keystore.key(alias) as? PrivateKey
        ?: throw HostException.Failed("the device key is gone from the Keystore; enrol this device again")

    private fun certificates() = keystore.certificates(alias).ifEmpty {
        throw HostException.Failed("the device key has no certificate in the Keystore; enrol this device again")
    }

    /** Makes the key, in the best place that takes it. Tells whether it is attested. */
    private fun make(challenge: ByteArray?): Boolean {
        val attempts = listOfNotNull(
            Attempt(strongBox = true, challenge).takeIf { Build.VERSION.SDK_INT >= Build.VERSION_CODES.P },
            Attempt(strongBox = false, challenge),
            Attempt(strongBox = false, challenge = null).takeIf { challenge != null },
        )
        var refused: ProviderException? = null
        for (attempt in attempts) {
            try {
                keystore.makeKeyPair(spec(attempt))
                return attempt.challenge != null
            } catch (failure: ProviderException) {
                // StrongBoxUnavailableException and "cannot attest" are both of this kind. A busy Keystore is, too, and no
                // reason for a lesser key.
                if (generateSequence<Throwable>(failure) { it.cause }.any(::isTransient)) throw failure
                refused = failure
            }
        }
        throw refused ?: IllegalStateException("no way to make a key")
    }

    private class Attempt(val strongBox: Boolean, val challenge: ByteArray?)

    private fun spec(attempt: Attempt): KeyGenParameterSpec =
        KeyGenParameterSpec.Builder(alias, KeyProperties.PURPOSE_SIGN)
            .setAlgorithmParameterSpec(ECGenParameterSpec("secp256r1"))
            .setDigests(KeyProperties.DIGEST_SHA256)
            .apply { attempt.challenge?.let(::setAttestationChallenge) }
            .apply { if (attempt.strongBox && Build.VERSION.SDK_INT >= Build.VERSION_CODES.P) setIsStrongBoxBacked(true) }
            .build()
}
