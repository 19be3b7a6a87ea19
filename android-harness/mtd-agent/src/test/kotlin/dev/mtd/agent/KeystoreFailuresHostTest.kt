package dev.mtd.agent

import android.app.Application
import android.os.Build
import android.os.UserManager
import android.security.keystore.BackendBusyException
import android.security.keystore.KeyPermanentlyInvalidatedException
import android.security.keystore.StrongBoxUnavailableException
import android.security.keystore.UserNotAuthenticatedException
import dev.mtd.agent.testing.AgentTestRunner
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNull
import org.junit.Assert.assertSame
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import java.security.GeneralSecurityException
import java.security.KeyStoreException
import java.security.ProviderException
import java.security.UnrecoverableKeyException
import android.security.KeyStoreException as AndroidKeyStoreException

/** What the Keystore throws, told as what it is. */
@RunWith(AgentTestRunner::class)
class KeystoreFailuresHostTest {
    private val context: Application = RuntimeEnvironment.getApplication()
    private val keystore = FakeAndroidKeystore()
    private val key = AndroidKeystoreKey(context, keystore, "key")
    private val secrets = AndroidSecretStore(keystore, "secret")
    private val wrapped = secrets.wrap(ByteArray(32) { it.toByte() })

    init {
        key.makeCandidate(ByteArray(1))
        key.adoptCandidate()
    }

    @Test
    fun `who has to be unlocked, is gone, is busy or fails is told so, in the agent's words`() {
        val secret = "alias=secret"
        assertTold<HostException.Locked>(UserNotAuthenticatedException(secret), "unlocked")
        assertTold<HostException.Gone>(KeyPermanentlyInvalidatedException(secret), "enrol this device again")
        assertTold<HostException.Busy>(StrongBoxUnavailableException(secret), "try again")
        assertTold<HostException.Failed>(KeyStoreException(secret), "KeyStoreException")
        assertTold<HostException.Failed>(IllegalStateException(secret), "IllegalStateException")
        // As the Keystore wraps them, at any depth.
        val load = UnrecoverableKeyException(secret).apply { initCause(KeyPermanentlyInvalidatedException(secret)) }
        assertTold<HostException.Gone>(load, "enrol this device again")
        assertTold<HostException.Locked>(ProviderException(secret, GeneralSecurityException(UserNotAuthenticatedException(secret))), "unlocked")
    }

    @Test
    @Config(sdk = [31, 34, 35])
    fun `a busy back end is busy`() = assertTold<HostException.Busy>(BackendBusyException(1_000, "alias=secret"), "try again")

    /** The numbers of the Keystore (`ResponseCode`) and of its back ends (KeyMint's `ErrorCode`), in the framework's own exception. */
    @Test
    @Config(sdk = [34, 35])
    fun `the numbers of Android 13 are told as what they mean`() {
        val locked = mapOf("LOCKED" to 2, "UNINITIALIZED" to 3, "KEY_USER_NOT_AUTHENTICATED" to -26, "DEVICE_LOCKED" to -72)
        for ((_, number) in locked) assertTold<HostException.Locked>(numbered(number), "unlocked")
        val gone = mapOf("KEY_NOT_FOUND" to 7, "VALUE_CORRUPTED" to 8, "KEY_PERMANENTLY_INVALIDATED" to 17)
        for ((_, number) in gone) assertTold<HostException.Gone>(numbered(number), "enrol this device again")
        assertTold<HostException.Busy>(numbered(SECURE_HW_BUSY), "try again")
        assertTold<HostException.Failed>(numbered(INVALID_ARGUMENT), "enrol it again")
    }

    @Test
    fun `a busy or locked Keystore gets no lesser key`() {
        val better = FakeAndroidKeystore(hasStrongBox = true)
        for (failure in listOfNotNull(UserNotAuthenticatedException(), busy()).map(::ProviderException)) {
            better.failure = failure
            val told = assertThrows(HostException::class.java) { AndroidKeystoreKey(context, better, "better").makeCandidate(ByteArray(1)) }
            assertTrue("$told", told is HostException.Locked || told is HostException.Busy)
            assertEquals(emptySet<String>(), better.aliases)
        }
    }

    @Test
    fun `a key in the StrongBox is not replaced by a lesser one when its chip does not answer`() {
        val better = FakeAndroidKeystore(hasStrongBox = true)
        val key = AndroidKeystoreKey(context, better, "better").apply { makeCandidate(ByteArray(1)) }
        val before = key.publicKeySpkiDer(KeySlot.CANDIDATE)!!
        better.failure = StrongBoxUnavailableException()
        assertThrows(HostException.Busy::class.java) { key.signEs256(KeySlot.CANDIDATE, ByteArray(1)) }
        assertArrayEquals(before, key.publicKeySpkiDer(KeySlot.CANDIDATE))
    }

    @Test
    fun `before the first unlock everything is locked, and nothing is made in place of what is there`() {
        val before = keystore.aliases
        keystore.open = false
        val calls = listOf(
            { key.publicKeySpkiDer(KeySlot.CURRENT) }, { key.signEs256(KeySlot.CURRENT, ByteArray(1)) }, { key.protection(KeySlot.CURRENT) },
            { key.makeCandidate(ByteArray(1)) }, { key.adoptCandidate() }, { secrets.wrap(ByteArray(32)) }, { secrets.unwrap(wrapped) },
        )
        for (call in calls) assertTrue(assertThrows(HostException.Locked::class.java) { call() }.why.contains("first time"))
        keystore.open = true
        assertEquals(before, keystore.aliases)
        assertEquals(32, secrets.unwrap(wrapped).size)
    }

    @Test
    fun `the real Keystore asks Android whether the user has unlocked the device`() {
        val real = AndroidKeystore.system(context)
        val users = shadowOf(context.getSystemService(UserManager::class.java))
        for (unlocked in listOf(false, true)) {
            users.setUserUnlocked(unlocked)
            assertEquals(unlocked, real.isOpen())
        }
    }

    @Test
    fun `a wrapped key comes back, and is never the same twice`() {
        assertArrayEquals(ByteArray(32) { it.toByte() }, secrets.unwrap(wrapped))
        assertFalse(wrapped.contentEquals(secrets.wrap(secrets.unwrap(wrapped))))
        assertEquals(1 + 12 + 32 + 16, wrapped.size)
    }

    @Test
    fun `what nothing will ever unwrap is gone, and what a newer version wrapped is not`() {
        val changed = wrapped.clone().also { it[20] = (it[20].toInt() xor 1).toByte() }
        for (bad in listOf(changed, wrapped.copyOf(10), ByteArray(0))) assertThrows(HostException.Gone::class.java) { secrets.unwrap(bad) }
        val newer = assertThrows(HostException.Failed::class.java) { secrets.unwrap(wrapped.clone().also { it[0] = 2 }) }
        assertTrue(newer.why, "update" in newer.why)

        keystore.delete("secret")
        assertThrows(HostException.Gone::class.java) { secrets.unwrap(wrapped) }
        assertNull("unwrapping makes no key", keystore.key("secret"))
        secrets.wrap(ByteArray(32))
        assertThrows("another device's key", HostException.Gone::class.java) { secrets.unwrap(wrapped) }
    }

    /** [failure] at each use of a key that is there; the key is there afterwards. */
    private inline fun <reified E : HostException> assertTold(failure: Exception, words: String) {
        val uses = listOf({ key.signEs256(KeySlot.CURRENT, ByteArray(1)) }, { secrets.unwrap(wrapped) }, { secrets.wrap(ByteArray(32)) })
        for (use in uses) {
            keystore.failure = failure
            val told = assertThrows(HostException::class.java) { use() }
            assertSame("$told", E::class.java, told.javaClass)
            assertTrue("$told", words in told.message!!)
            assertFalse("$told", "alias=secret" in told.message!!)
            use()
        }
    }

    /** Before Android 12 a busy Keystore does not say so. */
    private fun busy(): Exception? = if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.S) BackendBusyException(1_000) else null

    private fun numbered(number: Int): Exception = ProviderException(AndroidKeyStoreException(number, "alias=secret"))
}

private const val SECURE_HW_BUSY = -48
private const val INVALID_ARGUMENT = -38
