package dev.mtd.agent.host

import org.junit.Assert.assertEquals
import org.junit.Assert.assertNull
import org.junit.Rule
import org.junit.Test
import org.junit.rules.TemporaryFolder

class PackageDigestsTest {
    @get:Rule
    val folder = TemporaryFolder()

    @Test
    fun `a package is digested, and again once it was replaced`() {
        val file = folder.newFile("base.apk").apply { writeText("abc") }
        // FIPS 180-2, appendix B.1.
        val abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        assertEquals(abc, PackageDigests.of(file.path))
        assertEquals(abc, PackageDigests.of(file.path))
        file.writeText("another one")
        assertEquals(64, PackageDigests.of(file.path)?.length)
        assert(PackageDigests.of(file.path) != abc)
    }

    @Test
    fun `what is no file, and an empty one, has none`() {
        assertNull(PackageDigests.of(folder.root.path + "/nowhere.apk"))
        assertNull(PackageDigests.of(folder.newFile("empty.apk").path))
        assertNull(PackageDigests.of(folder.root.path))
    }
}
