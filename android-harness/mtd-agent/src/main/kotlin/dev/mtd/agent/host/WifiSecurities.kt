package dev.mtd.agent.host

import android.net.wifi.WifiInfo
import dev.mtd.agent.WifiSecurity

/** `WifiInfo.getCurrentSecurityType` (Android 12 and later); absent for a type that says nothing, or is new. */
internal fun wifiSecurity(type: Int): Told<WifiSecurity>? = when (type) {
    WifiInfo.SECURITY_TYPE_OPEN -> WifiSecurity.OPEN
    WifiInfo.SECURITY_TYPE_OWE -> WifiSecurity.OWE
    WifiInfo.SECURITY_TYPE_WEP -> WifiSecurity.WEP
    // WPA and WPA2: Android counts them as one.
    WifiInfo.SECURITY_TYPE_PSK, WifiInfo.SECURITY_TYPE_WAPI_PSK -> WifiSecurity.PERSONAL
    WifiInfo.SECURITY_TYPE_SAE -> WifiSecurity.WPA3
    WifiInfo.SECURITY_TYPE_EAP,
    WifiInfo.SECURITY_TYPE_EAP_WPA3_ENTERPRISE,
    WifiInfo.SECURITY_TYPE_EAP_WPA3_ENTERPRISE_192_BIT,
    WifiInfo.SECURITY_TYPE_WAPI_CERT,
    WifiInfo.SECURITY_TYPE_PASSPOINT_R1_R2,
    WifiInfo.SECURITY_TYPE_PASSPOINT_R3,
    -> WifiSecurity.ENTERPRISE
    else -> null
}?.let { Told.Known(it) }

/**
 * `ScanResult.capabilities`, such as `[WPA2-PSK-CCMP][RSN-PSK-CCMP][ESS]`. An access point that offers two versions with one
 * password does not tell which this device took.
 */
internal fun wifiSecurity(capabilities: String): Told<WifiSecurity> {
    val has = { word: String -> word in capabilities }
    val wpa2 = has("WPA2-PSK") || has("RSN-PSK")
    val wpa = has("[WPA-PSK")
    val versions = listOf(has("SAE"), wpa2, wpa).count { it }
    return Told.Known(
        when {
            has("EAP") || has("WAPI-CERT") -> WifiSecurity.ENTERPRISE
            versions > 1 || has("WAPI-PSK") -> WifiSecurity.PERSONAL
            has("SAE") -> WifiSecurity.WPA3
            wpa2 -> WifiSecurity.WPA2
            wpa -> WifiSecurity.WPA
            has("OWE") -> WifiSecurity.OWE
            has("WEP") -> WifiSecurity.WEP
            else -> WifiSecurity.OPEN
        },
    )
}
