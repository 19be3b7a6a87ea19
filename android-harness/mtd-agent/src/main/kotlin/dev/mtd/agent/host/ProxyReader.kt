package dev.mtd.agent.host

import android.content.Context
import android.net.ConnectivityManager
import android.net.LinkProperties
import android.net.ProxyInfo
import android.net.Uri
import dev.mtd.agent.Proxy

/** The proxy of the network (`LinkProperties.getHttpProxy`), else that of the device (`ConnectivityManager.getDefaultProxy`). */
internal class ProxyReader(private val context: Context) {
    fun read(link: LinkProperties): Told<List<Proxy>> = ask("the proxy") {
        val proxy = link.httpProxy ?: context.service<ConnectivityManager>()?.defaultProxy
        Told.Known(listOfNotNull(proxy?.let(::described)))
    }

    /** A script stands for whatever host and port Android puts beside it. */
    private fun described(proxy: ProxyInfo): Proxy? {
        val script = proxy.pacFileUrl
        val host = proxy.host
        return when {
            script != null && script != Uri.EMPTY -> Proxy("pac", withoutUser(script))
            host.isNullOrEmpty() -> null
            ':' in host -> Proxy("all", "[$host]:${proxy.port}")
            else -> Proxy("all", "$host:${proxy.port}")
        }
    }

    private fun withoutUser(url: Uri): String {
        val authority = url.encodedAuthority ?: return url.toString()
        return url.buildUpon().encodedAuthority(authority.substringAfterLast('@')).build().toString()
    }
}
