package dev.mtd.agent.host

import android.content.Context
import android.os.Build
import android.provider.Settings

/** The switches of the developer options, by `Settings.Global`. */
internal class DebugSwitches(private val context: Context, private val properties: SystemProperties) {
    fun developerMode(): Told<Boolean> = ask("whether developer options are on") { isOn(Settings.Global.DEVELOPMENT_SETTINGS_ENABLED) }

    fun usb(): Told<Boolean> = ask("whether USB debugging is on") { isOn(Settings.Global.ADB_ENABLED) }

    /**
     * Android 11's own switch, or the port that `adb tcpip` leaves open on any version. Where the port is withheld, which it is
     * from apps on most devices, no debugging at all is no wireless debugging either.
     */
    fun wireless(): Told<Boolean> {
        val port = properties.get("service.adb.tcp.port")?.toIntOrNull()
        if (port != null && port > 0) return Told.Known(true)
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.R) return ask("whether wireless debugging is on") { isOn(ADB_WIFI_ENABLED) }
        if (port != null || usb().orNull() == false) return Told.Known(false)
        return Told.NotAvailable("before Android 11 apps are not told whether debugging goes over the network")
    }

    private fun isOn(setting: String): Told<Boolean> =
        Told.Known(Settings.Global.getInt(context.contentResolver, setting, 0) == 1)
}

/** `Settings.Global.ADB_WIFI_ENABLED`, which has no name in the SDK and which apps may read. */
internal const val ADB_WIFI_ENABLED = "adb_wifi_enabled"
