package dev.mtd.agent

import dev.mtd.agent.testing.AgentTestRunner
import kotlinx.coroutines.runBlocking
import org.json.JSONArray
import org.json.JSONObject
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import java.io.File
import kotlin.time.Duration.Companion.seconds

/** The story of docs/stage.md on Android: what it must be is in tests/story/golden.json, for all platforms. */
@RunWith(AgentTestRunner::class)
class StoryTest {
    private val phone = SimulatedPhone()
    private val steps = JSONArray()

    @Test
    fun `the story is the same as on every platform`() = runBlocking {
        val seen = Stage().use { stage ->
            phone.install("com.example.notes", "Notes", 7, "1.7.0")
            MtdAgent.open(phone.context, phone.config()).use { agent ->
                agent.enroll(stage.payload, LIMIT)
                agent.scanAndDeliver("app_sync_off")
                stage.tell("app-sync on")
                agent.fetchSettings("app_sync_on")
                stage.tell("cafe")
                phone.install("com.example.trackview", "TrackView", 42, "4.2")
                agent.scanAndDeliver("attacked")
                stage.tell("home")
                phone.remove("com.example.trackview")
                agent.scanAndDeliver("repaired")
            }
            JSONObject().put("steps", steps).put("story", stage.tell("story").get("story"))
        }

        assertEquals("", differences(golden(), seen).joinToString("\n"))
    }

    @Test
    fun `the story is told otherwise where it is`() = runBlocking {
        Stage().use { stage ->
            MtdAgent.open(phone.context, phone.config()).use { agent ->
                agent.enroll(stage.payload, LIMIT)
                agent.scanAndDeliver("app_sync_off")
            }
            val seen = JSONObject().put("steps", steps).put("story", stage.tell("story").get("story"))
            val differences = differences(golden(), seen)
            assertTrue(differences.joinToString("\n"), differences.any { it.startsWith("/story/tokens/2: ") })
        }
    }

    private suspend fun MtdAgent.scanAndDeliver(step: String) {
        val scan = scan(limit = LIMIT)
        val delivered = deliver(LIMIT)
        steps.put(
            JSONObject()
                .put("step", step)
                .put("level", scan.level.word())
                .put("at_least", scan.atLeast.word())
                .put("open_findings", openFindings(scan))
                .put("delivered", JSONArray(delivered.delivered.map { it.toLong() }))
                .put("decision", decision(delivered)),
        )
    }

    private suspend fun MtdAgent.fetchSettings(step: String) {
        val delivered = deliver(LIMIT)
        steps.put(
            JSONObject()
                .put("step", step)
                .put("new_settings", delivered.newSettings?.toLong())
                .put("delivered", JSONArray(delivered.delivered.map { it.toLong() }))
                .put("decision", decision(delivered)),
        )
    }

    private fun decision(delivered: DeliverySummary): JSONObject {
        val decision = requireNotNull(delivered.decision) { "no decision: ${delivered.stopped}" }
        val access = JSONObject()
        for (resource in decision.resources) access.put(resource.name, resource.access.word())
        return JSONObject()
            .put("allowed_level", decision.allowedLevel.word())
            .put("level", decision.level?.word())
            .put("compliant", decision.compliant)
            .put("access", access)
    }

    private fun openFindings(scan: ScanResult): JSONArray {
        val open = scan.findings.filter { it.state is FindingState.Open }
        return JSONArray(
            open.sortedBy { detectionId(it.detection) }.map {
                JSONObject()
                    .put("detection", detectionId(it.detection))
                    .put("subject", it.subject)
                    .put("verdict", it.verdict.word())
                    .put("severity", it.severity.word())
            },
        )
    }

    private fun Enum<*>.word() = name.lowercase()

    private fun golden() = JSONObject(File(System.getProperty("mtd.story"), "golden.json").readText())
}

private val LIMIT = 30.seconds
