package dev.mtd.agent

import kotlinx.coroutines.runBlocking
import java.io.BufferedReader
import java.io.File
import java.time.Duration

/** A process with an agent in it, made to be killed: [main] plays [part] on the store and keys in [folder]. */
internal class DoomedProcess(part: String, folder: File, payload: String = "") : AutoCloseable {
    private val process: Process = javaProcess("dev.mtd.agent.DoomedProcessKt", part, folder.path, payload)
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start()
    private val output: BufferedReader = process.inputStream.bufferedReader()

    val isAlive get() = process.isAlive

    /** The rest of the line that begins so. */
    fun await(beginning: String): String =
        generateSequence { output.readLine() }.firstOrNull { it.startsWith(beginning) }?.removePrefix(beginning)
            ?: error("the process ended without a word of \"$beginning\"")

    /** SIGKILL, as the system does it. */
    fun kill() {
        process.destroyForcibly().waitFor()
    }

    override fun close() = kill()
}

/** Java with the tests' class path and libraries, by surefire's account of them. */
internal fun javaProcess(main: String, vararg arguments: String, options: List<String> = listOf("-Xmx256m")) = ProcessBuilder(
    listOf(File(System.getProperty("java.home"), "bin/java").path) + options +
        listOf("-Djna.library.path=" + System.getProperty("jna.library.path")) +
        listOf("-cp", System.getProperty("surefire.test.class.path") ?: System.getProperty("java.class.path"), main) + arguments,
)

fun main(arguments: Array<String>) {
    val (part, folder, payload) = arguments
    runBlocking { play(part, File(folder), payload) }
}

private suspend fun play(part: String, folder: File, payload: String) {
    var hang = false
    val host = ScriptedHost(
        apps = {
            if (hang) {
                println("asked for the apps")
                Thread.sleep(Long.MAX_VALUE)
            }
            Inventory(listOf(ScriptedHost.app("com.example.notes", "Notes")), emptyList())
        },
    )
    Agent.open(scriptedOptions(folder, host), LIMIT).use { agent ->
        when (part) {
            "scan" -> {
                agent.enroll(payload, LIMIT)
                agent.scan(ScanTrigger.REQUESTED, Depth.EVERYTHING, LIMIT)
                hang = true
                agent.scan(ScanTrigger.REQUESTED, Depth.EVERYTHING, LIMIT)
            }
            "queue" -> {
                agent.enroll(payload, LIMIT)
                repeat(SCANS) { agent.scan(ScanTrigger.REQUESTED, Depth.FIRST, LIMIT) }
                println("queued ${agent.status(LIMIT).queued}")
            }
            "deliver" -> agent.deliver(LIMIT)
        }
    }
}

/** What the generated API, without the façade, is opened with. */
internal fun scriptedOptions(folder: File, host: DeviceHost) = AgentOptions(
    platform = Platform.ANDROID,
    storePath = File(folder, "agent.db").path,
    device = host,
    key = FileKey(folder),
    secrets = FileSecrets(folder),
)

private val LIMIT: Duration = Duration.ofMinutes(1)

/** Enough reports that a kill comes in the middle of their delivery. */
private const val SCANS = 40
