package dev.mtd.guide

import org.junit.Assert.assertTrue
import org.junit.Test
import java.io.File

/** The lines that embed the agent, as README.md shows them, compile. */
class ReadmeTest {
    private val shown = File("../../README.md").readText()
        .substringAfter("## Embed it").substringAfter("```kotlin\n").substringBefore("```")
    private val compiled = File("src/test/kotlin/dev/mtd/guide/Readme.kt").readText()

    @Test
    fun `the lines of the README are compiled`() {
        assertTrue("Readme.kt lacks:\n$shown", shown.trimEnd().prependIndent("    ") in compiled)
    }

    @Test
    fun `they are ten at most`() {
        val lines = shown.lines().filter(String::isNotBlank)
        assertTrue("${lines.size} lines", lines.size in 1..10)
    }
}
