package dev.mtd.guide

import android.app.Application
import android.content.Context
import dev.mtd.agent.AgentEvent
import dev.mtd.agent.Language
import dev.mtd.agent.MtdAgent
import dev.mtd.agent.MtdAgentHolder
import dev.mtd.agent.MtdAgentOwner
import dev.mtd.agent.MtdConfig
import dev.mtd.agent.MtdScheduler
import dev.mtd.agent.ScanTrigger
import dev.mtd.agent.Severity
import dev.mtd.agent.languageFor
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Job
import kotlinx.coroutines.launch
import java.io.File
import java.util.Locale
import kotlin.time.Duration
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds

// What docs/android.md shows, word by word: GuideTest compares.

class App : Application(), MtdAgentOwner {
    private val holder by lazy { MtdAgentHolder(this) }

    override suspend fun mtdAgent(): MtdAgent = holder.mtdAgent()

    override fun onCreate() {
        super.onCreate()
        MtdScheduler(this).start()
    }
}

suspend fun protect(app: MtdAgentOwner, code: String): String {
    val agent = app.mtdAgent()
    if (agent.status().enrolment == null) agent.enroll(code)

    val scan = agent.scan(limit = 30.seconds)
    val why = agent.explain(languageFor(Locale.getDefault().toLanguageTag()))
    for (report in agent.previewReport()) println("to be sent, byte for byte: ${report.payload}")

    val delivery = agent.deliver()
    return when (delivery.decision?.compliant) {
        true -> "${scan.level}: let in"
        false -> "kept out. ${why?.headline}: ${why?.findings?.firstOrNull()?.fix}"
        null -> "no decision yet: ${delivery.stopped}"
    }
}

fun show(agent: MtdAgent, scope: CoroutineScope): Job = scope.launch {
    agent.events.collect { event ->
        if (event is AgentEvent.LevelChanged) println("${event.from} -> ${event.to}")
    }
}

suspend fun runFromElsewhere(agent: MtdAgent): Duration? {
    val run = agent.runDue(ScanTrigger.PERIODIC, limit = 2.minutes)   // no trigger: an alarm rang
    return run.next                                                   // set one alarm; null: when something happens
}

suspend fun mayOpen(agent: MtdAgent, url: String): Boolean {
    val verdict = agent.checkUrl(url, Language.EN)
    verdict.findings.forEach { println("${it.title}: ${it.fix}") }
    return verdict.severity < Severity.MEDIUM
}

suspend fun install(context: Context, bundle: File): ULong {
    val config = MtdConfig(intelKey = "ed25519/…")   // as `mtd intel build` prints it, unless the organisation's settings say
    return MtdAgent.open(context, config).use { it.installIntel(bundle).version }
}
