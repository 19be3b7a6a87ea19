package dev.mtd.agent

import android.content.Context
import android.security.keystore.KeyGenParameterSpec
import android.security.keystore.KeyProperties
import javax.crypto.AEADBadTagException
import javax.crypto.Cipher
import javax.crypto.SecretKey
import javax.crypto.spec.GCMParameterSpec

/**
 * Wraps the key of the agent's database by an AES-256-GCM key in Android's Keystore, which no backup takes along.
 *
 * Form: one byte, the version 1; 12 bytes nonce, chosen by the Keystore; ciphertext and 16 bytes tag.
 *
 * @param alias the name of the key in this app's part of the Keystore.
 */
public class AndroidSecretStore(
    private val keystore: AndroidKeystore,
    private val alias: String = "dev.mtd.agent.database",
) : SecretStore {
    public constructor(context: Context) : this(AndroidKeystore.system(context))

    @Synchronized
    override fun wrap(dataKey: ByteArray): ByteArray = keystore.use("wrap the data key") {
        if (key(alias) == null) makeSecretKey(spec())
        val cipher = Cipher.getInstance(TRANSFORMATION).apply { init(Cipher.ENCRYPT_MODE, secretKey()) }
        check(cipher.iv.size == NONCE_BYTES) { "unexpected nonce" }
        byteArrayOf(VERSION) + cipher.iv + cipher.doFinal(dataKey)
    }

    /** What nothing will ever open is told as gone; what a newer version wrapped is not. */
    override fun unwrap(wrapped: ByteArray): ByteArray = keystore.use("unwrap the data key") {
        if (wrapped.size < 1 + NONCE_BYTES + TAG_BYTES) throw damaged()
        if (wrapped[0] != VERSION) throw HostException.Failed("the data key was wrapped by a newer version of this app; update it")
        val nonce = GCMParameterSpec(TAG_BYTES * 8, wrapped, 1, NONCE_BYTES)
        val cipher = Cipher.getInstance(TRANSFORMATION).apply { init(Cipher.DECRYPT_MODE, secretKey(), nonce) }
        try {
            cipher.doFinal(wrapped, 1 + NONCE_BYTES, wrapped.size - 1 - NONCE_BYTES)
        } catch (changed: AEADBadTagException) {
            throw damaged()
        }
    }

    private fun secretKey(): SecretKey = keystore.key(alias) as? SecretKey ?: throw HostException.Gone(
        "the key of the agent's database is gone from the Keystore (the app's data came from another device or a backup); enrol this device again",
    )

    private fun damaged() = HostException.Gone(
        "the wrapped data key is damaged or belongs to another device; enrol this device again",
    )

    private fun spec(): KeyGenParameterSpec =
        KeyGenParameterSpec.Builder(alias, KeyProperties.PURPOSE_ENCRYPT or KeyProperties.PURPOSE_DECRYPT)
            .setBlockModes(KeyProperties.BLOCK_MODE_GCM)
            .setEncryptionPaddings(KeyProperties.ENCRYPTION_PADDING_NONE)
            .setKeySize(256)
            .build()
}

private const val TRANSFORMATION = "AES/GCM/NoPadding"
private const val VERSION: Byte = 1
private const val NONCE_BYTES = 12
private const val TAG_BYTES = 16
