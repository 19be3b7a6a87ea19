package dev.mtd.agent

import android.security.keystore.BackendBusyException
import android.security.keystore.KeyPermanentlyInvalidatedException
import android.security.keystore.UserNotAuthenticatedException
import dev.mtd.agent.testing.AgentTestRunner
import kotlinx.coroutines.runBlocking
import org.json.JSONObject
import org.junit.After
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNotNull
import org.junit.Assert.assertNull
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.annotation.Config
import kotlin.time.Duration.Companion.seconds

/** A Keystore that is locked, busy, or has lost its keys, through the real core and a real connector. */
@RunWith(AgentTestRunner::class)
@Config(sdk = [34])
class KeystoreLifeTest {
    private val phone = SimulatedPhone()
    private val keystore = phone.keystore
    private val stage = Stage()

    @After
    fun tidy() = stage.close()

    @Test
    fun `what a scan finds while the Keystore is locked or busy is signed later`() = runBlocking {
        enrolled { agent ->
            stage.tell("app-sync on")
            agent.scan(limit = LIMIT)
            agent.deliver(LIMIT)
            val faults = mapOf(FailureKind.LOCKED to UserNotAuthenticatedException(), FailureKind.BUSY to BackendBusyException(1_000))
            for ((kind, fault) in faults) {
                val before = lastSeq()
                keystore.fault = fault
                phone.install("com.example.trackview", "TrackView", 42, "4.2")
                assertEquals("the check itself needs no key", Level.HIGH, agent.scan(limit = LIMIT).level)
                assertEquals(before, lastSeq())
                assertEquals(kind, agent.status().keyTrouble?.kind)

                keystore.fault = null
                val delivery = agent.deliver(LIMIT)
                assertNull(delivery.stopped)
                assertNull(agent.status().keyTrouble)
                assertEquals(0uL, delivery.stillQueued)
                assertTrue("$before", lastSeq() > before)
                assertEquals("the connector knows of what was found then", false, delivery.decision?.compliant)
                phone.remove("com.example.trackview")
                agent.scan(limit = LIMIT)
                agent.deliver(LIMIT)
            }
        }
        assertWhole()
    }

    @Test
    fun `a Keystore that is closed until the first unlock is waited for, and nothing is touched`() = runBlocking {
        val queued = enrolled { agent ->
            agent.scan(limit = LIMIT)
            agent.previewReport().map { it.token }
        }
        keystore.open = false
        val closed = runCatching { MtdAgent.open(phone.context, phone.config()).close() }.exceptionOrNull()
        assertTrue("$closed", closed is AgentException.KeyUnavailable)
        keystore.open = true
        MtdAgent.open(phone.context, phone.config()).use { agent ->
            assertFalse(agent.startedOver)
            assertEquals(queued, agent.previewReport().map { it.token })
        }
    }

    @Test
    fun `a Keystore that has lost its keys begins anew, and says that the device is to be enrolled again until it is`() = runBlocking {
        enrolled { it.scan(limit = LIMIT) }
        keystore.aliases.forEach(keystore::delete)
        MtdAgent.open(phone.context, phone.config()).use { agent ->
            assertTrue(agent.startedOver)
            val status = agent.status()
            assertNull(status.enrolment)
            assertEquals(0uL, status.queued)
            assertNotNull(status.enrolAgain)
        }
        MtdAgent.open(phone.context, phone.config()).use { agent ->
            assertFalse("once", agent.startedOver)
            assertNotNull("until it is enrolled", agent.status().enrolAgain)
            agent.enroll(stage.token("corporate"), LIMIT)
            assertNull(agent.status().enrolAgain)
            agent.scan(limit = LIMIT)
            assertEquals(0uL, agent.deliver(LIMIT).stillQueued)
        }
    }

    @Test
    fun `a device key that the screen lock ended is not replaced in silence`() = runBlocking {
        enrolled { agent ->
            val aliases = keystore.aliases
            keystore.fault = KeyPermanentlyInvalidatedException()
            agent.scan(limit = LIMIT)
            val trouble = agent.status().keyTrouble
            assertEquals(FailureKind.GONE, trouble?.kind)
            assertTrue("$trouble", "enrol this device again" in trouble!!.advice)
            assertEquals(aliases, keystore.aliases)
        }
    }

    @Test
    fun `a key that is changed signs from then on, and the chain goes on`() = runBlocking {
        enrolled { agent ->
            agent.scan(limit = LIMIT)
            agent.deliver(LIMIT)
            val key = AndroidKeystoreKey(phone.context, keystore)
            val before = key.publicKeySpkiDer(KeySlot.CURRENT)!!
            assertEquals(agent.status().enrolment?.deviceId, agent.rotateKey(LIMIT).deviceId)
            assertFalse(before.contentEquals(key.publicKeySpkiDer(KeySlot.CURRENT)))
            assertNull("the former key is deleted", key.publicKeySpkiDer(KeySlot.CANDIDATE))
            agent.scan(limit = LIMIT)
            assertEquals(0uL, agent.deliver(LIMIT).stillQueued)
        }
        assertWhole()
    }

    private suspend fun <T> enrolled(use: suspend (MtdAgent) -> T): T = MtdAgent.open(phone.context, phone.config()).use { agent ->
        agent.enroll(stage.payload, LIMIT)
        use(agent)
    }

    private fun lastSeq(): Long = device().optLong("last_seq", 0)

    private fun assertWhole() = assertEquals("intact", device().getJSONObject("chain").getString("status"))

    private fun device(): JSONObject = stage.tell("device").getJSONObject("device")
}

private val LIMIT = 30.seconds
