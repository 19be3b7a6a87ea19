package dev.mtd.agent.host

import dev.mtd.agent.HostException
import dev.mtd.agent.TrustAnchor
import dev.mtd.agent.TrustVerdict
import java.io.ByteArrayInputStream
import java.security.cert.CertificateException
import java.security.cert.CertificateFactory
import java.security.cert.X509Certificate
import java.time.Instant

/**
 * What this device says of a certificate chain: with the roots of the system and those that the user added, whatever the
 * app's own network security configuration leaves out.
 */
internal class TrustEvaluator(private val platform: PlatformTrust) {
    /** Judges [chain] (DER, leaf first) for [host]. */
    fun evaluate(chain: List<ByteArray>, host: String): TrustVerdict {
        val certificates = parse(chain) ?: return TrustVerdict.Rejected("a certificate cannot be read")
        val leaf = certificates.firstOrNull() ?: return TrustVerdict.Rejected("there is no certificate")
        if (!namesHost(leaf, host)) return TrustVerdict.Rejected("the certificate is for another name")
        return try {
            val path = platform.verify(certificates, authType(leaf), host)
            TrustVerdict.Trusted(anchor(path.lastOrNull()), path.lastOrNull()?.let(::spki))
        } catch (refused: CertificateException) {
            outOfDate(certificates) ?: TrustVerdict.Rejected(why(refused))
        } catch (unavailable: RuntimeException) {
            throw HostException.NotAvailable("Android's certificate check failed (${unavailable.javaClass.simpleName})")
        }
    }

    /** Where dates are what is wrong, the moments next to the limits tell whether they are all that is wrong. */
    private fun outOfDate(chain: List<X509Certificate>): TrustVerdict? {
        val now = Instant.now()
        val starts = chain.maxOf { it.notBefore.toInstant() }
        val ends = chain.minOf { it.notAfter.toInstant() }
        val moment = when {
            now > ends -> ends.minusSeconds(1)
            now < starts -> starts.plusSeconds(1)
            else -> return null
        }
        val root = platform.rootAt(chain, moment) ?: return null
        return TrustVerdict.OutOfDate(anchor(root), spki(root), moment)
    }

    private fun anchor(root: X509Certificate?): TrustAnchor = when {
        root == null -> TrustAnchor.UNTOLD
        platform.isUserAdded(root) -> TrustAnchor.USER_ADDED
        else -> TrustAnchor.SYSTEM
    }

    private fun parse(chain: List<ByteArray>): List<X509Certificate>? = try {
        val factory = CertificateFactory.getInstance("X.509")
        chain.map { factory.generateCertificate(ByteArrayInputStream(it)) as X509Certificate }
    } catch (malformed: CertificateException) {
        null
    }

    private fun spki(certificate: X509Certificate): ByteArray = sha256(certificate.publicKey.encoded)

    /** What a TLS handshake with such a leaf would have been: the check asks for a key exchange, and looks at its key type. */
    private fun authType(leaf: X509Certificate) = if (leaf.publicKey.algorithm == "RSA") "ECDHE_RSA" else "ECDHE_ECDSA"

    /** The innermost cause says most; a type alone where it says nothing. */
    private fun why(refused: CertificateException): String {
        val causes = generateSequence<Throwable>(refused) { it.cause }.take(MAX_CAUSES).toList()
        return causes.last().message?.take(MAX_WORDS) ?: causes.last().javaClass.simpleName
    }
}

/** An exception's causes may go round in a circle. */
private const val MAX_CAUSES = 8

/** Some providers print whole certificates. */
private const val MAX_WORDS = 200
