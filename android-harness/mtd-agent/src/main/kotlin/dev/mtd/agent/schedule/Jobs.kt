package dev.mtd.agent.schedule

import android.annotation.SuppressLint
import android.app.job.JobInfo
import android.app.job.JobScheduler
import android.content.ComponentName
import android.content.Context
import android.os.PersistableBundle
import dev.mtd.agent.MtdJobService
import dev.mtd.agent.host.holds
import dev.mtd.agent.host.service
import kotlin.time.Duration
import kotlin.time.Duration.Companion.minutes

/** The periodic window: as often as Android allows, while there is a network. */
internal class PeriodicJob(private val context: Context, private val id: Int) {
    /** Setting a job that is set would begin its period anew: an app that is opened often would never see it end. */
    @SuppressLint("MissingPermission")
    fun set() {
        val jobs = context.service<JobScheduler>() ?: return
        if (jobs.getPendingJob(id)?.extras?.getBoolean(IS_PERIODIC) == true) return
        val job = JobInfo.Builder(id, ComponentName(context, MtdJobService::class.java))
            .setPeriodic(JobInfo.getMinPeriodMillis())
            .setRequiredNetworkType(JobInfo.NETWORK_TYPE_ANY)
            .setPersisted(context.holds("android.permission.RECEIVE_BOOT_COMPLETED"))
            .setExtras(extras(alarm = id + 1).apply { putBoolean(IS_PERIODIC, true) })
            .build()
        jobs.schedule(job)
    }

    fun cancel() {
        context.service<JobScheduler>()?.cancel(id)
    }

    companion object {
        const val IS_PERIODIC = "dev.mtd.agent.periodic"
    }
}

/** The one alarm: a job that Android runs once, some time after its moment. Setting it again replaces it. */
internal class JobAlarm(private val context: Context, private val id: Int) {
    fun set(after: Duration) {
        val job = JobInfo.Builder(id, ComponentName(context, MtdJobService::class.java))
            .setMinimumLatency(after.inWholeMilliseconds)
            .setOverrideDeadline((after + LATEST).inWholeMilliseconds)
            .setExtras(extras(alarm = id))
            .build()
        context.service<JobScheduler>()?.schedule(job)
    }

    fun cancel() {
        context.service<JobScheduler>()?.cancel(id)
    }

    companion object {
        /** Which id the alarm of the scheduler has that set a job. */
        const val ID = "dev.mtd.agent.alarm"

        /** As late as the periodic job may be. */
        private val LATEST = 15.minutes
    }
}

private fun extras(alarm: Int) = PersistableBundle().apply { putInt(JobAlarm.ID, alarm) }
