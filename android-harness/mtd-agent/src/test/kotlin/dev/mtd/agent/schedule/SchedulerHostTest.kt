package dev.mtd.agent.schedule

import android.app.Application
import android.app.job.JobParameters
import android.app.job.JobScheduler
import android.os.Build
import android.os.PersistableBundle
import dev.mtd.agent.AndroidDeviceHost
import dev.mtd.agent.AndroidKeystoreKey
import dev.mtd.agent.AndroidSecretStore
import dev.mtd.agent.FakeAndroidKeystore
import dev.mtd.agent.MtdAgent
import dev.mtd.agent.MtdAgentHolder
import dev.mtd.agent.MtdAgentOwner
import dev.mtd.agent.MtdConfig
import dev.mtd.agent.MtdJobService
import dev.mtd.agent.MtdScheduler
import dev.mtd.agent.ScanTrigger
import dev.mtd.agent.testing.AgentTestRunner
import kotlinx.coroutines.delay
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.After
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNotEquals
import org.junit.Assert.assertNotNull
import org.junit.Assert.assertNull
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import org.robolectric.shadow.api.Shadow
import org.robolectric.util.ReflectionHelpers
import java.io.File
import kotlin.time.Duration.Companion.seconds

/** Scheduling with a real agent: what happens leads to a scan. */
@RunWith(AgentTestRunner::class)
@Config(application = SchedulerHostTest.Owner::class)
class SchedulerHostTest {
    private val app = RuntimeEnvironment.getApplication() as Owner
    private val scheduler = MtdScheduler(app, firstJobId = 70)
    private val jobs = app.getSystemService(JobScheduler::class.java)

    class Owner : Application(), MtdAgentOwner {
        var failure: Exception? = null
        private val keystore = FakeAndroidKeystore()
        val holder by lazy {
            MtdAgentHolder(this, MtdConfig(key = AndroidKeystoreKey(this, keystore), secrets = AndroidSecretStore(keystore), device = AndroidDeviceHost(this)))
        }

        override suspend fun mtdAgent(): MtdAgent = failure?.let { throw it } ?: holder.mtdAgent()
    }

    @After
    fun end() {
        scheduler.stop()
        app.holder.close()
    }

    @Test
    fun `what happened is scanned for once things have settled, and the alarm is set for that`() = test {
        scheduler.start()
        scheduler.happened(ScanTrigger.APPS_CHANGED)
        until { jobs.getPendingJob(71) != null }
        until { app.mtdAgent().status().lastScanAt != null }
    }

    @Test
    fun `starting twice watches once, stopping takes the jobs away`() {
        scheduler.start()
        scheduler.start()
        assertNotNull(jobs.getPendingJob(70))
        scheduler.stop()
        assertTrue(jobs.allPendingJobs.isEmpty())
    }

    @Test
    fun `an app whose agent cannot be had goes on`() = test {
        app.failure = IllegalArgumentException("the app's own fault")
        scheduler.start()
        scheduler.happened(ScanTrigger.APPS_CHANGED)
        delay(200)
        app.failure = null
        assertNotNull(app.mtdAgent().status())
    }

    @Test
    fun `the periodic job runs what is due, and its end is told`() = test {
        val service = Robolectric.setupService(MtdJobService::class.java)
        assertTrue(service.onStartJob(job(70, periodic = true)))
        until { shadowOf(service).isJobFinished }
        assertFalse(shadowOf(service).isRescheduleNeeded)
        assertNotNull(app.mtdAgent().status())
    }

    @Test
    fun `an alarm that fails comes again, the periodic job comes by itself`() = test {
        app.failure = IllegalStateException("no agent")
        for (periodic in listOf(true, false)) {
            val service = Robolectric.setupService(MtdJobService::class.java)
            service.onStartJob(job(if (periodic) 70 else 71, periodic))
            until { shadowOf(service).isJobFinished }
            assertEquals(!periodic, shadowOf(service).isRescheduleNeeded)
        }
    }

    @Test
    fun `a stopped job ends, and an alarm is to come again`() {
        val service = Robolectric.setupService(MtdJobService::class.java)
        assertTrue(service.onStopJob(job(71, periodic = false)))
        assertFalse(service.onStopJob(job(70, periodic = true)))
    }

    @Test
    fun `the first start after an update of Android leads to a scan for it, the ones after do not`() = test {
        val seen = File(app.noBackupFilesDir, "mtd-agent.build")
        scheduler.start()
        until { seen.exists() }
        assertNull("the first start of all", app.mtdAgent().status().lastScanAt)

        scheduler.stop()
        seen.writeText("google/shiba/shiba:14/UQ1A.240105.004/1:user/release-keys")
        app.failure = IllegalStateException("no agent yet")
        scheduler.start()
        delay(200)
        assertNotEquals("not forgotten while there is no agent", Build.FINGERPRINT, seen.readText())

        scheduler.stop()
        app.failure = null
        scheduler.start()
        until { app.mtdAgent().status().lastScanAt != null }
        assertEquals(Build.FINGERPRINT, seen.readText())
        assertFalse(SystemUpdate(app).happened())
    }

    @Test
    fun `an application without an agent is told so`() {
        val plain = Application()
        val refused = assertThrows(IllegalArgumentException::class.java) { MtdScheduler(plain) }
        assertTrue(refused.message!!, "MtdAgentOwner" in refused.message!!)
    }

    private fun job(id: Int, periodic: Boolean): JobParameters = Shadow.newInstanceOf(JobParameters::class.java).also {
        ReflectionHelpers.setField(it, "jobId", id)
        val extras = PersistableBundle().apply {
            putBoolean(PeriodicJob.IS_PERIODIC, periodic)
            putInt(JobAlarm.ID, 71)
        }
        ReflectionHelpers.setField(it, "extras", extras)
    }

    private suspend fun until(condition: suspend () -> Boolean) {
        while (!condition()) delay(50)
    }

    private fun test(body: suspend () -> Unit) = runBlocking { withTimeout(30.seconds) { body() } }
}
