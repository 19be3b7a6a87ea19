package dev.mtd.guide

import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test
import java.io.File

/** The guide shows what compiles. */
class GuideTest {
    private val guide = File("../../docs/android.md").readText()
    private val compiled = File("src/test/kotlin/dev/mtd/guide/Guide.kt").readText()

    @Test
    fun `every snippet of the guide is compiled, or says why not`() {
        val snippets = Regex("(<!-- not compiled here[^\n]*\n)?```kotlin\n(.*?)```", RegexOption.DOT_MATCHES_ALL).findAll(guide)
        val shown = snippets.filter { it.groupValues[1].isEmpty() && "build.gradle.kts" !in it.groupValues[2] }.map { it.groupValues[2] }
        assertEquals(3, shown.count())
        for (snippet in shown) assertTrue("Guide.kt lacks:\n$snippet", snippet in compiled)
    }

    @Test
    fun `opening, enrolling, scanning and delivering takes some thirty lines`() {
        val lines = guide.substringAfter("## Open, enrol").substringAfter("```kotlin\n").substringBefore("```").lines()
        assertTrue("${lines.size} lines", lines.size <= 35)
    }
}
