package dev.mtd.agent

import android.security.keystore.KeyGenParameterSpec
import android.security.keystore.StrongBoxUnavailableException
import java.security.Key
import java.security.KeyPair
import java.security.KeyPairGenerator
import java.security.PrivateKey
import java.security.ProviderException
import java.security.PublicKey
import java.security.cert.X509Certificate
import java.security.spec.ECGenParameterSpec
import javax.crypto.KeyGenerator

/**
 * A stand-in for Android's Keystore, which no simulator has: the JVM's own keys, kept in memory. It says of itself that its keys
 * are in software, and attests by certificates that prove nothing.
 */
internal class FakeAndroidKeystore(
    /** Devices without refuse to make a key in it. */
    private val hasStrongBox: Boolean = false,
    /** Devices whose maker provisioned no attestation key. */
    private val canAttest: Boolean = true,
) : AndroidKeystore {
    private val keys = HashMap<String, Key>()
    private val pairs = HashMap<String, Pair<KeyPair, KeyGenParameterSpec>>()

    /** What the Keystore throws at the next use, once. */
    var failure: Exception? = null

    /** What it throws at every use, until it is set back. */
    var fault: Exception? = null

    /** Whether the device was unlocked since it started. */
    var open = true

    /** How the key of [alias] was asked for. */
    fun spec(alias: String): KeyGenParameterSpec? = pairs[alias]?.second

    /** The names of all keys. */
    val aliases: Set<String> get() = keys.keys + pairs.keys

    override fun isOpen() = open

    override fun delete(alias: String) {
        fail()
        keys.remove(alias)
        pairs.remove(alias)
    }

    override fun key(alias: String): Key? {
        fail()
        return pairs[alias]?.first?.private ?: keys[alias]
    }

    override fun certificates(alias: String): List<X509Certificate> {
        fail()
        return pairs[alias]?.let { (pair, _) -> listOf(FakeCertificate(pair.public)) }.orEmpty()
    }

    override fun makeKeyPair(spec: KeyGenParameterSpec) {
        fail()
        if (spec.wantsStrongBox() && !hasStrongBox) throw StrongBoxUnavailableException("no StrongBox")
        if (spec.attestationChallenge != null && !canAttest) throw ProviderException("no attestation key")
        val generator = KeyPairGenerator.getInstance("EC").apply { initialize(ECGenParameterSpec("secp256r1")) }
        pairs[spec.keystoreAlias] = generator.generateKeyPair() to spec
    }

    override fun makeSecretKey(spec: KeyGenParameterSpec) {
        fail()
        keys[spec.keystoreAlias] = KeyGenerator.getInstance("AES").apply { init(spec.keySize) }.generateKey()
    }

    override fun protection(key: PrivateKey): KeyProtection = KeyProtection.SOFTWARE

    private fun fail() {
        fault?.let { throw it }
        failure?.let {
            failure = null
            throw it
        }
    }
}

/** From Android 9 on. */
internal fun KeyGenParameterSpec.wantsStrongBox(): Boolean =
    android.os.Build.VERSION.SDK_INT >= android.os.Build.VERSION_CODES.P && isStrongBoxBacked

/** Holds a public key, and that is all. */
private class FakeCertificate(private val key: PublicKey) : X509Certificate() {
    override fun getPublicKey(): PublicKey = key
    override fun getEncoded(): ByteArray = key.encoded
    override fun toString() = "a certificate that proves nothing"
    override fun verify(key: PublicKey?) = Unit
    override fun verify(key: PublicKey?, sigProvider: String?) = Unit
    override fun checkValidity() = Unit
    override fun checkValidity(date: java.util.Date?) = Unit
    override fun getVersion() = 3
    override fun getSerialNumber(): java.math.BigInteger = java.math.BigInteger.ONE
    override fun getIssuerDN(): java.security.Principal = javax.security.auth.x500.X500Principal("CN=fake")
    override fun getSubjectDN(): java.security.Principal = javax.security.auth.x500.X500Principal("CN=fake")
    override fun getNotBefore() = java.util.Date(0)
    override fun getNotAfter() = java.util.Date(Long.MAX_VALUE)
    override fun getTBSCertificate() = ByteArray(0)
    override fun getSignature() = ByteArray(0)
    override fun getSigAlgName() = "none"
    override fun getSigAlgOID() = "0.0"
    override fun getSigAlgParams(): ByteArray? = null
    override fun getIssuerUniqueID(): BooleanArray? = null
    override fun getSubjectUniqueID(): BooleanArray? = null
    override fun getKeyUsage(): BooleanArray? = null
    override fun getBasicConstraints() = -1
    override fun hasUnsupportedCriticalExtension() = false
    override fun getCriticalExtensionOIDs(): Set<String>? = null
    override fun getNonCriticalExtensionOIDs(): Set<String>? = null
    override fun getExtensionValue(oid: String?): ByteArray? = null
}
