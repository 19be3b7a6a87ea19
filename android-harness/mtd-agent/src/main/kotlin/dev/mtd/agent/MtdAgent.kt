package dev.mtd.agent

import android.content.Context
import dev.mtd.agent.host.Moment
import dev.mtd.agent.schedule.run
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.withContext
import java.io.File
import java.util.concurrent.atomic.AtomicBoolean
import kotlin.time.Duration
import kotlin.time.Duration.Companion.days
import kotlin.time.Duration.Companion.seconds
import kotlin.time.toJavaDuration

/**
 * The agent: collects, checks, classifies, signs, reports. One for the life of the app's process; see [MtdAgentHolder].
 *
 * Calls may be made from any thread, the main thread included, which they never block, and at once. Cancelling a coroutine
 * cancels its call, which leaves stored what was stored. Every call fails with an [AgentException]: [AgentException.Deadline]
 * when its limit is over, [AgentException.Closed] after [close].
 */
public class MtdAgent private constructor(
    private val native: Agent,
    private val moment: Moment,
    /**
     * Whether the database could not be opened any more, because the key that seals it is gone for good (the app's data came from
     * another device, the Keystore was reset), and the agent began anew. It has to be enrolled again: [status] says so until it is.
     */
    public val startedOver: Boolean,
) : AutoCloseable {
    private val closed = AtomicBoolean(false)

    /**
     * What changed, for a user interface. The flow ends when the agent is closed. An event goes to one collector: collect in
     * one place, and share from there (`shareIn`). The first 256 events of the time without a collector are kept for it.
     */
    public val events: Flow<AgentEvent> = flow {
        while (true) emit(nextEvent() ?: break)
    }

    /**
     * Enrols this device by [payload]: the text of the organisation's QR code or managed configuration. A device that was
     * enrolled before starts anew, and keeps its name where its key still works. May be called again with the same payload after
     * a failure.
     */
    public suspend fun enroll(payload: String, limit: Duration = EXCHANGE): EnrolmentStatus =
        call(limit) { enroll(payload, it) }

    /**
     * Signs with a new key from now on: the old one authorises it, the connector takes it, and the old one is deleted. Name and
     * chain of the device go on. May be called again after a failure.
     */
    public suspend fun rotateKey(limit: Duration = EXCHANGE): EnrolmentStatus = call(limit) { rotateKey(it) }

    /**
     * Checks apps, network and device, classifies, and queues signed reports if the device is enrolled. What is not known when
     * [limit] is over is unknown, never clean.
     */
    public suspend fun scan(
        trigger: ScanTrigger = ScanTrigger.REQUESTED,
        depth: Depth = Depth.EVERYTHING,
        limit: Duration = SCAN,
    ): ScanResult = call(limit) { scan(trigger, depth, it) }

    /**
     * Delivers queued reports, then fetches settings, the connector's decision and threat intelligence. What is left undone stays
     * queued. What can wait for a better moment, on a network that costs or a battery that is spared, does so within bounds.
     */
    public suspend fun deliver(limit: Duration = EXCHANGE): DeliverySummary = call(limit) { deliver(it, moment.hints()) }

    /** Tells that something happened which may ask for a scan, and what to do about it. [runDue] does it. */
    public suspend fun plan(trigger: ScanTrigger, limit: Duration = ANSWER): Plan = call(limit) { plan(trigger, it) }

    /** What to do now that the time of a [Plan.Later] has come. [runDue] does it. */
    public suspend fun due(limit: Duration = ANSWER): Plan = call(limit) { due(it) }

    /**
     * The one call of every job and every event: plans for [trigger] (`null`: an alarm rang), scans if that is due, delivers if
     * there is something to deliver. [MtdScheduler] makes it; so does the worker of an app that uses WorkManager.
     */
    public suspend fun runDue(trigger: ScanTrigger? = null, limit: Duration = RUN): DueRun = run(this, trigger, limit)

    /**
     * Judges a URL, or a bare host, before somebody goes there: by the threat intelligence, and by its likeness to the
     * organisation's own domains. Keeps and sends nothing of it.
     *
     * @throws AgentException.InvalidUrl it is neither a URL nor a host.
     */
    public suspend fun checkUrl(url: String, language: Language, limit: Duration = ANSWER): UrlVerdict =
        call(limit) { checkUrl(url, language, it) }

    /**
     * Takes the hosts that the device was in contact with, where the app sees them (a DNS filter, a VPN of its own). Gives how
     * many of them are found fault with: a scan then tells. Only the indicators that were met are kept.
     */
    public suspend fun contacted(hosts: List<String>, limit: Duration = ANSWER): ULong = call(limit) { contacted(hosts, it) }

    /**
     * Puts an intelligence bundle in force: a copy of it, once it is verified whole, at once or not at all. An older one is
     * refused, and on every error what was in force stays so.
     */
    public suspend fun installIntel(bundle: File, limit: Duration = EXCHANGE): IntelStatus =
        call(limit) { installIntel(bundle.path, it) }

    /** Where the agent stands, without scanning. */
    public suspend fun status(limit: Duration = ANSWER): Status = call(limit) { status(it) }

    /** Why the level of the last scan is what it is, and what would change it; `null` before the first scan. */
    public suspend fun explain(language: Language, limit: Duration = ANSWER): Explanation? =
        call(limit) { explain(language, it) }

    /** The reports that wait for delivery, exactly as they will be sent. */
    public suspend fun previewReport(limit: Duration = ANSWER): List<PreviewedReport> = call(limit) { previewReport(it) }

    /** Ends every call under way with [AgentException.Cancelled]. What they had stored stays stored. */
    public fun cancel() {
        try {
            if (!closed.get()) native.cancel()
        } catch (alreadyFreed: IllegalStateException) {
            // Closed by another thread meanwhile: nothing is under way any more.
        }
    }

    /** Ends every call under way with [AgentException.Closed], and the events; frees what the agent holds. */
    override fun close() {
        if (!closed.compareAndSet(false, true)) return
        native.shutDown()
        native.close()
    }

    private suspend fun nextEvent(): AgentEvent? = try {
        call { nextEvent() }
    } catch (end: AgentException.Closed) {
        null
    }

    private suspend fun <T> call(limit: Duration, block: suspend Agent.(java.time.Duration) -> T): T =
        call { block(limit.within().toJavaDuration()) }

    /** Off the caller's thread: arguments are encoded and results decoded there, which takes a while for long ones. */
    private suspend fun <T> call(block: suspend Agent.() -> T): T = withContext(Dispatchers.Default) {
        if (closed.get()) throw AgentException.Closed()
        try {
            native.block()
        } catch (cancelled: CancellationException) {
            throw cancelled
        } catch (freed: IllegalStateException) {
            throw if (closed.get()) AgentException.Closed() else freed
        }
    }

    public companion object {
        /**
         * Opens the agent: loads the native library and opens the database, off the caller's thread. Sends nothing. Where the key
         * that seals the database is gone for good, it begins anew: see [startedOver].
         *
         * @throws AgentException.KeyUnavailable the Keystore is busy, or closed until the user unlocks the device for the first
         * time. Nothing was touched; try again later.
         * @throws AgentException.Store the database cannot be opened, with what to do.
         * @throws AgentException.InvalidConfiguration the settings are not what they should be.
         * @throws AgentException.Host the Keystore failed, or this app brings no native library for the device's processor.
         */
        public suspend fun open(context: Context, config: MtdConfig = MtdConfig(), limit: Duration = OPENING): MtdAgent =
            withContext(Dispatchers.IO) {
                try {
                    open(context.applicationContext ?: context, config, limit.within().toJavaDuration())
                } catch (missing: LinkageError) {
                    throw AgentException.Host(
                        "the native library of the agent cannot be loaded: is libmtd_agent.so in the app for this device's processor, and of this version? (${missing.javaClass.simpleName})",
                    )
                }
            }

        private suspend fun open(context: Context, config: MtdConfig, limit: java.time.Duration): MtdAgent {
            val options = config.options(context)
            return try {
                MtdAgent(Agent.open(options, limit), Moment(context), startedOver = false)
            } catch (gone: AgentException.KeyGone) {
                MtdAgent(Agent.startOver(options, limit), Moment(context), startedOver = true)
            }
        }

        private fun Duration.within() = coerceIn(Duration.ZERO, LONGEST)

        private val ANSWER = 10.seconds
        private val OPENING = 30.seconds
        private val SCAN = 30.seconds
        private val EXCHANGE = 30.seconds
        private val RUN = 60.seconds

        /** Nothing runs for longer; longer limits mean "whatever it takes". */
        private val LONGEST = 1.days
    }
}
