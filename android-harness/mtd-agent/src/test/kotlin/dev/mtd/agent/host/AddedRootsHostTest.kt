package dev.mtd.agent.host

import dev.mtd.agent.CertificatesFact
import dev.mtd.agent.createTempFolder
import dev.mtd.agent.testing.AgentTestRunner
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import java.io.IOException

/** A key store of the JDK's in the place of `AndroidCAStore`, which no simulator has. */
@RunWith(AgentTestRunner::class)
class AddedRootsHostTest {
    @Test
    fun `roots that were added are told as certificates, those of the system are not`() {
        val folder = createTempFolder("roots")
        val made = TestCertificates(folder).apply { makeRoot("system"); makeRoot("evil") }
        val store = made.emptyStore().apply {
            setCertificateEntry("system:1a2b.0", made.certificate("system"))
            setCertificateEntry("user:3c4d.0", made.certificate("evil"))
        }
        val told = AddedRoots { store }.read().asCertificates() as CertificatesFact.Known
        assertArrayEquals(made.certificate("evil").encoded, told.value.single())

        assertEquals(CertificatesFact.Known(emptyList()), AddedRoots { made.trusting("system") }.read().asCertificates())
        folder.deleteRecursively()
    }

    @Test
    fun `a store that cannot be read is no empty one`() {
        assertTrue(AddedRoots { throw IOException("bad block") }.read() is Told.NotAvailable)
        assertTrue(AddedRoots { throw SecurityException("denied") }.read() is Told.NotPermitted)
        assertTrue("no simulator has AndroidCAStore", AddedRoots().read() is Told.NotAvailable)
    }
}
