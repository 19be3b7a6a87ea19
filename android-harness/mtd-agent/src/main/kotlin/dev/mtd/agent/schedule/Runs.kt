package dev.mtd.agent.schedule

import dev.mtd.agent.AgentException
import dev.mtd.agent.DeliverySummary
import dev.mtd.agent.DueRun
import dev.mtd.agent.MtdAgent
import dev.mtd.agent.Plan
import dev.mtd.agent.ScanResult
import dev.mtd.agent.ScanTrigger
import kotlin.time.Duration
import kotlin.time.TimeSource
import kotlin.time.toKotlinDuration

/** Does what the agent's plan says, then delivers: docs/scheduling.md. */
internal suspend fun run(agent: MtdAgent, trigger: ScanTrigger?, limit: Duration): DueRun {
    val end = TimeSource.Monotonic.markNow() + limit
    val left = { (-end.elapsedNow()).coerceAtLeast(Duration.ZERO) }

    var scan: ScanResult? = null
    var plan = if (trigger == null) agent.due(left()) else agent.plan(trigger, left())
    while (true) {
        val now = plan as? Plan.Now ?: break
        // Something may have happened during the scan; what is left of the limit is for delivery then.
        if (scan != null && left() < limit / 2) break
        scan = agent.scan(now.trigger, now.depth, if (scan == null) left() * SCAN_SHARE else left() / 2)
        plan = agent.due(left())
    }
    val delivery = deliver(agent, scan != null || trigger == ScanTrigger.PERIODIC, left())
    // Something was met in the connector's place.
    if (delivery?.scanDue == true) plan = agent.due(left())
    val next = when (val last = plan) {
        is Plan.Now -> Duration.ZERO
        is Plan.Later -> last.after.toKotlinDuration()
        is Plan.Skip -> null
    }
    return DueRun(scan, delivery, next)
}

/** Reports that wait go whenever there is a chance; settings and the decision are fetched after scans and periodically. */
private suspend fun deliver(agent: MtdAgent, always: Boolean, limit: Duration): DeliverySummary? = try {
    val status = agent.status(limit)
    val due = status.enrolment != null && (always || status.queued > 0uL)
    if (due) agent.deliver(limit) else null
} catch (offline: AgentException.Connector) {
    null
} catch (late: AgentException.Deadline) {
    null
}

/** The share of the limit that a scan gets, so that what it found can leave. */
private const val SCAN_SHARE = 0.7
