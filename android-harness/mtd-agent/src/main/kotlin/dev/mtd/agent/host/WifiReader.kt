package dev.mtd.agent.host

import android.content.Context
import android.location.LocationManager
import android.net.wifi.WifiInfo
import android.net.wifi.WifiManager
import android.os.Build
import dev.mtd.agent.WifiSecurity
import java.net.InetAddress

/**
 * The Wi-Fi in use, by `WifiManager.getConnectionInfo`: since Android 12 the one synchronous call that an app with the
 * location permission gets names from (`ConnectivityManager.getNetworkCapabilities` tells them blotted out).
 */
internal class WifiReader(private val context: Context, private val isWifi: Boolean) {
    private val manager: WifiManager? = context.applicationContext.service()
    private val info: Told<WifiInfo> by lazy(::connection)

    /** The name, without the quotes that Android puts around it; hexadecimal digits where it is not UTF-8. */
    fun ssid(): Told<String> = info.flatMap { info ->
        val ssid = info.ssid
        when {
            ssid.isNullOrEmpty() || ssid == UNKNOWN_SSID -> withheld("name")
            else -> text("Wi-Fi's name", ssid.removeSurrounding("\""))
        }
    }

    fun bssid(): Told<String> = info.flatMap { info ->
        when (val bssid = info.bssid) {
            null, BLOTTED_OUT -> withheld("access point")
            else -> Told.Known(bssid)
        }
    }

    fun security(): Told<WifiSecurity> = info.flatMap { info ->
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.S) {
            wifiSecurity(info.currentSecurityType)
                ?: Told.NotAvailable("Android does not tell how this Wi-Fi is protected (type ${info.currentSecurityType})")
        } else {
            fromScan(info)
        }
    }

    /** Before Android 11 the lease is told by `WifiManager` only. */
    @Suppress("DEPRECATION")
    fun dhcpServer(): Told<String> = info.flatMap {
        when (val address = manager?.dhcpInfo?.serverAddress ?: 0) {
            0 -> Told.NotAvailable("no DHCP server configured this network")
            else -> Told.Known(littleEndian(address))
        }
    }

    @Suppress("DEPRECATION")
    private fun connection(): Told<WifiInfo> = ask("the Wi-Fi") {
        if (!isWifi) return@ask Told.NotAvailable("the network is not a Wi-Fi")
        if (!context.holds("android.permission.ACCESS_WIFI_STATE")) {
            return@ask Told.NotPermitted("this app lacks the permission ACCESS_WIFI_STATE, which its maker has to declare")
        }
        manager?.connectionInfo?.let { Told.Known(it) } ?: Told.NotAvailable("Android does not describe the Wi-Fi")
    }

    /** Why a name is missing: Android treats it as the user's location. */
    private fun withheld(what: String): Told<Nothing> = when {
        !context.holds(FINE_LOCATION) ->
            Told.NotPermitted("the Wi-Fi's $what is only told to apps that may see the precise location")
        !isLocationOn() -> Told.NotPermitted("the Wi-Fi's $what is only told while location is turned on")
        Build.VERSION.SDK_INT >= Build.VERSION_CODES.Q && !context.holds(BACKGROUND_LOCATION) ->
            Told.NotPermitted("the Wi-Fi's $what is only told while this app is open, or allowed to see the location all the time")
        else -> Told.NotAvailable("Android does not know the Wi-Fi's $what")
    }

    private fun isLocationOn(): Boolean = ask("whether location is on") {
        val locations = context.service<LocationManager>()
        Told.Known(
            if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.P) {
                locations?.isLocationEnabled == true
            } else {
                locations?.getProviders(true).orEmpty().any { it != LocationManager.PASSIVE_PROVIDER }
            },
        )
    }.orNull() == true

    /** Before Android 12 only what the access point announced tells the protection, and that is location, too. */
    @Suppress("DEPRECATION")
    private fun fromScan(info: WifiInfo): Told<WifiSecurity> = ask("the list of nearby Wi-Fis") {
        if (!context.holds(FINE_LOCATION) || !isLocationOn()) return@ask withheld("protection")
        val announced = manager?.scanResults.orEmpty().firstOrNull { it.BSSID == info.bssid }
            ?: return@ask Told.NotAvailable("Android tells how a Wi-Fi is protected from version 12 on, and this one is not in its list of nearby ones")
        wifiSecurity(announced.capabilities.orEmpty())
    }

    private fun littleEndian(address: Int): String {
        val bytes = ByteArray(4) { index -> (address shr (8 * index)).toByte() }
        return NetworkReader.plain(InetAddress.getByAddress(bytes))
    }
}

private const val FINE_LOCATION = "android.permission.ACCESS_FINE_LOCATION"
private const val BACKGROUND_LOCATION = "android.permission.ACCESS_BACKGROUND_LOCATION"

/** `WifiManager.UNKNOWN_SSID`, which older versions of Android say without naming it. */
private const val UNKNOWN_SSID = "<unknown ssid>"

/** What Android gives instead of an access point's address that is withheld. */
private const val BLOTTED_OUT = "02:00:00:00:00:00"
