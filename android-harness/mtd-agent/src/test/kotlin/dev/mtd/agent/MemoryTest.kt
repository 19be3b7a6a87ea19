package dev.mtd.agent

import kotlinx.coroutines.runBlocking
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test
import java.io.File
import java.time.Duration

/** An app opens, scans and closes for years: nothing is left of what was closed. */
class MemoryTest {
    @Test
    fun `a thousand scans, each by an agent of its own, leave nothing behind`() {
        val folder = createTempFolder("memory")
        // A heap that cannot grow: what grows then is native.
        val heap = listOf("-Xms${HEAP_MB}m", "-Xmx${HEAP_MB}m", "-XX:+AlwaysPreTouch", "-XX:+UseSerialGC")
        val process = javaProcess("dev.mtd.agent.MemoryTestKt", folder.path, options = heap)
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start()
        val figures = process.inputStream.bufferedReader().readLines().map(Figures::parse)
        assertEquals("an exhausted heap ends it", 0, process.waitFor())
        folder.deleteRecursively()

        val (before, after) = figures
        figure("after $WARM_UP scan/close cycles: $before")
        figure("after $CYCLES more:               $after")
        val grown = after.residentKb - before.residentKb
        figure("resident memory grew by $grown KB; the bound is $BOUND_KB KB")
        assertTrue("resident memory grew by $grown KB", grown < BOUND_KB)
        assertTrue("heap in use: $after", after.heapKb < before.heapKb + HEAP_BOUND_KB)
        assertTrue("threads: $after", after.threads <= before.threads + 2)
        assertTrue("open files: $after", after.files <= before.files + 2)
    }

    internal data class Figures(val residentKb: Long, val heapKb: Long, val threads: Int, val files: Int) {
        override fun toString() = "resident $residentKb KB, heap in use $heapKb KB, $threads threads, $files open files"

        fun line() = listOf(residentKb, heapKb, threads, files).joinToString(" ")

        companion object {
            fun parse(line: String): Figures {
                val (resident, heap, threads, files) = line.split(" ")
                return Figures(resident.toLong(), heap.toLong(), threads.toInt(), files.toInt())
            }

            fun now(): Figures {
                repeat(3) {
                    System.gc()
                    Thread.sleep(100)
                }
                val status = File("/proc/self/status").readLines()
                val number = { name: String -> status.first { it.startsWith("$name:") }.filter(Char::isDigit) }
                val heap = Runtime.getRuntime().run { totalMemory() - freeMemory() } / 1024
                val files = File("/proc/self/fd").list().orEmpty().size
                return Figures(number("VmRSS").toLong(), heap, number("Threads").toInt(), files)
            }
        }
    }
}

fun main(arguments: Array<String>) {
    val folder = File(arguments.single())
    val apps = List(50) { ScriptedHost.app("com.example.app$it", "App $it") }
    val host = ScriptedHost(apps = { Inventory(apps, emptyList()) })
    runBlocking {
        for (cycles in listOf(WARM_UP, CYCLES)) {
            repeat(cycles) {
                Agent.open(scriptedOptions(folder, host), Duration.ofSeconds(30)).use { agent ->
                    val scan = agent.scan(ScanTrigger.REQUESTED, Depth.FIRST, Duration.ofSeconds(30))
                    check(scan.appCount == 50uL)
                    agent.shutDown()
                }
            }
            println(MemoryTest.Figures.now().line())
        }
    }
}

private const val HEAP_MB = 64
private const val WARM_UP = 200
private const val CYCLES = 1_000

/** The allocator's leftovers of some hundred threads; a leak of 16 KB a cycle shows. */
private const val BOUND_KB = 16_000L

private const val HEAP_BOUND_KB = 2_000L
