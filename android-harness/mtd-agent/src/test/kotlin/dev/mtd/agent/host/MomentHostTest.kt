package dev.mtd.agent.host

import android.net.NetworkCapabilities
import android.os.PowerManager
import dev.mtd.agent.DeliveryHints
import dev.mtd.agent.testing.AgentTestRunner
import org.junit.Assert.assertEquals
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf

/** What a delivery is told of the moment. */
@RunWith(AgentTestRunner::class)
class MomentHostTest {
    private val context = RuntimeEnvironment.getApplication()
    private val networks = NetworkFixture(context)

    @Test
    fun `a Wi-Fi at home is a good moment`() {
        networks.add(1, NetworkCapabilities.TRANSPORT_WIFI, FREE, AT_HOME)
        assertEquals(DeliveryHints(metered = false, lowPower = false, roaming = false), hints())
    }

    @Test
    fun `a network that costs, and one abroad, are told`() {
        networks.add(1, NetworkCapabilities.TRANSPORT_CELLULAR, AT_HOME)
        assertEquals(DeliveryHints(metered = true, lowPower = false, roaming = false), hints())
        networks.add(2, NetworkCapabilities.TRANSPORT_CELLULAR)
        assertEquals(DeliveryHints(metered = true, lowPower = false, roaming = true), hints())
    }

    @Test
    fun `the cost of a VPN is that of the network that carries this app's traffic`() {
        networks.add(1, NetworkCapabilities.TRANSPORT_WIFI, FREE, AT_HOME)
        networks.add(2, NetworkCapabilities.TRANSPORT_VPN, AT_HOME)
        assertEquals(DeliveryHints(metered = true, lowPower = false, roaming = false), hints())
    }

    @Test
    fun `a battery that is spared is told`() {
        networks.add(1, NetworkCapabilities.TRANSPORT_WIFI, FREE, AT_HOME)
        shadowOf(context.getSystemService(PowerManager::class.java)).setIsPowerSaveMode(true)
        assertEquals(DeliveryHints(metered = false, lowPower = true, roaming = false), hints())
    }

    @Test
    fun `without a network or the permission to look nothing speaks against it`() {
        assertEquals(DeliveryHints(metered = false, lowPower = false, roaming = false), hints())
        networks.add(1, NetworkCapabilities.TRANSPORT_CELLULAR)
        shadowOf(context).denyPermissions("android.permission.ACCESS_NETWORK_STATE")
        assertEquals(DeliveryHints(metered = false, lowPower = false, roaming = false), hints())
    }

    private fun hints() = Moment(context).hints()
}

private const val FREE = NetworkCapabilities.NET_CAPABILITY_NOT_METERED
private const val AT_HOME = NetworkCapabilities.NET_CAPABILITY_NOT_ROAMING
