package dev.mtd.agent

import android.app.Application
import android.os.Build
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
import org.robolectric.RuntimeEnvironment
import java.io.File
import java.security.KeyFactory
import java.security.KeyStoreException
import java.security.spec.X509EncodedKeySpec
import java.security.Signature as SignatureAlgorithm

/** Two slots on a Keystore that renames no key. */
@RunWith(AgentTestRunner::class)
class KeystoreHostTest {
    private val context: Application = RuntimeEnvironment.getApplication()
    private val keystore = FakeAndroidKeystore()
    private val key = key()
    private val challenge = "challenge".toByteArray()

    @Test
    fun `nothing is made before it is asked for`() {
        for (slot in KeySlot.entries) {
            assertNull(key.publicKeySpkiDer(slot))
            assertThrows(HostException.Gone::class.java) { key.signEs256(slot, ByteArray(1)) }
        }
        assertThrows(HostException.Gone::class.java) { key.adoptCandidate() }
        assertEquals(emptySet<String>(), keystore.aliases)
    }

    @Test
    fun `a candidate signs beside the key in use, and takes its place when it is adopted`() {
        key.makeCandidate(challenge)
        assertNull(key.publicKeySpkiDer(KeySlot.CURRENT))
        val first = key.publicKeySpkiDer(KeySlot.CANDIDATE)!!
        key.adoptCandidate()
        assertArrayEquals(first, key.publicKeySpkiDer(KeySlot.CURRENT))
        assertNull(key.publicKeySpkiDer(KeySlot.CANDIDATE))

        key.makeCandidate(challenge)
        val second = key.publicKeySpkiDer(KeySlot.CANDIDATE)!!
        assertSigns(KeySlot.CURRENT, first)
        assertSigns(KeySlot.CANDIDATE, second)
        key.adoptCandidate()
        assertSigns(KeySlot.CURRENT, second)
        assertEquals("the former key is deleted", 1, keystore.aliases.size)
    }

    @Test
    fun `which key is in use outlives the process, however often it changes`() {
        repeat(3) {
            key().makeCandidate(challenge)
            val candidate = key().publicKeySpkiDer(KeySlot.CANDIDATE)!!
            key().adoptCandidate()
            assertArrayEquals(candidate, key().publicKeySpkiDer(KeySlot.CURRENT))
            assertNull(key().publicKeySpkiDer(KeySlot.CANDIDATE))
        }
    }

    @Test
    fun `another candidate replaces the one before, and never the key in use`() {
        key.makeCandidate(challenge)
        key.adoptCandidate()
        val current = key.publicKeySpkiDer(KeySlot.CURRENT)!!
        key.makeCandidate(challenge)
        val before = key.publicKeySpkiDer(KeySlot.CANDIDATE)!!
        key.makeCandidate(challenge)
        assertFalse(before.contentEquals(key.publicKeySpkiDer(KeySlot.CANDIDATE)))
        assertArrayEquals(current, key.publicKeySpkiDer(KeySlot.CURRENT))
    }

    @Test
    fun `the one key of an older version of this library is the key in use`() {
        keystore.makeKeyPair(android.security.keystore.KeyGenParameterSpec.Builder("key", 4).build())
        val before = keystore.certificates("key").single().publicKey.encoded
        assertSigns(KeySlot.CURRENT, before)
        key.makeCandidate(challenge)
        assertSigns(KeySlot.CURRENT, before)
        key.adoptCandidate()
        assertFalse(before.contentEquals(key.publicKeySpkiDer(KeySlot.CURRENT)))
    }

    @Test
    fun `a process that ends in an adoption loses neither key`() {
        key.makeCandidate(challenge)
        key.adoptCandidate()
        key.makeCandidate(challenge)
        val (former, candidate) = KeySlot.entries.map { key.publicKeySpkiDer(it)!! }

        // Before the file is written: as if nothing had happened. After it, before the former key is deleted: it is in the other slot.
        val stubborn = object : AndroidKeystore by keystore {
            override fun delete(alias: String) = throw KeyStoreException("the process ends here")
        }
        AndroidKeystoreKey(context, stubborn, "key").adoptCandidate()
        assertArrayEquals(candidate, key().publicKeySpkiDer(KeySlot.CURRENT))
        assertArrayEquals(former, key().publicKeySpkiDer(KeySlot.CANDIDATE))

        // The file is lost, or is none of ours: both keys are found still.
        for (text in listOf(null, "", "\u0000\u0000", "somebody-else")) {
            pointer().delete()
            text?.let(pointer()::writeText)
            val found = KeySlot.entries.map { key().publicKeySpkiDer(it)!!.toList() }.toSet()
            assertEquals("$text", setOf(former.toList(), candidate.toList()), found)
        }
    }

    @Test
    fun `a file that cannot be written is no adoption`() {
        key.makeCandidate(challenge)
        val candidate = key.publicKeySpkiDer(KeySlot.CANDIDATE)!!
        File(pointer().path + ".new").mkdirs()
        assertThrows(HostException.Failed::class.java) { key.adoptCandidate() }
        assertArrayEquals(candidate, key.publicKeySpkiDer(KeySlot.CANDIDATE))
    }

    @Test
    fun `a key comes from the StrongBox where there is one, else from elsewhere`() {
        key.makeCandidate(challenge)
        assertFalse(candidateSpec(keystore).wantsStrongBox())

        val better = FakeAndroidKeystore(hasStrongBox = true)
        key(better).makeCandidate(challenge)
        assertEquals(Build.VERSION.SDK_INT >= Build.VERSION_CODES.P, candidateSpec(better).wantsStrongBox())
    }

    @Test
    fun `the attestation is bound to the challenge, and a device that cannot attest still gets a key`() {
        val chain = (key.makeCandidate(challenge) as KeyAttestation.AndroidKey).chain
        assertEquals(1, chain.size)
        assertArrayEquals(challenge, candidateSpec(keystore).attestationChallenge)

        val unable = FakeAndroidKeystore(canAttest = false)
        assertNull(key(unable).makeCandidate(challenge))
        assertNotNull(key(unable).publicKeySpkiDer(KeySlot.CANDIDATE))
        assertNull(candidateSpec(unable).attestationChallenge)
    }

    private fun assertSigns(slot: KeySlot, spki: ByteArray) {
        val message = "a report".toByteArray()
        val signed = (key.signEs256(slot, message) as Signature.Der).bytes
        val public = KeyFactory.getInstance("EC").generatePublic(X509EncodedKeySpec(spki))
        assertTrue(SignatureAlgorithm.getInstance("SHA256withECDSA").run { initVerify(public); update(message); verify(signed) })
    }

    private fun key(keystore: AndroidKeystore = this.keystore) = AndroidKeystoreKey(context, keystore, "key")

    private fun candidateSpec(keystore: FakeAndroidKeystore) = keystore.spec("key.b")!!

    private fun pointer() = File(context.noBackupFilesDir, "key.slot")
}
