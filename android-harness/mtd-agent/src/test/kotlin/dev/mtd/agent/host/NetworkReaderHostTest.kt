package dev.mtd.agent.host

import android.net.NetworkCapabilities
import android.net.ProxyInfo
import android.net.Uri
import android.os.Build
import dev.mtd.agent.BoolFact
import dev.mtd.agent.HostException
import dev.mtd.agent.NeighboursFact
import dev.mtd.agent.Neighbour
import dev.mtd.agent.NetworkSnapshot
import dev.mtd.agent.ProxiesFact
import dev.mtd.agent.Proxy
import dev.mtd.agent.TextFact
import dev.mtd.agent.TextListFact
import dev.mtd.agent.Transport
import dev.mtd.agent.TransportFact
import dev.mtd.agent.WifiSecurityFact
import dev.mtd.agent.testing.AgentTestRunner
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config

@RunWith(AgentTestRunner::class)

class NetworkReaderHostTest {
    private val context = RuntimeEnvironment.getApplication()
    private val networks = NetworkFixture(context)

    @Test
    fun `gateways, resolvers, transport and cost are told`() {
        val link = NetworkFixture.link("eth0", "192.0.2.1", "192.0.2.53", "2001:db8::53")
        networks.add(1, NetworkCapabilities.TRANSPORT_ETHERNET, NetworkCapabilities.NET_CAPABILITY_NOT_METERED, link = link)

        val told = read()
        assertEquals(TextListFact.Known(listOf("192.0.2.1")), told.gateways)
        assertEquals(TextListFact.Known(listOf("192.0.2.53", spelled("2001:db8::53"))), told.dnsServers)
        assertEquals(TransportFact.Known(Transport.ETHERNET), told.transport)
        assertEquals(BoolFact.Known(false), told.metered)
        assertEquals(BoolFact.Known(false), told.captive)
        assertEquals(TextListFact.Known(emptyList()), told.vpns)
        assertEquals(ProxiesFact.Known(emptyList()), told.proxies)
        assertEquals(TextFact.Known("eth0"), told.name)
        assertTrue(told.ssid is TextFact.NotAvailable)
        assertTrue(told.security is WifiSecurityFact.NotAvailable)
    }

    @Test
    fun `a captive portal and a metered network are told`() {
        networks.add(1, NetworkCapabilities.TRANSPORT_CELLULAR, NetworkCapabilities.NET_CAPABILITY_CAPTIVE_PORTAL)
        assertEquals(BoolFact.Known(true), read().captive)
        assertEquals(BoolFact.Known(true), read().metered)
        assertEquals(TransportFact.Known(Transport.CELLULAR), read().transport)
    }

    @Test
    fun `under a VPN the network below it is told, and the VPN by name`() {
        val below = NetworkFixture.link("eth0", "192.0.2.1", "192.0.2.53")
        networks.add(1, NetworkCapabilities.TRANSPORT_ETHERNET, active = false, link = below)
        networks.add(2, NetworkCapabilities.TRANSPORT_VPN, link = NetworkFixture.link("tun0", null, "10.0.0.53"))

        val told = read()
        assertEquals(TextListFact.Known(listOf("tun0")), told.vpns)
        assertEquals(TextListFact.Known(listOf("192.0.2.1")), told.gateways)
        assertEquals("what traffic uses", TextListFact.Known(listOf("10.0.0.53")), told.dnsServers)
        assertEquals(TransportFact.Known(Transport.ETHERNET), told.transport)
    }

    @Test
    fun `a proxy is told with its port, a script by its address without a password`() {
        val link = NetworkFixture.link("wlan0")
        link.httpProxy = ProxyInfo.buildDirectProxy("proxy.example", 3128)
        networks.add(1, NetworkCapabilities.TRANSPORT_ETHERNET, link = link)
        assertEquals(ProxiesFact.Known(listOf(Proxy("all", "proxy.example:3128"))), read().proxies)

        link.httpProxy = ProxyInfo.buildPacProxy(Uri.parse("http://me:secret@proxy.example/a.pac"))
        networks.add(2, NetworkCapabilities.TRANSPORT_ETHERNET, link = link)
        assertEquals(ProxiesFact.Known(listOf(Proxy("pac", "http://proxy.example/a.pac"))), read().proxies)
    }

    @Test
    fun `what came with Android 11 is told from there on`() {
        val link = NetworkFixture.link("eth0")
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.R) {
            link.dhcpServerAddress = java.net.InetAddress.getByName("192.0.2.2") as java.net.Inet4Address
            link.nat64Prefix = android.net.IpPrefix(java.net.InetAddress.getByName("64:ff9b::"), 96)
        }
        networks.add(1, NetworkCapabilities.TRANSPORT_ETHERNET, link = link)

        val told = read()
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.R) {
            assertEquals(TextFact.Known("192.0.2.2"), told.dhcpServer)
            assertEquals(TextFact.Known(spelled("64:ff9b::") + "/96"), told.nat64Prefix)
        } else {
            assertEquals(TextFact.NotAvailable("the network is not a Wi-Fi"), told.dhcpServer)
            assertTrue("version 11" in (told.nat64Prefix as TextFact.NotAvailable).why)
        }
    }

    @Test
    fun `neighbours are told up to Android 9, resolved ones only`() {
        networks.add(1, NetworkCapabilities.TRANSPORT_ETHERNET)
        val told = read(FakeFiles(mapOf("/proc/net/arp" to ARP))).neighbours
        if (Build.VERSION.SDK_INT < Build.VERSION_CODES.Q) {
            assertEquals(NeighboursFact.Known(listOf(Neighbour("192.0.2.1", "02:00:5e:10:00:01"))), told)
            assertTrue(read(FakeFiles()).neighbours is NeighboursFact.NotAvailable)
        } else {
            assertTrue(told is NeighboursFact.NotAvailable)
        }
    }

    @Test
    fun `the sign-in service's address is for the system only, and that is said`() {
        networks.add(1, NetworkCapabilities.TRANSPORT_ETHERNET)
        assertTrue("system apps only" in (read().portalApi as TextFact.NotAvailable).why)
    }

    @Test
    fun `no network is not an empty network`() {
        val refused = assertThrows(HostException.NotAvailable::class.java) { read() }
        assertEquals("no network is connected", refused.why)
    }

    @Test
    fun `without the permission nothing is told, and which one it is`() {
        networks.add(1, NetworkCapabilities.TRANSPORT_ETHERNET)
        shadowOf(context).denyPermissions("android.permission.ACCESS_NETWORK_STATE")
        val refused = assertThrows(HostException.NotPermitted::class.java) { read() }
        assertTrue("ACCESS_NETWORK_STATE" in refused.why)
    }

    /** Android shortens runs of zeros, the JVM does not. */
    private fun spelled(address: String) = NetworkReader.plain(java.net.InetAddress.getByName(address))

    private fun read(files: Files = FakeFiles()): NetworkSnapshot = NetworkReader(context, files).read()
}

private const val ARP = """IP address       HW type     Flags       HW address            Mask     Device
192.0.2.1        0x1         0x2         02:00:5E:10:00:01     *        wlan0
192.0.2.9        0x1         0x0         00:00:00:00:00:00     *        wlan0
"""
