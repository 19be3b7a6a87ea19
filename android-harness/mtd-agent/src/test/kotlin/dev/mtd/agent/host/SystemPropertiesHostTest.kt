package dev.mtd.agent.host

import dev.mtd.agent.createTempFolder
import org.junit.After
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNull
import org.junit.Assert.assertTrue
import org.junit.Test
import java.io.File
import kotlin.time.Duration.Companion.seconds
import kotlin.time.measureTimedValue

/** Programs in `getprop`'s place, run as it is. */
class SystemPropertiesHostTest {
    private val folder = createTempFolder("getprop")

    @After
    fun tidy() {
        folder.deleteRecursively()
    }

    @Test
    fun `a list has each property with its value, line breaks and brackets too`() {
        val listing = """
            [empty.one]: []
            [ro.boot.flash.locked]: [1]
            [ro.build.description]: [shiba-user [14]: release-keys]
            [two.lines]: [first
            second]
            [ro.secure]: [ 1 ]
        """.trimIndent() + "\n"
        val expected = mapOf(
            "ro.boot.flash.locked" to "1",
            "ro.build.description" to "shiba-user [14]: release-keys",
            "two.lines" to "first\nsecond",
            "ro.secure" to "1",
        )
        assertEquals(expected, parseProperties(listing))
        assertEquals(expected, parseProperties(listing.replace("1 ]\n", "1 ]")))
        for (none in listOf("", "getprop: not found", "[ro.secure]: [1", "ro.secure: 1")) assertEquals(none, emptyMap<String, String>(), parseProperties(none))
    }

    @Test
    fun `one process tells all properties of a scan`() {
        val runs = File(folder, "runs")
        val properties = Getprop(program("echo run >> ${runs.path}; echo '[ro.secure]: [1]'; echo '[ro.debuggable]: [0]'")).now()
        assertEquals("1", properties.get("ro.secure"))
        assertEquals("0", properties.get("ro.debuggable"))
        assertNull(properties.get("ro.nothing"))
        assertEquals(1, runs.readLines().size)
    }

    @Test
    fun `a program that hangs, fails, floods or is missing tells nothing, in time`() {
        val useless = listOf(
            program("echo '[ro.secure]: [1]'; exec sleep 60"),
            program("echo '[ro.secure]: [1]'; exit 1"),
            program("echo '[ro.secure]: [1]'; exec yes '[ro.secure]: [1]'"),
            listOf(File(folder, "missing").path),
        )
        for (command in useless) {
            val (value, took) = measureTimedValue { Getprop(command).get("ro.secure") }
            assertNull(command.toString(), value)
            assertTrue("$command took $took", took < 5.seconds)
        }
    }

    private fun program(script: String) = listOf("/bin/sh", "-c", script)
}
