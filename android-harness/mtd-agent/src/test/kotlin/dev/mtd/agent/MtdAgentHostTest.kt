package dev.mtd.agent

import android.app.Application
import android.os.Looper
import dev.mtd.agent.host.FakeFiles
import dev.mtd.agent.host.NetworkFixture
import dev.mtd.agent.host.PlatformTrust
import dev.mtd.agent.testing.AgentTestRunner
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.After
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNotNull
import org.junit.Assert.assertNull
import org.junit.Assert.assertSame
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RuntimeEnvironment
import org.robolectric.annotation.Config
import java.io.File
import java.security.cert.CertificateException
import java.security.cert.X509Certificate
import java.time.Instant
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlin.time.measureTime

/** The façade over the real library. */
@RunWith(AgentTestRunner::class)

class MtdAgentHostTest {
    private val context: Application = RuntimeEnvironment.getApplication()
    private val keystore = FakeAndroidKeystore()
    private val holder = MtdAgentHolder(context, config())

    @After
    fun close() = holder.close()

    @Test
    fun `an agent opens in the folder that no backup takes, scans and explains`() = test {
        val agent = holder.mtdAgent()
        assertTrue(File(context.noBackupFilesDir, "mtd-agent.db").exists())
        assertNull(agent.explain(Language.KO))

        val scan = agent.scan()
        assertEquals(ScanTrigger.REQUESTED, scan.trigger)
        assertNotNull(scan.appCount)
        assertEquals(scan.level, agent.status().level)
        assertTrue(agent.explain(Language.KO)!!.headline.any { it in '가'..'힣' })
        assertNull("not enrolled", agent.status().enrolment)
    }

    @Test
    fun `the holder opens one agent, however many ask`() = test {
        val agents = List(20) { async(Dispatchers.Default) { holder.mtdAgent() } }.awaitAll()
        agents.forEach { assertSame(agents.first(), it) }
    }

    @Test
    fun `the main thread goes on while the agent opens and scans`() = test {
        assertSame("as an app would call", Looper.getMainLooper().thread, Thread.currentThread())
        var turns = 0
        val work = launch { holder.mtdAgent().scan() }
        while (work.isActive) {
            turns++
            delay(1)
        }
        assertTrue("the thread had $turns turns", turns > 3)
    }

    @Test
    fun `closing twice is harmless, and a closed agent says so`() = test {
        val agent = holder.mtdAgent()
        agent.close()
        agent.close()
        agent.cancel()
        for (call in calls(agent)) assertTrue(failure { call() } is AgentException.Closed)
        assertEquals("events have ended", emptyList<AgentEvent>(), agent.events.toList())
    }

    @Test
    fun `events come, and end when the agent is closed`() = test {
        val agent = holder.mtdAgent()
        val events = async(Dispatchers.Default) { agent.events.toList() }
        agent.scan()
        agent.close()
        val seen = withTimeout(10.seconds) { events.await() }
        assertTrue(seen.toString(), seen.any { it is AgentEvent.LevelChanged && it.from == null })
    }

    @Test
    fun `a cancelled coroutine cancels its call, and the agent goes on`() = test {
        val slow = MtdAgent.open(context, config(File(context.noBackupFilesDir, "slow.db"), SlowHost(device())))
        slow.use { agent ->
            val scan = launch(Dispatchers.Default) { agent.scan(limit = 60.seconds) }
            delay(200)
            val took = measureTime { scan.cancel(); scan.join() }
            assertTrue("took $took", took < 2.seconds)
            assertNull(agent.status().lastScanAt)
        }
    }

    @Test
    fun `a limit of nothing and an endless one are limits, not errors`() = test {
        val agent = holder.mtdAgent()
        try {
            assertEquals("nothing was looked at", Level.UNKNOWN, agent.scan(limit = (-5).seconds).level)
        } catch (late: AgentException.Deadline) {
            assertNull("nothing was kept", agent.status().level)
        }
        assertNull(agent.status(Duration.INFINITE).enrolment)
    }

    @Test
    fun `wrong settings and an unusable folder are told as what they are`() = test {
        val settings = failure { MtdAgent.open(context, MtdConfig(unenrolledSettingsJson = "{", key = key(), secrets = secrets())) }
        assertTrue(settings.toString(), settings is AgentException.InvalidConfiguration)
        val store = failure { MtdAgent.open(context, config(File("/proc/nowhere/agent.db"))) }
        assertTrue(store.toString(), store is AgentException.Store)
    }

    @Test
    fun `a run for an event scans if that is due, and says when to come again`() = test {
        val agent = holder.mtdAgent()
        val first = agent.runDue(ScanTrigger.APPS_CHANGED)
        assertNull("events settle first", first.scan)
        delay(first.next!!)
        val second = agent.runDue()
        assertEquals(ScanTrigger.APPS_CHANGED, second.scan?.trigger)
        assertNull("nobody to deliver to", second.delivery)
    }

    private fun calls(agent: MtdAgent): List<suspend () -> Any?> = listOf(
        { agent.status() }, { agent.scan() }, { agent.deliver() }, { agent.explain(Language.EN) }, { agent.previewReport() },
        { agent.plan(ScanTrigger.PERIODIC) }, { agent.due() }, { agent.enroll("{}") }, { agent.runDue() },
    )

    private suspend fun failure(call: suspend () -> Any?): Exception? = try {
        call()
        null
    } catch (cancelled: CancellationException) {
        throw cancelled
    } catch (failure: Exception) {
        failure
    }

    private fun config(store: File? = null, device: DeviceHost = device()) =
        MtdConfig(store = store, device = device, key = key(), secrets = secrets())

    private fun key() = AndroidKeystoreKey(context, keystore)

    private fun secrets() = AndroidSecretStore(keystore)

    private fun device(): DeviceHost {
        NetworkFixture(context)
        return AndroidDeviceHost(context, FakeFiles(), { null }, NobodyTrusted)
    }

    private fun test(body: suspend CoroutineScope.() -> Unit) = runBlocking { withTimeout(60.seconds) { body() } }
}

/** Takes its time over the apps, as a device with slow storage. */
private class SlowHost(device: DeviceHost) : DeviceHost by device {
    private val slow = device

    override fun installedApps(): Inventory {
        Thread.sleep(3_000)
        return slow.installedApps()
    }
}

/** A device that trusts no certificate. */
private object NobodyTrusted : PlatformTrust {
    override fun verify(chain: List<X509Certificate>, authType: String, host: String): List<X509Certificate> =
        throw CertificateException("nobody is trusted")

    override fun isUserAdded(root: X509Certificate) = false

    override fun rootAt(chain: List<X509Certificate>, moment: Instant): X509Certificate? = null
}
