package dev.mtd.sample

import dev.mtd.agent.AgentException
import dev.mtd.agent.EnrolmentStatus
import dev.mtd.agent.Explanation
import dev.mtd.agent.Language
import dev.mtd.agent.MtdAgent
import org.json.JSONObject

/** What the screen shows. */
internal sealed interface ScreenState {
    /** The agent opens, or works: [words] say what it does. */
    data class Busy(val words: String) : ScreenState

    /** Nothing was scanned yet. */
    object Empty : ScreenState

    /** Something failed: why, and what to do, in the agent's words. */
    data class Failed(val why: String) : ScreenState

    data class Shown(
        val explanation: Explanation,
        val enrolment: EnrolmentStatus?,
        /** The reports that wait, readable. */
        val reports: List<String>,
    ) : ScreenState
}

/** The state of things without scanning. */
internal suspend fun load(agent: MtdAgent, language: Language): ScreenState = orFailed {
    val explanation = agent.explain(language) ?: return@orFailed ScreenState.Empty
    val reports = agent.previewReport().map { JSONObject(it.payload).toString(2).replace("\\/", "/") }
    ScreenState.Shown(explanation, agent.status().enrolment, reports)
}

/** Scans and shows what came of it; reports leave afterwards, by the scheduler or the next delivery. */
internal suspend fun check(agent: MtdAgent, language: Language): ScreenState = orFailed {
    agent.scan()
    load(agent, language)
}

internal suspend fun enroll(agent: MtdAgent, code: String, language: Language): ScreenState = orFailed {
    agent.enroll(code.trim())
    check(agent, language)
}

internal inline fun orFailed(work: () -> ScreenState): ScreenState = try {
    work()
} catch (failure: AgentException) {
    ScreenState.Failed(failure.message.orEmpty().removePrefix("reason="))
}
