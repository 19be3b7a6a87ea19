package dev.mtd.agent

import android.content.Context
import android.os.Build
import android.os.UserManager
import android.security.keystore.KeyGenParameterSpec
import android.security.keystore.KeyInfo
import android.security.keystore.KeyProperties
import dev.mtd.agent.host.service
import java.security.GeneralSecurityException
import java.security.Key
import java.security.KeyFactory
import java.security.KeyPairGenerator
import java.security.KeyStore
import java.security.PrivateKey
import java.security.cert.X509Certificate
import javax.crypto.KeyGenerator

/**
 * What the agent asks of Android's Keystore. [system] is the real one; a test on a machine without a Keystore gives another.
 * Every call but [isOpen] may throw what the Keystore throws: `GeneralSecurityException`, `ProviderException`.
 */
public interface AndroidKeystore {
    /** Whether the user has unlocked the device since it started. Before, the keys are closed, and the app's files too. */
    public fun isOpen(): Boolean

    /** The private or secret key of that name. */
    public fun key(alias: String): Key?

    /** The certificates of the key of that name, its own first: Key Attestation where the key was made with a challenge. */
    public fun certificates(alias: String): List<X509Certificate>

    /** Makes a P-256 key pair by `KeyPairGenerator`, in place of one of the same name. */
    public fun makeKeyPair(spec: KeyGenParameterSpec)

    /** Makes an AES key by `KeyGenerator`, in place of one of the same name. */
    public fun makeSecretKey(spec: KeyGenParameterSpec)

    /** Deletes the key of that name, if there is one. */
    public fun delete(alias: String)

    /** How the key is kept. */
    public fun protection(key: PrivateKey): KeyProtection

    public companion object {
        /** The provider `AndroidKeyStore`. */
        public fun system(context: Context): AndroidKeystore = SystemKeystore(context.applicationContext ?: context)
    }
}

private class SystemKeystore(private val context: Context) : AndroidKeystore {
    override fun isOpen(): Boolean = context.service<UserManager>()?.isUserUnlocked != false

    override fun key(alias: String): Key? = store().getKey(alias, null)

    override fun certificates(alias: String): List<X509Certificate> =
        store().getCertificateChain(alias).orEmpty().map { it as X509Certificate }

    override fun makeKeyPair(spec: KeyGenParameterSpec) {
        KeyPairGenerator.getInstance(KeyProperties.KEY_ALGORITHM_EC, PROVIDER).apply { initialize(spec) }.generateKeyPair()
    }

    override fun makeSecretKey(spec: KeyGenParameterSpec) {
        KeyGenerator.getInstance(KeyProperties.KEY_ALGORITHM_AES, PROVIDER).apply { init(spec) }.generateKey()
    }

    override fun delete(alias: String) = store().deleteEntry(alias)

    /** Before Android 12 a StrongBox is not told apart from the Trusted Execution Environment: the lesser is told. */
    @Suppress("DEPRECATION")
    override fun protection(key: PrivateKey): KeyProtection {
        val info = KeyFactory.getInstance(key.algorithm, PROVIDER).getKeySpec(key, KeyInfo::class.java)
        if (Build.VERSION.SDK_INT < Build.VERSION_CODES.S) {
            return if (info.isInsideSecureHardware) KeyProtection.TRUSTED_ENVIRONMENT else KeyProtection.SOFTWARE
        }
        return when (info.securityLevel) {
            KeyProperties.SECURITY_LEVEL_STRONGBOX -> KeyProtection.STRONG_BOX
            KeyProperties.SECURITY_LEVEL_TRUSTED_ENVIRONMENT,
            KeyProperties.SECURITY_LEVEL_UNKNOWN_SECURE,
            -> KeyProtection.TRUSTED_ENVIRONMENT
            else -> KeyProtection.SOFTWARE
        }
    }

    @Throws(GeneralSecurityException::class)
    private fun store(): KeyStore = KeyStore.getInstance(PROVIDER).apply { load(null) }
}

private const val PROVIDER = "AndroidKeyStore"
