package dev.mtd.agent

import android.content.Context
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock

/**
 * What has the process's one agent: the app's `Application` implements it, so that jobs find the agent when Android starts the
 * process for them.
 */
public interface MtdAgentOwner {
    /** The agent, opened at first use. */
    public suspend fun mtdAgent(): MtdAgent
}

/** Opens one agent at first use and hands it to everybody. A failure is told to who asked, and the next one tries again. */
public class MtdAgentHolder(
    private val context: Context,
    private val config: MtdConfig = MtdConfig(),
) : MtdAgentOwner, AutoCloseable {
    private val opening = Mutex()

    @Volatile
    private var agent: MtdAgent? = null

    override suspend fun mtdAgent(): MtdAgent = agent ?: opening.withLock {
        agent ?: MtdAgent.open(context, config).also { agent = it }
    }

    /** Closes the agent, if it was opened; the next use opens it again. */
    override fun close() {
        val open = agent
        agent = null
        open?.close()
    }
}
