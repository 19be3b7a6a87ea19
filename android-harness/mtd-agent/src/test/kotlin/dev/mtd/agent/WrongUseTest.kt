package dev.mtd.agent

import dev.mtd.agent.testing.AgentTestRunner
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.delay
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withContext
import org.junit.After
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RuntimeEnvironment
import java.io.File
import java.util.concurrent.CountDownLatch
import java.util.concurrent.atomic.AtomicInteger
import kotlin.reflect.KClass
import kotlin.time.Duration.Companion.seconds

/** Wrong calls, at wrong moments, too many at once: typed errors, and what was right goes on. */
@RunWith(AgentTestRunner::class)
class WrongUseTest {
    private val context = RuntimeEnvironment.getApplication()
    private val folder = createTempFolder("wrong-use")

    @After
    fun tidy() {
        folder.deleteRecursively()
    }

    @Test
    fun `settings that are no settings are told with what is wrong`() {
        for (json in listOf("", "{", "[]", "{\"schema_version\":\"one\"}", "{\"app_sync\": 7}")) {
            val error = assertThrows(AgentException.InvalidConfiguration::class.java) {
                runBlocking { MtdAgent.open(context, scripted(folder, settings = json)).close() }
            }
            assertTrue(error.message.orEmpty(), error.message.orEmpty().contains("unenrolled settings"))
        }
    }

    @Test
    fun `a store that cannot be made is told with its place`() {
        val file = File(folder, "file").apply { writeText("not a folder") }
        for (place in listOf(File(file, "agent.db"), File("/proc/mtd/agent.db"), folder)) {
            assertThrows(place.path, AgentException.Store::class.java) {
                runBlocking { MtdAgent.open(context, MtdConfig(store = place, key = FileKey(folder), secrets = FileSecrets(folder))).close() }
            }
        }
    }

    @Test
    fun `a store that is none is not touched`() {
        val store = File(folder, "agent.db").apply { writeText("a diary ".repeat(1_000)) }
        assertThrows(AgentException.Store::class.java) { runBlocking { MtdAgent.open(context, scripted(folder)).close() } }
        assertEquals("a diary ".repeat(1_000), store.readText())
    }

    @Test
    fun `two agents on one store harm neither each other nor it`() = runBlocking {
        val first = MtdAgent.open(context, scripted(folder))
        first.scan(limit = LIMIT)
        val second = try {
            MtdAgent.open(context, scripted(folder))
        } catch (refused: AgentException.Store) {
            figure("a second agent is refused: ${refused.message}")
            null
        }
        if (second != null) {
            listOf(first, second).map { async(Dispatchers.IO) { repeat(5) { _ -> it.scan(limit = LIMIT) } } }.awaitAll()
            second.close()
        }
        assertEquals(Coverage.Complete, first.scan(limit = LIMIT).coverage(CheckId.INVENTORY))
        first.close()
        MtdAgent.open(context, scripted(folder)).use { assertTrue(it.status(LIMIT).lastScanAt != null) }
    }

    @Test
    fun `a code that is none does not enrol, and is not quoted`() = opened { agent ->
        for (code in listOf("", "hello", "mtd-enrol:", "mtd-enrol:!!!!", "{}", "secret".repeat(100_000))) {
            val error = fails(AgentException.InvalidPayload::class) { agent.enroll(code, LIMIT) }
            assertTrue(error.message.orEmpty(), !error.message.orEmpty().contains("secretsecret"))
        }
        assertEquals(null, agent.status(LIMIT).enrolment)
    }

    @Test
    fun `a delivery without enrolment says what to do`() = opened { agent ->
        fails(AgentException.NotEnrolled::class) { agent.deliver(LIMIT) }
        Unit
    }

    @Test
    fun `every call after close is refused, and a second close does nothing`() = runBlocking {
        val agent = MtdAgent.open(context, scripted(folder))
        agent.close()
        agent.close()
        agent.cancel()
        val calls = listOf<suspend () -> Any?>(
            { agent.scan(limit = LIMIT) }, { agent.status(LIMIT) }, { agent.deliver(LIMIT) }, { agent.explain(Language.EN, LIMIT) },
            { agent.previewReport(LIMIT) }, { agent.plan(ScanTrigger.REQUESTED, LIMIT) }, { agent.due(LIMIT) },
            { agent.enroll("mtd-enrol:x", LIMIT) }, { agent.runDue() },
        )
        for (call in calls) fails(AgentException.Closed::class) { call() }
        assertEquals("events end", emptyList<AgentEvent>(), agent.events.toList())
    }

    @Test
    fun `cancel ends a scan under way, and the next one is whole`() {
        val scanning = CountDownLatch(1)
        val hang = CountDownLatch(1)
        val host = ScriptedHost(
            apps = {
                scanning.countDown()
                if (hang.count > 0) hang.await()
                Inventory(emptyList(), emptyList())
            },
        )
        opened(host) { agent ->
            val scan = async(Dispatchers.IO) { fails(AgentException.Cancelled::class) { agent.scan(limit = LIMIT) } }
            withContext(Dispatchers.IO) { scanning.await() }
            agent.cancel()
            scan.await()
            hang.countDown()
            assertEquals(0uL, agent.scan(limit = LIMIT).appCount)
        }
    }

    @Test
    fun `a cancelled coroutine ends its call, and the agent goes on`() {
        val scanning = CountDownLatch(1)
        val hang = CountDownLatch(1)
        val host = ScriptedHost(
            apps = {
                scanning.countDown()
                if (hang.count > 0) hang.await()
                Inventory(emptyList(), emptyList())
            },
        )
        opened(host) { agent ->
            var ended: Throwable? = null
            val scan = launch(Dispatchers.IO) {
                try {
                    agent.scan(limit = LIMIT)
                } catch (cancelled: CancellationException) {
                    ended = cancelled
                }
            }
            withContext(Dispatchers.IO) { scanning.await() }
            scan.cancelAndJoin()
            assertTrue("$ended", ended is CancellationException)
            hang.countDown()
            assertEquals(0uL, agent.scan(limit = LIMIT).appCount)
        }
    }

    @Test
    fun `five hundred calls at once are all answered`() = opened { agent ->
        agent.scan(limit = LIMIT)
        val answered = AtomicInteger()
        val calls = List(500) { number ->
            async(Dispatchers.IO) {
                when (number % 5) {
                    0 -> agent.status(LIMIT)
                    1 -> agent.explain(Language.EN, LIMIT)
                    2 -> agent.previewReport(LIMIT)
                    3 -> agent.plan(ScanTrigger.APPS_CHANGED, LIMIT)
                    else -> if (number % 50 == 4) agent.scan(limit = LIMIT) else agent.status(LIMIT)
                }
                answered.incrementAndGet()
            }
        }
        calls.awaitAll()
        assertEquals(500, answered.get())
    }

    @Test
    fun `five hundred calls into a close end, each with its answer or Closed`() = runBlocking {
        val agent = MtdAgent.open(context, scripted(folder))
        val outcomes = List(500) {
            async(Dispatchers.IO) {
                try {
                    agent.status(LIMIT)
                    "answered"
                } catch (closed: AgentException.Closed) {
                    "closed"
                }
            }
        }
        delay(5)
        agent.close()
        figure("500 calls into a close: ${outcomes.awaitAll().groupingBy { it }.eachCount()}")
    }

    @Test
    fun `a key that fails ends the enrolment with the host's words`() = runBlocking {
        val broken = object : DeviceKey by FileKey(folder) {
            override fun makeCandidate(challenge: ByteArray): KeyAttestation = throw HostException.Failed("the keystore is locked")
        }
        Stage().use { stage ->
            val config = MtdConfig(store = File(folder, "agent.db"), device = ScriptedHost(), key = broken, secrets = FileSecrets(folder))
            MtdAgent.open(context, config).use { agent ->
                val error = fails(AgentException.Host::class) { agent.enroll(stage.payload, LIMIT) }
                assertTrue(error.message.orEmpty(), error.message.orEmpty().contains("the keystore is locked"))
            }
        }
    }

    private fun opened(
        host: DeviceHost = ScriptedHost(),
        use: suspend kotlinx.coroutines.CoroutineScope.(MtdAgent) -> Unit,
    ) = runBlocking { MtdAgent.open(context, scripted(folder, host)).use { use(it) } }

    private suspend fun <E : AgentException> fails(kind: KClass<E>, call: suspend () -> Any?): E {
        val error = try {
            val answer = call()
            throw AssertionError("it was answered: $answer")
        } catch (error: AgentException) {
            error
        }
        assertEquals(kind, error::class)
        @Suppress("UNCHECKED_CAST")
        return error as E
    }
}

private val LIMIT = 30.seconds
