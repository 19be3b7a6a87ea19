package dev.mtd.agent.host

import android.content.Context
import android.net.ConnectivityManager
import android.net.LinkProperties
import android.net.Network
import android.net.NetworkCapabilities

/** One network as Android describes it at this moment. */
internal class DescribedNetwork(val link: LinkProperties, val capabilities: NetworkCapabilities) {
    val isVpn get() = capabilities.hasTransport(NetworkCapabilities.TRANSPORT_VPN)
    val isWifi get() = capabilities.hasTransport(NetworkCapabilities.TRANSPORT_WIFI)
    val isValidated get() = capabilities.hasCapability(NetworkCapabilities.NET_CAPABILITY_VALIDATED)
}

/**
 * The networks of the device. A VPN lies over another network: what the device is attached to ([underlying]) and what
 * this app's traffic uses ([used]) are then two.
 */
internal class Networks private constructor(
    val used: DescribedNetwork,
    val underlying: DescribedNetwork,
    val vpns: List<DescribedNetwork>,
) {
    companion object {
        @Suppress("DEPRECATION") // allNetworks: its replacement, a callback, cannot be asked.
        fun read(context: Context): Told<Networks> = ask("the state of the network") {
            if (!context.holds(ACCESS_NETWORK_STATE)) return@ask Told.NotPermitted(NO_PERMISSION)
            val manager = context.service<ConnectivityManager>()
                ?: return@ask Told.NotAvailable("this device has no network connections")
            val used = manager.activeNetwork?.let { describe(manager, it) }
                ?: return@ask Told.NotAvailable("no network is connected")
            val all = manager.allNetworks.mapNotNull { describe(manager, it) }
            val underlying = if (used.isVpn) all.filter(::carries).minByOrNull(::preference) ?: used else used
            Told.Known(Networks(used, underlying, all.filter { it.isVpn }))
        }

        private fun describe(manager: ConnectivityManager, network: Network): DescribedNetwork? {
            val link = manager.getLinkProperties(network) ?: return null
            val capabilities = manager.getNetworkCapabilities(network) ?: return null
            return DescribedNetwork(link, capabilities)
        }

        private fun carries(network: DescribedNetwork) =
            !network.isVpn && network.capabilities.hasCapability(NetworkCapabilities.NET_CAPABILITY_INTERNET)

        /** The order in which Android itself chooses: what works first, then what costs nothing. */
        private fun preference(network: DescribedNetwork): Int = when {
            !network.isValidated -> 3
            network.capabilities.hasTransport(NetworkCapabilities.TRANSPORT_ETHERNET) -> 0
            network.isWifi -> 1
            else -> 2
        }
    }
}

private const val ACCESS_NETWORK_STATE = "android.permission.ACCESS_NETWORK_STATE"

private const val NO_PERMISSION = "this app lacks the permission ACCESS_NETWORK_STATE, which its maker has to declare"
