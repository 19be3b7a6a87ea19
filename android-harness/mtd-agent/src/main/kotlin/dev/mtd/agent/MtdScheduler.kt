package dev.mtd.agent

import android.app.Application
import android.util.Log
import dev.mtd.agent.schedule.ForegroundWatcher
import dev.mtd.agent.schedule.JobAlarm
import dev.mtd.agent.schedule.NetworkWatcher
import dev.mtd.agent.schedule.PackageWatcher
import dev.mtd.agent.schedule.PeriodicJob
import dev.mtd.agent.schedule.SettingsWatcher
import dev.mtd.agent.schedule.SystemUpdate
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.cancel
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import kotlin.time.Duration
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds

/**
 * Tells the agent what happens on the device, and does what it answers (`docs/scheduling.md`): a periodic job, the network's
 * changes, apps that come and go, settings that checks look at, an update of Android, the app's coming to the foreground, and one
 * alarm for later.
 *
 * Start it in `Application.onCreate`. The application is an [MtdAgentOwner], or gives one for the time that it runs; jobs that
 * find none do nothing and say so in logcat.
 *
 * @param firstJobId two job ids that nothing else in the app uses: this one and the next.
 * @param limit how long one run may take.
 */
public class MtdScheduler(
    private val application: Application,
    private val owner: MtdAgentOwner = application as? MtdAgentOwner
        ?: throw IllegalArgumentException("${application.javaClass.name} must implement MtdAgentOwner, or an owner must be given"),
    firstJobId: Int = DEFAULT_JOB_ID,
    private val limit: Duration = 60.seconds,
) {
    private val periodic = PeriodicJob(application, firstJobId)
    private val alarm = JobAlarm(application, firstJobId + 1)
    private val watchers = listOf(
        NetworkWatcher(application, ::happened),
        PackageWatcher(application, ::happened),
        SettingsWatcher(application, ::happened),
        ForegroundWatcher(application, ::happened),
    )
    private var scope: CoroutineScope? = null
    private var timer: Job? = null

    /** Starts watching and sets the periodic job, if it is not set. A second call does nothing. */
    @Synchronized
    public fun start() {
        if (scope != null) return
        scope = CoroutineScope(SupervisorJob() + Dispatchers.Default)
        periodic.set()
        watchers.forEach { it.start() }
        launch { lookForSystemUpdate() }
    }

    /** Ends all of it, the jobs included. */
    @Synchronized
    public fun stop() {
        val running = scope ?: return
        scope = null
        watchers.forEach { it.stop() }
        periodic.cancel()
        alarm.cancel()
        running.cancel()
    }

    /** Something happened that the scheduler does not see: an app of the organisation's tells of new managed apps, say. */
    public fun happened(trigger: ScanTrigger) {
        launch { runDue(trigger) }
    }

    /** Remembered once the agent has taken it in: a process that ends before looks again. */
    private suspend fun lookForSystemUpdate() {
        val update = SystemUpdate(application)
        if (update.happened() && runDue(ScanTrigger.SYSTEM_UPDATED)) update.remember()
    }

    /** Tells whether the agent ran. */
    private suspend fun runDue(trigger: ScanTrigger?): Boolean = try {
        owner.mtdAgent().runDue(trigger, limit).next?.let(::later)
        true
    } catch (cancelled: CancellationException) {
        throw cancelled
    } catch (failure: Exception) {
        // The periodic job tries again. The app's own part may throw anything; the app goes on.
        logFailure(failure)
        false
    }

    /** The job outlives the process, but comes when Android likes; a wait of seconds is better waited for here as well. */
    @Synchronized
    private fun later(after: Duration) {
        timer?.cancel()
        timer = if (after > SHORT) null else scope?.launch {
            delay(after)
            launch { runDue(null) }
        }
        alarm.set(after)
    }

    @Synchronized
    private fun launch(work: suspend () -> Unit) {
        scope?.launch { work() }
    }

    public companion object {
        /** Where the two job ids begin, if the app does not say. */
        public const val DEFAULT_JOB_ID: Int = 0x4D5444_01

        /** A process that is in use lives this long. */
        private val SHORT = 1.minutes
    }
}

internal const val TAG = "mtd-agent"

/** The agent's own errors say all there is to say; others come with where they came from. */
internal fun logFailure(failure: Exception) {
    if (failure is AgentException) Log.w(TAG, "a scan did not happen: ${failure.message}") else Log.e(TAG, "a scan did not happen", failure)
}
