package dev.mtd.agent

import android.app.job.JobParameters
import android.app.job.JobService
import android.util.Log
import dev.mtd.agent.schedule.JobAlarm
import dev.mtd.agent.schedule.PeriodicJob
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.cancel
import kotlinx.coroutines.launch
import java.util.concurrent.ConcurrentHashMap
import kotlin.time.Duration.Companion.minutes

/** Runs what is due when Android says so: the periodic job and the alarm of an [MtdScheduler]. Declared in the library's manifest. */
public class MtdJobService : JobService() {
    private val scope = CoroutineScope(SupervisorJob() + Dispatchers.Default)
    private val running = ConcurrentHashMap<Int, Job>()

    override fun onStartJob(params: JobParameters): Boolean {
        val owner = application as? MtdAgentOwner
        if (owner == null) {
            Log.e(TAG, "nothing was scanned: ${application.javaClass.name} does not implement MtdAgentOwner")
            return false
        }
        val work = scope.launch(start = CoroutineStart.LAZY) {
            val again = !hasRun(owner, params)
            running.remove(params.jobId)
            jobFinished(params, again)
        }
        running[params.jobId] = work
        return work.start()
    }

    /** Android wants the processor back. What was stored stays stored; an alarm comes again. */
    override fun onStopJob(params: JobParameters): Boolean {
        running.remove(params.jobId)?.cancel()
        return !isPeriodic(params)
    }

    override fun onDestroy() {
        scope.cancel()
        super.onDestroy()
    }

    /** Tells whether there is no reason to come again before the next period. */
    private suspend fun hasRun(owner: MtdAgentOwner, params: JobParameters): Boolean = try {
        val trigger = ScanTrigger.PERIODIC.takeIf { isPeriodic(params) }
        val run = owner.mtdAgent().runDue(trigger, LIMIT)
        run.next?.let { JobAlarm(this, params.extras.getInt(JobAlarm.ID, MtdScheduler.DEFAULT_JOB_ID + 1)).set(it) }
        true
    } catch (cancelled: CancellationException) {
        throw cancelled
    } catch (failure: Exception) {
        // Whatever the app's own part throws: Android would end the process, and start it for the same job again.
        logFailure(failure)
        isPeriodic(params)
    }

    private fun isPeriodic(params: JobParameters) = params.extras.getBoolean(PeriodicJob.IS_PERIODIC, false)

    private companion object {
        /** Android gives a job ten minutes; a scan of everything and its delivery take some seconds. */
        private val LIMIT = 2.minutes
    }
}
