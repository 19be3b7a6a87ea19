package dev.mtd.agent.host

import android.content.Context
import android.os.Build
import android.provider.Settings
import dev.mtd.agent.PrivateDns

/** Android's encrypted DNS: the user's choice, and whether it takes effect on this network. The rule is that of [PrivateDns]. */
internal class PrivateDnsReader(private val context: Context) {
    fun read(network: DescribedNetwork): Told<PrivateDns> {
        if (Build.VERSION.SDK_INT < Build.VERSION_CODES.P) {
            return Told.NotAvailable("Android has encrypted DNS from version 9 on")
        }
        val server = network.link.privateDnsServerName
        val active = network.link.isPrivateDnsActive
        return when (mode().orNull()) {
            "off" -> Told.Known(PrivateDns.Off)
            "opportunistic" -> Told.Known(PrivateDns.Opportunistic(active))
            "hostname" -> byName(server, network)
            else -> when {
                server != null -> byName(server, network)
                active -> Told.Known(PrivateDns.Opportunistic(active = true))
                else -> Told.NotAvailable("Android does not tell this app whether encrypted DNS is turned on")
            }
        }
    }

    private fun byName(server: String?, network: DescribedNetwork): Told<PrivateDns> = when {
        network.isValidated -> Told.Known(PrivateDns.Active(server))
        server != null -> Told.Known(PrivateDns.Unreachable(server))
        else -> Told.NotAvailable("Android does not tell this app which encrypted DNS server is set")
    }

    /** Until the user chooses, a default of the maker's counts, which is `opportunistic` where the maker has set none. */
    private fun mode(): Told<String> = ask("the mode of encrypted DNS") {
        val setting = { name: String -> Settings.Global.getString(context.contentResolver, name)?.takeIf(String::isNotBlank) }
        Told.Known(setting("private_dns_mode") ?: setting("private_dns_default_mode") ?: "opportunistic")
    }
}
