package dev.mtd.agent

import android.os.Looper
import dev.mtd.agent.testing.AgentTestRunner
import kotlinx.coroutines.runBlocking
import org.junit.After
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNotSame
import org.junit.Assert.assertSame
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RuntimeEnvironment
import java.lang.reflect.Proxy
import java.util.concurrent.CountDownLatch
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlin.time.measureTimedValue

/** Whatever a host does: an answer in time, the reason for what is unknown, and a process that lives. */
@RunWith(AgentTestRunner::class)
class HostileHostTest {
    private val folder = createTempFolder("hostile")

    @After
    fun tidy() {
        folder.deleteRecursively()
    }

    @Test
    fun `what a host throws is the reason why a fact is unknown, without its words`() {
        val thrown = listOf<Throwable>(
            IllegalStateException("secret of the user"), SecurityException("secret of the user"),
            NullPointerException("secret of the user"), Exception("secret of the user"),
        )
        for (exception in thrown) {
            val why = scan(ScriptedHost(apps = { throw exception })).unknown(CheckId.INVENTORY)
            assertTrue(why, why.contains(exception.javaClass.simpleName))
            assertFalse(why, why.contains("secret"))
        }
    }

    @Test
    fun `an error of the virtual machine does not end the process`() {
        for (error in listOf<Error>(NotImplementedError(), StackOverflowError(), OutOfMemoryError("of the host"), AssertionError())) {
            val result = scan(ScriptedHost(apps = { throw error }))
            result.unknown(CheckId.INVENTORY)
            assertEquals(null, result.appCount)
        }
    }

    @Test
    fun `what a host may not tell is not permitted, in its words`() {
        val result = scan(ScriptedHost(apps = { throw HostException.NotPermitted("allow it in the settings") }))
        assertEquals(Coverage.NotPermitted("allow it in the settings"), result.coverage(CheckId.INVENTORY))
        assertEquals(null, result.appCount)
    }

    @Test
    fun `a host written in Java that answers null has no answer`() {
        val nothing = Proxy.newProxyInstance(DeviceHost::class.java.classLoader, arrayOf(DeviceHost::class.java)) { _, _, _ -> null }
        val result = scan(nothing as DeviceHost)
        result.unknown(CheckId.INVENTORY)
        result.unknown(CheckId.SCREEN_LOCK)
    }

    @Test
    fun `a text that is no Unicode is no answer, and the next scan is whole`() {
        val half = "half of a pair: \uD83D"
        var name = half
        val host = ScriptedHost(apps = { Inventory(listOf(ScriptedHost.app("com.example.notes", name)), emptyList()) })
        opened(host) { agent ->
            agent.scan(limit = LIMIT).unknown(CheckId.INVENTORY)
            name = "Notes"
            assertEquals(1uL, agent.scan(limit = LIMIT).appCount)
        }
    }

    @Test
    fun `sizes below zero, no names, huge names and control characters are taken for what they are`() {
        val strange = listOf(
            ScriptedHost.app("com.example.negative").copy(bundleSize = -1, dynamicSize = Long.MIN_VALUE),
            ScriptedHost.app("com.example.nameless", null).copy(version = null),
            ScriptedHost.app("", ""),
            ScriptedHost.app("com.example.nul\u0000byte", "\u202Ereversed\u0007"),
            ScriptedHost.app("com.example.long." + "a".repeat(1_000_000), "n".repeat(1_000_000)),
            ScriptedHost.app("com.example.twice"), ScriptedHost.app("com.example.twice"),
        )
        val result = scan(ScriptedHost(apps = { Inventory(strange, emptyList()) }))
        assertTrue("${result.coverage(CheckId.INVENTORY)}", (result.appCount ?: 0uL) >= 3uL)
    }

    @Test
    fun `a host that hangs is waited for until the limit, and no longer`() {
        val hang = CountDownLatch(1)
        try {
            val host = ScriptedHost(apps = { hang.awaitForever() })
            opened(host) { agent ->
                val (result, took) = measureTimedValue { agent.scan(limit = 2.seconds) }
                result.unknown(CheckId.INVENTORY)
                assertEquals(Coverage.Complete, result.coverage(CheckId.SCREEN_LOCK))
                assertTrue("$took", took < 4.seconds)

                val (_, closing) = measureTimedValue { agent.close() }
                assertTrue("$closing", closing < 2.seconds)
            }
        } finally {
            hang.countDown()
        }
    }

    @Test
    fun `a call from the main thread is answered off it`() {
        assertSame(Looper.getMainLooper(), Looper.myLooper())
        lateinit var asked: Thread
        val host = ScriptedHost(
            apps = {
                asked = Thread.currentThread()
                Inventory(emptyList(), emptyList())
            },
        )
        assertEquals(0uL, scan(host).appCount)
        assertNotSame(Looper.getMainLooper().thread, asked)
    }

    @Test
    fun `a thousand apps are all looked at`() {
        val phone = SimulatedPhone()
        repeat(1_000) { phone.install("com.example.app$it", "App $it", it.toLong(), "1.$it") }
        runBlocking {
            MtdAgent.open(phone.context, phone.config()).use { agent ->
                val (result, took) = measureTimedValue { agent.scan(limit = LIMIT) }
                figure("1,000 apps: a scan by the real host took $took")
                assertEquals(Coverage.Complete, result.coverage(CheckId.INVENTORY))
                assertTrue("${result.appCount}", (result.appCount ?: 0uL) >= 1_000uL)
            }
        }
    }

    @Test
    fun `a hundred thousand apps are taken or refused within the limit`() {
        val apps = List(100_000) { ScriptedHost.app("com.example.app$it", "App $it") }
        val (result, took) = measureTimedValue { scan(ScriptedHost(apps = { Inventory(apps, emptyList()) }), LIMIT) }
        figure("100,000 apps: $took, ${result.appCount ?: "no"} apps listed")
        assertTrue("$took", took < LIMIT + 5.seconds)
        when (result.coverage(CheckId.INVENTORY)) {
            Coverage.Complete -> assertEquals(100_000uL, result.appCount)
            else -> result.unknown(CheckId.INVENTORY)
        }
    }

    @Test
    fun `a log sink that throws is ignored`() {
        setLogSink(LogLevel.TRACE, object : LogSink {
            override fun log(level: LogLevel, target: String, message: String) = throw IllegalStateException("the log is full")
        })
        try {
            assertEquals(0uL, scan(ScriptedHost()).appCount)
        } finally {
            setLogSink(LogLevel.ERROR, null)
        }
    }

    private fun scan(host: DeviceHost, limit: Duration = LIMIT): ScanResult {
        lateinit var result: ScanResult
        opened(host) { result = it.scan(limit = limit) }
        return result
    }

    private fun opened(host: DeviceHost, use: suspend (MtdAgent) -> Unit) = runBlocking {
        MtdAgent.open(RuntimeEnvironment.getApplication(), scripted(folder, host)).use { use(it) }
    }

    private fun CountDownLatch.awaitForever(): Nothing {
        await()
        throw HostException.Failed("the test is over")
    }
}

private val LIMIT = 30.seconds

internal fun ScanResult.coverage(check: CheckId): Coverage? =
    checks.firstOrNull { it.check == check }?.coverage ?: gaps.firstOrNull { it.check == check }?.coverage

/** Why a check came to no result, which it must not have. */
internal fun ScanResult.unknown(check: CheckId): String = when (val coverage = coverage(check)) {
    is Coverage.Unknown -> coverage.why
    else -> throw AssertionError("$check is $coverage")
}
