package dev.mtd.guide

import android.content.Context
import dev.mtd.agent.MtdAgent
import dev.mtd.agent.languageFor

// What README.md shows of Kotlin, word by word: ReadmeTest compares.

@Suppress("UNUSED_VARIABLE")
suspend fun embed(context: Context, codeFromTheOrganisation: String) {
    val agent = MtdAgent.open(context)
    agent.enroll(codeFromTheOrganisation)
    val scan = agent.scan()                         // level, findings, what was not looked at
    agent.deliver()                                 // signed reports, and the connector's decision
    agent.explain(languageFor("ko"))?.headline      // why, and what to do
}
