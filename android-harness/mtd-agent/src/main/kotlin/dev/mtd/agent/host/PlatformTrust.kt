package dev.mtd.agent.host

import android.net.http.X509TrustManagerExtensions
import java.security.GeneralSecurityException
import java.security.KeyStore
import java.security.cert.CertPathBuilder
import java.security.cert.CertPathBuilderException
import java.security.cert.CertStore
import java.security.cert.CertificateException
import java.security.cert.CollectionCertStoreParameters
import java.security.cert.PKIXBuilderParameters
import java.security.cert.PKIXCertPathBuilderResult
import java.security.cert.X509CertSelector
import java.security.cert.X509Certificate
import java.time.Instant
import java.util.Date
import javax.net.ssl.TrustManagerFactory
import javax.net.ssl.X509TrustManager

/** The platform's certificate check. */
internal interface PlatformTrust {
    /** The path that was verified, leaf to root. The name of the host is for pins, and not compared. */
    @Throws(CertificateException::class)
    fun verify(chain: List<X509Certificate>, authType: String, host: String): List<X509Certificate>

    fun isUserAdded(root: X509Certificate): Boolean

    /** The root under which [chain] is valid at [moment]; `null` where it is not, or this cannot be told. */
    fun rootAt(chain: List<X509Certificate>, moment: Instant): X509Certificate?
}

/** Android's own: Conscrypt over `AndroidCAStore`, which holds the roots of the system and of the user. */
internal class AndroidTrust : PlatformTrust {
    private val roots: KeyStore by lazy(::androidRoots)

    private val extensions: X509TrustManagerExtensions by lazy {
        val factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm())
        factory.init(roots)
        X509TrustManagerExtensions(factory.trustManagers.filterIsInstance<X509TrustManager>().first())
    }

    override fun verify(chain: List<X509Certificate>, authType: String, host: String): List<X509Certificate> = try {
        extensions.checkServerTrusted(chain.toTypedArray(), authType, host)
    } catch (refused: CertificateException) {
        throw refused
    } catch (unavailable: GeneralSecurityException) {
        throw IllegalStateException("no certificate store", unavailable)
    }

    override fun isUserAdded(root: X509Certificate): Boolean = extensions.isUserAddedCertificate(root)

    override fun rootAt(chain: List<X509Certificate>, moment: Instant): X509Certificate? =
        try {
            RootFinder(roots).rootAt(chain, moment)
        } catch (unavailable: GeneralSecurityException) {
            null
        }
}

/** Builds a path (RFC 5280) from a chain to one of [roots], at a moment of choice, which no `TrustManager` can. */
internal class RootFinder(private val roots: KeyStore) {
    fun rootAt(chain: List<X509Certificate>, moment: Instant): X509Certificate? {
        val leaf = X509CertSelector().apply { certificate = chain.first() }
        val parameters = PKIXBuilderParameters(roots, leaf).apply {
            date = Date.from(moment)
            isRevocationEnabled = false
            addCertStore(CertStore.getInstance("Collection", CollectionCertStoreParameters(chain)))
        }
        return try {
            val built = CertPathBuilder.getInstance("PKIX").build(parameters) as PKIXCertPathBuilderResult
            built.trustAnchor.trustedCert
        } catch (invalid: CertPathBuilderException) {
            null
        }
    }
}
