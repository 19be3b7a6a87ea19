package dev.mtd.agent.host

import dev.mtd.agent.HostException
import dev.mtd.agent.TrustAnchor
import dev.mtd.agent.TrustVerdict
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.ClassRule
import org.junit.Test
import org.junit.rules.TemporaryFolder
import java.security.KeyStore
import java.security.cert.CertificateException
import java.security.cert.X509Certificate
import java.time.Instant

class TrustEvaluatorHostTest {
    @Test
    fun `a chain under a root of the system is trusted, and the root's key told`() {
        val verdict = evaluate("good", "www.example.org") as TrustVerdict.Trusted
        assertEquals(TrustAnchor.SYSTEM, verdict.anchor)
        assertArrayEquals(sha256(root.publicKey.encoded), verdict.rootSpkiSha256)
    }

    @Test
    fun `a root of the user's is told as such`() {
        val verdict = evaluate("good", "www.example.org", FakeTrust(userAdded = true)) as TrustVerdict.Trusted
        assertEquals(TrustAnchor.USER_ADDED, verdict.anchor)
    }

    @Test
    fun `a verified chain without a path has an untold anchor`() {
        val pathless = object : PlatformTrust by FakeTrust() {
            override fun verify(chain: List<X509Certificate>, authType: String, host: String) = emptyList<X509Certificate>()
        }
        assertEquals(TrustVerdict.Trusted(TrustAnchor.UNTOLD, null), evaluate("good", "www.example.org", pathless))
    }

    @Test
    fun `another host is refused, however good the chain`() {
        assertTrue("another name" in (evaluate("good", "www.example.com") as TrustVerdict.Rejected).why)
    }

    @Test
    fun `an unknown root is refused`() {
        val unknown = FakeTrust(roots = certificates.emptyStore())
        assertTrue(evaluate("good", "www.example.org", unknown) is TrustVerdict.Rejected)
    }

    @Test
    fun `an expired chain is out of date, with a moment at which it held`() {
        val verdict = evaluate("expired", "www.example.org") as TrustVerdict.OutOfDate
        assertEquals(TrustAnchor.SYSTEM, verdict.anchor)
        assertTrue(verdict.validAt < Instant.now())
        certificates.certificate("expired").checkValidity(java.util.Date.from(verdict.validAt))
    }

    @Test
    fun `an expired chain of an unknown root is refused, not out of date`() {
        val unknown = FakeTrust(roots = certificates.emptyStore())
        assertTrue(evaluate("expired", "www.example.org", unknown) is TrustVerdict.Rejected)
    }

    @Test
    fun `what is no certificate is refused, and no certificate at all, too`() {
        val evaluator = TrustEvaluator(FakeTrust())
        assertTrue(evaluator.evaluate(listOf(byteArrayOf(1, 2, 3)), "www.example.org") is TrustVerdict.Rejected)
        assertTrue(evaluator.evaluate(emptyList(), "www.example.org") is TrustVerdict.Rejected)
    }

    @Test
    fun `a device without certificate store has no answer`() {
        val broken = object : PlatformTrust by FakeTrust() {
            override fun verify(chain: List<X509Certificate>, authType: String, host: String): List<X509Certificate> =
                throw IllegalStateException("no certificate store")
        }
        val refused = assertThrows(HostException.NotAvailable::class.java) { evaluate("good", "www.example.org", broken) }
        assertTrue("IllegalStateException" in refused.why)
    }

    @Test
    fun `names are compared label by label`() {
        val names = certificates.certificate("names")
        for (host in listOf("a.example.org", "A.Example.ORG.", "192.0.2.7", "2001:db8::7", "[2001:db8::7]")) {
            assertTrue(host, namesHost(names, host))
        }
        for (host in listOf("example.org", "a.b.example.org", ".example.org", "192.0.2.8", "xexample.org", "names", "a.com")) {
            assertFalse(host, namesHost(names, host))
        }
    }

    private fun evaluate(name: String, host: String, trust: PlatformTrust = FakeTrust()): TrustVerdict =
        TrustEvaluator(trust).evaluate(listOf(certificates.certificate(name).encoded), host)

    /** The JVM's verification in place of Android's. */
    private class FakeTrust(
        private val roots: KeyStore = certificates.trusting("root"),
        private val userAdded: Boolean = false,
    ) : PlatformTrust {
        override fun verify(chain: List<X509Certificate>, authType: String, host: String): List<X509Certificate> {
            val root = rootAt(chain, Instant.now()) ?: throw CertificateException("no path to a root")
            return chain + root
        }

        override fun isUserAdded(root: X509Certificate) = userAdded

        override fun rootAt(chain: List<X509Certificate>, moment: Instant) = try {
            RootFinder(roots).rootAt(chain, moment)
        } catch (noRoots: java.security.InvalidAlgorithmParameterException) {
            null
        }
    }

    companion object {
        @ClassRule
        @JvmField
        val folder = TemporaryFolder()

        private val certificates by lazy {
            TestCertificates(folder.root).apply {
                makeRoot("root")
                make("good", "root", "san=dns:www.example.org")
                make("expired", "root", "san=dns:www.example.org", start = "-10d", days = 5)
                make("names", "root", "san=dns:*.example.org,dns:*.com,ip:192.0.2.7,ip:2001:db8::7")
            }
        }

        private val root: X509Certificate get() = certificates.certificate("root")
    }
}
