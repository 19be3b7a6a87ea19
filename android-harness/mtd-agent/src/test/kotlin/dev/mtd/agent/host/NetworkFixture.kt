package dev.mtd.agent.host

import android.app.Application
import android.net.ConnectivityManager
import android.net.IpPrefix
import android.net.LinkAddress
import android.net.LinkProperties
import android.net.Network
import android.net.NetworkCapabilities
import android.net.NetworkInfo
import android.net.RouteInfo
import java.net.InetAddress
import org.robolectric.Shadows.shadowOf
import org.robolectric.shadows.ShadowNetwork
import org.robolectric.shadows.ShadowNetworkCapabilities
import org.robolectric.shadows.ShadowNetworkInfo

/** Puts networks on Robolectric's device. */
internal class NetworkFixture(private val context: Application) {
    private val manager = context.getSystemService(ConnectivityManager::class.java)

    init {
        shadowOf(context).grantPermissions("android.permission.ACCESS_NETWORK_STATE", "android.permission.ACCESS_WIFI_STATE")
        @Suppress("DEPRECATION")
        manager.allNetworks.forEach(shadowOf(manager)::removeNetwork)
        shadowOf(manager).setActiveNetworkInfo(null)
    }

    /** A network as [transport], with [capabilities]; the one in use if [active]. */
    fun add(
        id: Int,
        transport: Int,
        vararg capabilities: Int,
        active: Boolean = true,
        link: LinkProperties = link("wlan$id"),
    ): Network {
        // Robolectric finds the active network by its type: each gets one of its own.
        @Suppress("DEPRECATION")
        val info = ShadowNetworkInfo.newInstance(NetworkInfo.DetailedState.CONNECTED, id, 0, true, NetworkInfo.State.CONNECTED)
        val network = ShadowNetwork.newInstance(id)
        val shadow = shadowOf(manager)
        shadow.addNetwork(network, info)
        shadow.setLinkProperties(network, link)
        val described = ShadowNetworkCapabilities.newInstance()
        shadowOf(described).addTransportType(transport)
        for (capability in DEFAULT + capabilities.toList()) shadowOf(described).addCapability(capability)
        shadow.setNetworkCapabilities(network, described)
        if (active) shadow.setActiveNetworkInfo(info)
        return network
    }

    companion object {
        private val DEFAULT = listOf(NetworkCapabilities.NET_CAPABILITY_INTERNET)

        fun link(name: String, gateway: String? = "192.0.2.1", vararg dns: String) = LinkProperties().apply {
            interfaceName = name
            addLinkAddress(LinkAddress(InetAddress.getByName("192.0.2.77"), 24))
            gateway?.let { addRoute(RouteInfo(IpPrefix(InetAddress.getByName("0.0.0.0"), 0), InetAddress.getByName(it), name)) }
            dns.forEach { addDnsServer(InetAddress.getByName(it)) }
        }
    }
}
