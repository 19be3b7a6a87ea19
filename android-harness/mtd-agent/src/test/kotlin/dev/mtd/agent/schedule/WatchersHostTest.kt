package dev.mtd.agent.schedule

import android.app.Activity
import android.app.job.JobInfo
import android.app.job.JobScheduler
import android.content.Intent
import android.net.ConnectivityManager
import android.net.LinkProperties
import android.net.NetworkCapabilities
import android.net.Uri
import android.os.Looper
import android.provider.Settings
import dev.mtd.agent.MtdJobService
import dev.mtd.agent.ScanTrigger
import dev.mtd.agent.testing.AgentTestRunner
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNull
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import org.robolectric.shadows.ShadowNetwork
import org.robolectric.shadows.ShadowNetworkCapabilities
import kotlin.time.Duration.Companion.minutes

/** What happens on the device, as triggers of the agent. */
@RunWith(AgentTestRunner::class)

class WatchersHostTest {
    private val context = RuntimeEnvironment.getApplication()
    private val happened = mutableListOf<ScanTrigger>()
    private val jobs = context.getSystemService(JobScheduler::class.java)

    init {
        shadowOf(context).grantPermissions("android.permission.ACCESS_NETWORK_STATE")
    }

    @Test
    fun `networks that come, go and change are told`() {
        val network = ShadowNetwork.newInstance(7)
        val callback = watchNetworks()
        callback.onAvailable(network)
        callback.onLinkPropertiesChanged(network, LinkProperties())
        callback.onLost(network)
        assertEquals(List(3) { ScanTrigger.NETWORK_CHANGED }, happened)
    }

    @Test
    fun `a portal that lets the device through is told once, and a stronger signal never`() {
        val network = ShadowNetwork.newInstance(7)
        val callback = watchNetworks()
        callback.onCapabilitiesChanged(network, capabilities(NetworkCapabilities.NET_CAPABILITY_VALIDATED))
        assertEquals(emptyList<ScanTrigger>(), happened)

        callback.onCapabilitiesChanged(network, capabilities(NetworkCapabilities.NET_CAPABILITY_CAPTIVE_PORTAL))
        callback.onCapabilitiesChanged(network, capabilities(NetworkCapabilities.NET_CAPABILITY_VALIDATED))
        callback.onCapabilitiesChanged(network, capabilities(NetworkCapabilities.NET_CAPABILITY_VALIDATED))
        assertEquals(listOf(ScanTrigger.PORTAL_CLEARED), happened)
    }

    @Test
    fun `without the permission networks are not watched, and stopping is harmless`() {
        shadowOf(context).denyPermissions("android.permission.ACCESS_NETWORK_STATE")
        val watcher = NetworkWatcher(context, { happened += it })
        watcher.start()
        watcher.stop()
        assertTrue(shadowOf(context.getSystemService(ConnectivityManager::class.java)).networkCallbacks.isEmpty())
    }

    @Test
    fun `an installed, an updated and a removed app are told once each`() {
        val watcher = PackageWatcher(context, { happened += it })
        watcher.start()
        broadcast(Intent.ACTION_PACKAGE_ADDED)
        assertEquals(1, happened.size)

        broadcast(Intent.ACTION_PACKAGE_REMOVED, replacing = true)
        broadcast(Intent.ACTION_PACKAGE_ADDED, replacing = true)
        broadcast(Intent.ACTION_PACKAGE_REPLACED, replacing = true)
        assertEquals(2, happened.size)

        broadcast(Intent.ACTION_PACKAGE_REMOVED)
        assertEquals(List(3) { ScanTrigger.APPS_CHANGED }, happened)

        watcher.stop()
        broadcast(Intent.ACTION_PACKAGE_ADDED)
        assertEquals(3, happened.size)
    }

    @Test
    fun `settings that checks look at are watched, others are not`() {
        val watcher = SettingsWatcher(context) { happened += it }
        watcher.start()
        for (name in listOf(Settings.Global.ADB_ENABLED, Settings.Global.DEVELOPMENT_SETTINGS_ENABLED, "package_verifier_user_consent")) {
            change(Settings.Global.getUriFor(name))
        }
        change(Settings.Secure.getUriFor(Settings.Secure.ENABLED_ACCESSIBILITY_SERVICES))
        assertEquals(List(4) { ScanTrigger.SETTINGS_CHANGED }, happened)

        change(Settings.Global.getUriFor(Settings.Global.AIRPLANE_MODE_ON))
        watcher.stop()
        change(Settings.Global.getUriFor(Settings.Global.ADB_ENABLED))
        assertEquals(4, happened.size)
    }

    @Test
    fun `coming to the foreground is told, going from screen to screen is not`() {
        ForegroundWatcher(context, { happened += it }).start()
        val first = Robolectric.buildActivity(Activity::class.java).create().start()
        val second = Robolectric.buildActivity(Activity::class.java).create().start()
        first.stop()
        assertEquals(listOf(ScanTrigger.FOREGROUND), happened)

        second.stop()
        second.start()
        assertEquals(2, happened.size)
    }

    @Test
    fun `the periodic job is set once, with a network and at Android's shortest period`() {
        val periodic = PeriodicJob(context, 41)
        periodic.set()
        val job = jobs.getPendingJob(41)!!
        assertTrue(job.isPeriodic)
        assertEquals(JobInfo.getMinPeriodMillis(), job.intervalMillis)
        assertEquals(JobInfo.NETWORK_TYPE_ANY, job.networkType)
        assertEquals(MtdJobService::class.java.name, job.service.className)
        assertFalse("only with the permission to", job.isPersisted)

        periodic.set()
        assertEquals("a period that began goes on", 1, jobs.allPendingJobs.size)

        periodic.cancel()
        assertNull(jobs.getPendingJob(41))
        shadowOf(context).grantPermissions("android.permission.RECEIVE_BOOT_COMPLETED")
        periodic.set()
        assertTrue(jobs.getPendingJob(41)!!.isPersisted)
    }

    @Test
    fun `there is one alarm, the one that was set last`() {
        val alarm = JobAlarm(context, 42)
        alarm.set(10.minutes)
        alarm.set(3.minutes)
        assertEquals(1, jobs.allPendingJobs.size)
        assertEquals(3.minutes.inWholeMilliseconds, jobs.getPendingJob(42)!!.minLatencyMillis)
    }

    private fun watchNetworks(): ConnectivityManager.NetworkCallback {
        NetworkWatcher(context, { happened += it }).start()
        return shadowOf(context.getSystemService(ConnectivityManager::class.java)).networkCallbacks.single()
    }

    private fun change(setting: Uri) {
        context.contentResolver.notifyChange(setting, null)
        shadowOf(Looper.getMainLooper()).idle()
    }

    private fun capabilities(vararg capabilities: Int): NetworkCapabilities =
        ShadowNetworkCapabilities.newInstance().also { made -> capabilities.forEach(shadowOf(made)::addCapability) }

    private fun broadcast(action: String, replacing: Boolean = false) {
        val intent = Intent(action, Uri.parse("package:com.example.tracker")).putExtra(Intent.EXTRA_REPLACING, replacing)
        context.sendBroadcast(intent)
        shadowOf(Looper.getMainLooper()).idle()
    }
}
