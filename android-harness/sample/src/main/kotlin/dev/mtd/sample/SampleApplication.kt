package dev.mtd.sample

import android.app.Application
import dev.mtd.agent.LogLevel
import dev.mtd.agent.LogcatSink
import dev.mtd.agent.MtdAgent
import dev.mtd.agent.MtdAgentHolder
import dev.mtd.agent.MtdAgentOwner
import dev.mtd.agent.MtdScheduler
import dev.mtd.agent.setLogSink
import kotlin.concurrent.thread

/** Has the one agent of the process, and lets it be told what happens on the device. */
class SampleApplication : Application(), MtdAgentOwner {
    private val holder by lazy { MtdAgentHolder(this) }

    override fun onCreate() {
        super.onCreate()
        MtdScheduler(this).start()
        // Loads the native library, which takes a moment.
        thread { setLogSink(LogLevel.INFO, LogcatSink()) }
    }

    override suspend fun mtdAgent(): MtdAgent = holder.mtdAgent()
}
