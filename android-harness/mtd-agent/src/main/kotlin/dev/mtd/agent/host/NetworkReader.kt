package dev.mtd.agent.host

import android.content.Context
import android.net.NetworkCapabilities
import android.os.Build
import dev.mtd.agent.NetworkSnapshot
import dev.mtd.agent.Transport
import java.net.InetAddress

/** The network in use, by `ConnectivityManager` and `WifiManager`, without sending a packet. */
internal class NetworkReader(private val context: Context, private val files: Files = SystemFiles) {
    fun read(): NetworkSnapshot {
        val networks = Networks.read(context).orThrow()
        val network = networks.underlying
        val link = network.link
        val capabilities = network.capabilities
        val wifi = WifiReader(context, isWifi = network.isWifi)
        val ssid = wifi.ssid()
        return NetworkSnapshot(
            name = named(ssid, link.interfaceName).asText(),
            gateways = ask("the routes") { Told.Known(gateways(network)) }.asTexts(),
            dnsServers = ask("the DNS servers") { Told.Known(networks.used.link.dnsServers.map(::plain)) }.asTexts(),
            proxies = ProxyReader(context).read(networks.used.link).asProxies(),
            vpns = Told.Known(networks.vpns.map { it.link.interfaceName ?: "VPN" }).asTexts(),
            captive = Told.Known(capabilities.hasCapability(NetworkCapabilities.NET_CAPABILITY_CAPTIVE_PORTAL)).asBool(),
            privateDns = PrivateDnsReader(context).read(networks.used).asPrivateDns(),
            transport = Told.Known(transport(capabilities)).asTransport(),
            ssid = ssid.asText(),
            bssid = wifi.bssid().asText(),
            security = wifi.security().asWifiSecurity(),
            neighbours = NeighboursReader(files).read().asNeighbours(),
            dhcpServer = dhcpServer(network, wifi).asText(),
            nat64Prefix = nat64Prefix(network).asText(),
            portalApi = PORTAL_API.asText(),
            metered = Told.Known(isMetered(capabilities)).asBool(),
        )
    }

    private fun named(ssid: Told<String>, device: String?): Told<String> =
        ssid as? Told.Known ?: text("network's name", device)

    private fun gateways(network: DescribedNetwork): List<String> =
        network.link.routes.filter { it.isDefaultRoute }.mapNotNull { it.gateway }
            .filterNot { it.isAnyLocalAddress }.map(::plain).distinct()

    private fun transport(capabilities: NetworkCapabilities): Transport = when {
        capabilities.hasTransport(NetworkCapabilities.TRANSPORT_WIFI) -> Transport.WIFI
        capabilities.hasTransport(NetworkCapabilities.TRANSPORT_CELLULAR) -> Transport.CELLULAR
        capabilities.hasTransport(NetworkCapabilities.TRANSPORT_ETHERNET) -> Transport.ETHERNET
        else -> Transport.OTHER
    }

    private fun dhcpServer(network: DescribedNetwork, wifi: WifiReader): Told<String> = ask("the DHCP server") {
        if (Build.VERSION.SDK_INT < Build.VERSION_CODES.R) return@ask wifi.dhcpServer()
        val server = network.link.dhcpServerAddress
            ?: return@ask Told.NotAvailable("no DHCP server configured this network")
        Told.Known(plain(server))
    }

    private fun nat64Prefix(network: DescribedNetwork): Told<String> = ask("the NAT64 prefix") {
        if (Build.VERSION.SDK_INT < Build.VERSION_CODES.R) {
            return@ask Told.NotAvailable("Android tells the NAT64 prefix from version 11 on")
        }
        val prefix = network.link.nat64Prefix ?: return@ask Told.NotAvailable("this network has no NAT64")
        Told.Known("${plain(prefix.address)}/${prefix.prefixLength}")
    }

    internal companion object {
        /** `LinkProperties.getCaptivePortalApiUrl` is for the system, and told redacted to apps. */
        private val PORTAL_API: Told<String> =
            Told.NotAvailable("Android tells the address of a network's sign-in service (RFC 8908) to system apps only")

        /** The address without the interface's name (`fe80::1%wlan0`). */
        fun plain(address: InetAddress): String = address.hostAddress.orEmpty().substringBefore('%')
    }
}

/** A network that is free for a while (5G plans: Android 11, `NET_CAPABILITY_TEMPORARILY_NOT_METERED`) costs nothing now. */
internal fun isMetered(capabilities: NetworkCapabilities): Boolean {
    val free = Build.VERSION.SDK_INT >= Build.VERSION_CODES.R &&
        capabilities.hasCapability(NetworkCapabilities.NET_CAPABILITY_TEMPORARILY_NOT_METERED)
    return !free && !capabilities.hasCapability(NetworkCapabilities.NET_CAPABILITY_NOT_METERED)
}
