package dev.mtd.agent.host

import android.net.LinkProperties
import android.net.NetworkCapabilities
import android.provider.Settings
import dev.mtd.agent.PrivateDns
import dev.mtd.agent.testing.AgentTestRunner
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import org.robolectric.shadows.ShadowNetworkCapabilities
import org.robolectric.util.ReflectionHelpers

@RunWith(AgentTestRunner::class)

class PrivateDnsReaderHostTest {
    private val context = RuntimeEnvironment.getApplication()

    @Test
    fun `off is off`() {
        mode("off")
        assertEquals(Told.Known(PrivateDns.Off), read(active = false))
    }

    @Test
    fun `automatic says whether this network's resolver takes part`() {
        mode("opportunistic")
        assertEquals(Told.Known(PrivateDns.Opportunistic(active = false)), read(active = false))
        assertEquals(Told.Known(PrivateDns.Opportunistic(active = true)), read(active = true))
    }

    @Test
    fun `a named server is active on a validated network, else unreachable`() {
        mode("hostname")
        assertEquals(Told.Known(PrivateDns.Active("dns.example")), read(active = true, server = "dns.example", validated = true))
        assertEquals(Told.Known(PrivateDns.Unreachable("dns.example")), read(active = true, server = "dns.example"))
        assertTrue(read(active = false) is Told.NotAvailable)
    }

    @Test
    fun `who never chose has the maker's default, and automatic where there is none`() {
        assertEquals(Told.Known(PrivateDns.Opportunistic(active = false)), read(active = false))
        Settings.Global.putString(context.contentResolver, "private_dns_default_mode", "off")
        assertEquals(Told.Known(PrivateDns.Off), read(active = false))
    }

    @Test
    fun `a mode of a future Android is judged by what the network says`() {
        mode("quantum")
        assertEquals(Told.Known(PrivateDns.Active("dns.example")), read(active = true, server = "dns.example", validated = true))
        assertEquals(Told.Known(PrivateDns.Opportunistic(active = true)), read(active = true))
        assertTrue(read(active = false) is Told.NotAvailable)
    }

    private fun mode(mode: String) {
        Settings.Global.putString(context.contentResolver, "private_dns_mode", mode)
    }

    private fun read(active: Boolean, server: String? = null, validated: Boolean = false): Told<PrivateDns> {
        val link = LinkProperties()
        ReflectionHelpers.setField(link, "mUsePrivateDns", active)
        ReflectionHelpers.setField(link, "mPrivateDnsServerName", server)
        val capabilities = ShadowNetworkCapabilities.newInstance()
        if (validated) shadowOf(capabilities).addCapability(NetworkCapabilities.NET_CAPABILITY_VALIDATED)
        return PrivateDnsReader(context).read(DescribedNetwork(link, capabilities))
    }
}
