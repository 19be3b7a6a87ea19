package dev.mtd.agent

import dev.mtd.agent.testing.AgentTestRunner
import kotlinx.coroutines.runBlocking
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNull
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.annotation.Config
import kotlin.time.Duration.Companion.seconds

/** What Android withholds from the app is told as not permitted, never as empty, and never makes the device look better. */
@RunWith(AgentTestRunner::class)
class PermissionsTest {
    private val phone = SimulatedPhone()

    @Test
    fun `a phone that permits everything is seen whole`() {
        phone.install("com.example.notes", "Notes", 7, "1.7.0")
        val scan = scan()
        assertEquals(Coverage.Complete, scan.coverage(CheckId.INVENTORY))
        assertEquals(Coverage.Complete, scan.coverage(CheckId.SCREEN_LOCK))
        assertEquals(Coverage.Complete, scan.coverage(CheckId.STORAGE_ENCRYPTION))
    }

    @Test
    @Config(sdk = [31, 34, 35])
    fun `without QUERY_ALL_PACKAGES and with no other app in sight the inventory is not permitted`() {
        phone.withhold("QUERY_ALL_PACKAGES")
        phone.removeAllButThis()
        val scan = scan()
        val coverage = scan.coverage(CheckId.INVENTORY)
        assertTrue("$coverage", coverage is Coverage.NotPermitted && "QUERY_ALL_PACKAGES" in coverage.why)
        assertNull("not an empty list", scan.appCount)
        assertTrue("${scan.level}", scan.level != Level.SECURED)
    }

    @Test
    @Config(sdk = [28])
    fun `Android 9 shows every app without that permission`() {
        phone.withhold("QUERY_ALL_PACKAGES")
        assertEquals(Coverage.Complete, scan().coverage(CheckId.INVENTORY))
    }

    @Test
    fun `without ACCESS_NETWORK_STATE the network is not permitted`() {
        phone.withhold("ACCESS_NETWORK_STATE")
        val refused = runCatching { AndroidDeviceHost(phone.context).networkSnapshot() }.exceptionOrNull()
        assertTrue("$refused", refused is HostException.NotPermitted)
        val coverage = scan().coverage(CheckId.NETWORK_PATH)
        assertTrue("$coverage", coverage is Coverage.NotPermitted)
    }

    @Test
    fun `without the location permission the Wi-Fi's name is not permitted`() {
        phone.withhold("ACCESS_FINE_LOCATION", "ACCESS_COARSE_LOCATION")
        val network = AndroidDeviceHost(phone.context).networkSnapshot()
        assertTrue("${network.ssid}", network.ssid is TextFact.NotPermitted)
        assertTrue("${network.bssid}", network.bssid is TextFact.NotPermitted)
    }

    @Test
    fun `without usage access sizes are absent, and the inventory says why`() {
        phone.install("com.example.notes", "Notes", 7, "1.7.0")
        phone.withholdUsageAccess()
        val inventory = AndroidDeviceHost(phone.context).installedApps()
        val notes = inventory.apps.single { it.id == "com.example.notes" }
        assertNull(notes.bundleSize)
        assertTrue("${inventory.notes}", inventory.notes.any { "usage access" in it.message })
    }

    private fun scan(): ScanResult = runBlocking {
        MtdAgent.open(phone.context, phone.config()).use { it.scan(limit = 30.seconds) }
    }
}
