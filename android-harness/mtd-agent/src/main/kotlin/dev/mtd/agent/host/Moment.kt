package dev.mtd.agent.host

import android.content.Context
import android.net.ConnectivityManager
import android.net.NetworkCapabilities
import android.os.Build
import android.os.PowerManager
import dev.mtd.agent.DeliveryHints

/** Whether this is a good moment to send and fetch what can wait. Where Android does not tell, nothing speaks against it. */
internal class Moment(private val context: Context) {
    fun hints(): DeliveryHints {
        val used = (Networks.read(context) as? Told.Known)?.value?.used?.capabilities
        return DeliveryHints(
            metered = used != null && isMetered(used),
            lowPower = context.service<PowerManager>()?.isPowerSaveMode == true,
            roaming = isRoaming(used),
        )
    }

    private fun isRoaming(used: NetworkCapabilities?): Boolean {
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.P) return used?.hasCapability(NetworkCapabilities.NET_CAPABILITY_NOT_ROAMING) == false
        @Suppress("DEPRECATION") // The only way before Android 9.
        return used != null && context.service<ConnectivityManager>()?.activeNetworkInfo?.isRoaming == true
    }
}
