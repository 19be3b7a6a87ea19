package dev.mtd.agent

import android.os.Build
import android.security.keystore.KeyPermanentlyInvalidatedException
import android.security.keystore.UserNotAuthenticatedException
import dev.mtd.agent.testing.AgentTestRunner
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNotNull
import org.junit.Assert.assertNull
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.annotation.Config
import java.security.KeyFactory
import java.security.KeyStoreException
import java.security.spec.X509EncodedKeySpec
import java.security.Signature as SignatureAlgorithm

@RunWith(AgentTestRunner::class)

class KeystoreHostTest {
    private val keystore = FakeAndroidKeystore()
    private val key = AndroidKeystoreKey(keystore, "key")
    private val secrets = AndroidSecretStore(keystore, "secret")

    @Test
    fun `the key is made at first use, and signs what its public half verifies`() {
        val spki = key.publicKeySpkiDer()
        assertArrayEquals("the same key each time", spki, key.publicKeySpkiDer())

        val message = "a report".toByteArray()
        val signed = (key.signEs256(message) as Signature.Der).bytes
        val public = KeyFactory.getInstance("EC").generatePublic(X509EncodedKeySpec(spki))
        assertTrue(SignatureAlgorithm.getInstance("SHA256withECDSA").run { initVerify(public); update(message); verify(signed) })
    }

    @Test
    fun `a key comes from the StrongBox where there is one, else from elsewhere`() {
        key.publicKeySpkiDer()
        assertFalse(keystore.spec("key")!!.wantsStrongBox())

        val better = FakeAndroidKeystore(hasStrongBox = true)
        AndroidKeystoreKey(better, "key").publicKeySpkiDer()
        assertEquals(Build.VERSION.SDK_INT >= Build.VERSION_CODES.P, better.spec("key")!!.wantsStrongBox())
    }

    @Test
    fun `attestation makes the key anew, bound to the challenge`() {
        val before = key.publicKeySpkiDer()
        val challenge = "challenge".toByteArray()
        val chain = (key.attestation(challenge) as KeyAttestation.AndroidKey).chain

        assertEquals(1, chain.size)
        assertArrayEquals(challenge, keystore.spec("key")!!.attestationChallenge)
        assertFalse(before.contentEquals(key.publicKeySpkiDer()))
    }

    @Test
    fun `a device that cannot attest still gets a key`() {
        val unable = FakeAndroidKeystore(canAttest = false)
        val key = AndroidKeystoreKey(unable, "key")
        assertNull(key.attestation("challenge".toByteArray()))
        assertNotNull(key.publicKeySpkiDer())
        assertNull(unable.spec("key")!!.attestationChallenge)
    }

    @Test
    fun `a key that is gone is not replaced in silence`() {
        key.publicKeySpkiDer()
        keystore.delete("key")
        val gone = assertThrows(HostException.Failed::class.java) { key.signEs256(ByteArray(1)) }
        assertTrue(gone.why, "enrol this device again" in gone.why)
    }

    @Test
    fun `what the Keystore throws says what to do, in the agent's words`() {
        key.publicKeySpkiDer()
        fun failing(failure: Exception): HostException {
            keystore.failure = failure
            return assertThrows(HostException::class.java) { key.signEs256(ByteArray(1)) }
        }
        val locked = failing(UserNotAuthenticatedException("alias=secret"))
        assertTrue("unlocked" in (locked as HostException.NotPermitted).why)
        val ended = failing(KeyPermanentlyInvalidatedException("alias=secret"))
        assertTrue("enrol" in (ended as HostException.Failed).why)
        val broken = failing(KeyStoreException("alias=secret"))
        assertTrue("KeyStoreException" in (broken as HostException.Failed).why)
        for (failure in listOf(locked, ended, broken)) assertFalse("alias=secret" in failure.message!!)
    }

    @Test
    fun `a wrapped key comes back, and is never the same twice`() {
        val dataKey = ByteArray(32) { it.toByte() }
        val wrapped = secrets.wrap(dataKey)
        assertArrayEquals(dataKey, secrets.unwrap(wrapped))
        assertFalse(wrapped.contentEquals(secrets.wrap(dataKey)))
        assertEquals(1 + 12 + 32 + 16, wrapped.size)
    }

    @Test
    fun `a changed, cut or foreign wrapped key is refused with what to do`() {
        val wrapped = secrets.wrap(ByteArray(32))
        val changed = wrapped.clone().also { it[20] = (it[20].toInt() xor 1).toByte() }
        val newer = wrapped.clone().also { it[0] = 2 }
        for (bad in listOf(changed, newer, wrapped.copyOf(10), ByteArray(0))) {
            val refused = assertThrows(HostException.Failed::class.java) { secrets.unwrap(bad) }
            assertTrue(refused.why, "enrol again" in refused.why)
        }
        keystore.delete("secret")
        val gone = assertThrows(HostException.Failed::class.java) { secrets.unwrap(wrapped) }
        assertTrue(gone.why, "gone from the Keystore" in gone.why)
    }
}
