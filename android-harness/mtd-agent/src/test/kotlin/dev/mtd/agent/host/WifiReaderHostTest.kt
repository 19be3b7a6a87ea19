package dev.mtd.agent.host

import android.location.LocationManager
import android.net.wifi.ScanResult
import android.net.wifi.WifiInfo
import android.net.wifi.WifiManager
import android.os.Build
import dev.mtd.agent.WifiSecurity
import dev.mtd.agent.testing.AgentTestRunner
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNull
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import org.robolectric.shadows.ShadowWifiInfo
import org.robolectric.util.ReflectionHelpers

@RunWith(AgentTestRunner::class)

@Suppress("DEPRECATION")
class WifiReaderHostTest {
    private val context = RuntimeEnvironment.getApplication()
    private val wifi = shadowOf(context.getSystemService(WifiManager::class.java))

    init {
        shadowOf(context).grantPermissions("android.permission.ACCESS_WIFI_STATE")
    }

    @Test
    fun `name and access point are told without Android's quotes`() {
        allowLocation()
        connect("cafe guest", "02:00:5e:10:00:07")
        assertEquals(Told.Known("cafe guest"), reader().ssid())
        assertEquals(Told.Known("02:00:5e:10:00:07"), reader().bssid())
    }

    @Test
    fun `without the location permission names are not permitted`() {
        connect(null, BLOTTED)
        assertTrue("location" in (reader().ssid() as Told.NotPermitted).why)
        assertTrue("location" in (reader().bssid() as Told.NotPermitted).why)
    }

    @Test
    fun `with location turned off names are not permitted, for that reason`() {
        allowLocation()
        location(on = false)
        connect(null, BLOTTED)
        assertTrue("turned on" in (reader().ssid() as Told.NotPermitted).why)
    }

    @Test
    fun `in the background names need the permission for that from Android 10 on`() {
        allowLocation()
        connect(null, BLOTTED)
        val told = reader().ssid()
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.Q) {
            assertTrue("while this app is open" in (told as Told.NotPermitted).why)
        } else {
            assertTrue(told is Told.NotAvailable)
        }
    }

    @Test
    @Config(sdk = [31, 34])
    fun `the protection is told from Android 12 on, without location`() {
        connect(null, BLOTTED, security = WifiInfo.SECURITY_TYPE_SAE)
        assertEquals(Told.Known(WifiSecurity.WPA3), reader().security())

        connect(null, BLOTTED, security = WifiInfo.SECURITY_TYPE_UNKNOWN)
        assertTrue(reader().security() is Told.NotAvailable)
    }

    @Test
    @Config(sdk = [28])
    fun `before Android 12 the protection is what the access point announced, where location allows it`() {
        connect("home", "02:00:5e:10:00:07")
        assertTrue(reader().security() is Told.NotPermitted)

        allowLocation()
        assertTrue(reader().security() is Told.NotAvailable)

        wifi.setScanResults(listOf(announced("02:00:5e:10:00:08", "[ESS]"), announced("02:00:5e:10:00:07", "[WPA2-PSK-CCMP][ESS]")))
        assertEquals(Told.Known(WifiSecurity.WPA2), reader().security())
    }

    @Test
    fun `another network than a Wi-Fi has no name, and an app without the permission is told so`() {
        val other = WifiReader(context, isWifi = false)
        assertEquals(Told.NotAvailable("the network is not a Wi-Fi"), other.ssid())

        shadowOf(context).denyPermissions("android.permission.ACCESS_WIFI_STATE")
        assertTrue("ACCESS_WIFI_STATE" in (reader().ssid() as Told.NotPermitted).why)
        assertTrue(reader().security() is Told.NotPermitted)
    }

    @Test
    fun `every announced protection has its word`() {
        val words = mapOf(
            "[ESS]" to WifiSecurity.OPEN,
            "[WEP][ESS]" to WifiSecurity.WEP,
            "[WPA-PSK-TKIP][ESS]" to WifiSecurity.WPA,
            "[WPA2-PSK-CCMP][RSN-PSK-CCMP][ESS]" to WifiSecurity.WPA2,
            "[WPA-PSK-CCMP][WPA2-PSK-CCMP][ESS]" to WifiSecurity.PERSONAL,
            "[RSN-PSK+SAE-CCMP][ESS]" to WifiSecurity.PERSONAL,
            "[RSN-SAE-CCMP][ESS]" to WifiSecurity.WPA3,
            "[RSN-OWE-CCMP][ESS]" to WifiSecurity.OWE,
            "[WPA2-EAP-CCMP][RSN-EAP-CCMP][ESS]" to WifiSecurity.ENTERPRISE,
        )
        for ((announced, word) in words) assertEquals(announced, Told.Known(word), wifiSecurity(announced))
    }

    @Test
    fun `a type of a future Android is unknown, not open`() {
        assertNull(wifiSecurity(99))
        assertEquals(Told.Known(WifiSecurity.OPEN), wifiSecurity(WifiInfo.SECURITY_TYPE_OPEN))
        assertEquals(Told.Known(WifiSecurity.PERSONAL), wifiSecurity(WifiInfo.SECURITY_TYPE_PSK))
    }

    private fun reader() = WifiReader(context, isWifi = true)

    private fun allowLocation() {
        shadowOf(context).grantPermissions("android.permission.ACCESS_FINE_LOCATION")
        location(on = true)
    }

    private fun location(on: Boolean) {
        val manager = shadowOf(context.getSystemService(LocationManager::class.java))
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.P) manager.setLocationEnabled(on)
        manager.setProviderEnabled(LocationManager.GPS_PROVIDER, on)
    }

    private fun connect(ssid: String?, bssid: String, security: Int? = null) {
        val info = ShadowWifiInfo.newInstance()
        ssid?.let(shadowOf(info)::setSSID)
        shadowOf(info).setBSSID(bssid)
        security?.let { ReflectionHelpers.setField(info, "mSecurityType", it) }
        wifi.setConnectionInfo(info)
    }

    private fun announced(bssid: String, capabilities: String): ScanResult =
        ReflectionHelpers.newInstance(ScanResult::class.java).apply {
            BSSID = bssid
            this.capabilities = capabilities
        }
}

/** What Android gives instead of an access point's address. */
private const val BLOTTED = "02:00:00:00:00:00"
