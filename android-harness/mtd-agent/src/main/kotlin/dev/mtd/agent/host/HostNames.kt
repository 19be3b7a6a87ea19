package dev.mtd.agent.host

import java.net.InetAddress
import java.net.UnknownHostException
import java.security.cert.CertificateParsingException
import java.security.cert.X509Certificate

/**
 * Whether [certificate] is for [host] (RFC 9525): a DNS name of its alternative names, where `*` stands for one whole label,
 * the first; or an IP address among them. The subject's common name does not count.
 */
internal fun namesHost(certificate: X509Certificate, host: String): Boolean {
    val names = try {
        certificate.subjectAlternativeNames.orEmpty()
    } catch (malformed: CertificateParsingException) {
        return false
    }
    val wanted = host.removeSurrounding("[", "]").trimEnd('.').lowercase()
    val address = addressOf(wanted)
    return names.any { name ->
        val value = name[1] as? String ?: return@any false
        when (name[0]) {
            DNS_NAME -> address == null && matches(value.trimEnd('.').lowercase(), wanted)
            IP_ADDRESS -> address != null && address == addressOf(value)
            else -> false
        }
    }
}

private fun matches(pattern: String, host: String): Boolean {
    if (!pattern.startsWith("*.")) return pattern == host
    val parent = pattern.removePrefix("*.")
    return '.' in parent && '*' !in parent && host.substringAfter('.', "") == parent && !host.startsWith(".")
}

/** The address that [text] spells; never looks up a name. */
private fun addressOf(text: String): InetAddress? {
    val spelled = ':' in text || IPV4.matches(text)
    return try {
        if (spelled) InetAddress.getByName(text) else null
    } catch (malformed: UnknownHostException) {
        null
    }
}

private val IPV4 = Regex("\\d{1,3}(\\.\\d{1,3}){3}")

/** Kinds of `X509Certificate.getSubjectAlternativeNames`. */
private const val DNS_NAME = 2
private const val IP_ADDRESS = 7
