package dev.mtd.agent

import dev.mtd.agent.testing.AgentTestRunner
import kotlinx.coroutines.runBlocking
import org.junit.After
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNull
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RuntimeEnvironment
import java.io.File

/** Threat intelligence by the façade: bundles of the real `mtd intel build`, in force and asked. */
@RunWith(AgentTestRunner::class)
class IntelTest {
    private val context = RuntimeEnvironment.getApplication()
    private val folder = createTempFolder("intel")
    private val workshop = BundleWorkshop(folder)

    @After
    fun clean() = assertTrue(folder.deleteRecursively())

    @Test
    fun `a URL is judged by the bundle in force, and nothing is clean before there is one`() = runBlocking {
        val bundle = workshop.build(1, "phish.example", "bad.example")
        open(workshop.key).use { agent ->
            assertNull(agent.status().intel)
            assertTrue(agent.checkUrl("https://phish.example/login", Language.EN).coverage !is Coverage.Complete)

            assertEquals(1uL, agent.installIntel(bundle).version)
            assertEquals(1uL, agent.status().intel?.version)

            val bad = agent.checkUrl("https://www.phish.example:8443/login?next=a=b", Language.KO)
            assertEquals(listOf("web.phishing"), bad.findings.map { detectionId(it.detection) })
            assertTrue(bad.severity.toString(), bad.severity >= Severity.MEDIUM)
            assertTrue(bad.findings.single().toString(), bad.findings.single().title.any { it in '가'..'힣' })

            val good = agent.checkUrl("notphish.example", Language.EN)
            assertEquals(Severity.NONE to Coverage.Complete, good.severity to good.coverage)
            assertTrue(good.findings.isEmpty())

            assertEquals(1uL, agent.contacted(listOf("bad.example", "good.example")))
        }
    }

    @Test
    fun `what is no URL, what is no bundle, older or of another's is said, and what is in force stays`() = runBlocking {
        val bundle = workshop.build(7, "bad.example")
        val older = workshop.build(6, "bad.example")
        val foreign = BundleWorkshop(File(folder, "stranger").apply { mkdirs() }).build(8, "good.example")
        val cut = File(folder, "cut.mtdi").apply { writeBytes(bundle.readBytes().copyOf(bundle.length().toInt() / 2)) }
        open(workshop.key).use { agent ->
            agent.installIntel(bundle)
            assertTrue(failure { agent.checkUrl("https://", Language.EN) } is AgentException.InvalidUrl)
            for (unfit in listOf(older, foreign, cut, File(folder, "nowhere.mtdi"))) {
                val failure = failure { agent.installIntel(unfit) }
                assertTrue("${unfit.name}: $failure", failure is AgentException.Intel)
                assertEquals(unfit.name, 7uL, agent.status().intel?.version)
            }
        }
    }

    @Test
    fun `without a key nobody's bundle is taken, and a key that is none is said when the agent opens`() = runBlocking {
        val bundle = workshop.build(1, "bad.example")
        open(key = null).use { assertTrue(failure { it.installIntel(bundle) } is AgentException.Intel) }
        assertTrue(failure { open("ed25519/AAAA") } is AgentException.InvalidConfiguration)
    }

    private suspend fun open(key: String?) = MtdAgent.open(
        context,
        MtdConfig(
            store = File(folder, "agent.db"), intelKey = key, device = ScriptedHost(), key = FileKey(folder), secrets = FileSecrets(folder),
        ),
    )

    private suspend fun failure(call: suspend () -> Any?): Exception? = try {
        call()
        null
    } catch (failure: AgentException) {
        failure
    }
}
