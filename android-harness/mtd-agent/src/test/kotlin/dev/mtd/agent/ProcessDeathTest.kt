package dev.mtd.agent

import dev.mtd.agent.testing.AgentTestRunner
import kotlinx.coroutines.runBlocking
import org.json.JSONObject
import org.junit.After
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.annotation.Config
import java.io.File
import kotlin.time.Duration.Companion.seconds

/** The system kills the app's process whenever it likes: nothing is lost, and the chain of reports stays whole. */
@RunWith(AgentTestRunner::class)
@Config(sdk = [34])
class ProcessDeathTest {
    private val phone = SimulatedPhone()
    private val folder = createTempFolder("death")
    private val stage = Stage()

    /** The store and the keys that the killed process had; the real host. */
    private val config = MtdConfig(store = File(folder, "agent.db"), key = FileKey(folder), secrets = FileSecrets(folder))

    @After
    fun tidy() {
        stage.close()
        folder.deleteRecursively()
    }

    @Test
    fun `killed in the middle of a scan, it is enrolled as before and scans again`() = runBlocking {
        DoomedProcess("scan", folder, stage.payload).use { child ->
            child.await("asked for the apps")
            child.kill()
        }

        MtdAgent.open(phone.context, config).use { agent ->
            val status = agent.status(LIMIT)
            assertEquals("acme", status.enrolment?.tenant)
            val waiting = status.queued
            assertTrue("the scan before is queued", waiting > 0uL)

            val scan = agent.scan(limit = LIMIT)
            val delivered = agent.deliver(LIMIT)
            assertEquals(null, delivered.stopped)
            assertEquals(0uL, delivered.stillQueued)
            assertEquals(waiting + scan.queuedReports.size.toULong(), delivered.delivered.size.toULong())
        }
        assertWhole()
    }

    @Test
    fun `killed in the middle of a delivery, it delivers the rest, and nothing twice`() = runBlocking {
        val queued = DoomedProcess("queue", folder, stage.payload).use { it.await("queued ") }.toULong()
        val waiting = ArrayList<ULong>()
        for (receipts in listOf(5, 15, 25)) {
            DoomedProcess("deliver", folder).use { child ->
                while (lastSeq() < receipts && child.isAlive) Thread.sleep(1)
                child.kill()
            }
            MtdAgent.open(phone.context, config).use { waiting.add(it.status(LIMIT).queued) }
        }
        figure("of $queued reports, waiting after each kill: $waiting")
        assertTrue("no kill came in the middle: $waiting", waiting.any { it > 0uL && it < queued })
        assertEquals("the queue only shrinks", waiting.sortedDescending(), waiting)

        MtdAgent.open(phone.context, config).use { agent ->
            assertEquals(waiting.last(), agent.deliver(LIMIT).delivered.size.toULong())
            assertEquals(0uL, agent.status(LIMIT).queued)
            assertEquals(0uL, agent.status(LIMIT).dropped)
        }
        assertWhole()
        assertEquals(queued.toLong(), lastSeq())
    }

    /** What the connector has is everything, in order, signed, and one chain. */
    private fun assertWhole() {
        val chain = device().getJSONObject("chain")
        assertEquals("intact", chain.getString("status"))
        for (fault in listOf("forks", "gaps", "regressions")) assertEquals(fault, 0, chain.getInt(fault))
    }

    private fun lastSeq(): Long = device().optLong("last_seq", 0)

    private fun device(): JSONObject = stage.tell("device").getJSONObject("device")
}

private val LIMIT = 60.seconds
