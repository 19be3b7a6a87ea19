package dev.mtd.agent

import org.json.JSONObject
import java.io.BufferedReader
import java.io.File
import java.util.concurrent.TimeUnit

/** `mtd stage` as a process: a real connector, servers and a router on loopback. See docs/stage.md. */
internal class Stage : AutoCloseable {
    private val folder = createTempFolder("stage")
    private val process: Process = ProcessBuilder(command().path, "stage")
        .apply { environment()["TMPDIR"] = folder.path }
        .redirectError(File(folder, "errors"))
        .start()
    private val output: BufferedReader = process.inputStream.bufferedReader()

    private val welcome = line()

    /** A code that enrols one device. */
    val payload: String = welcome.getString("payload")

    /** Gives a command, which must be obeyed; the answer. */
    fun tell(command: String): JSONObject {
        process.outputStream.write("$command\n".toByteArray())
        process.outputStream.flush()
        return line().also { check(it.optString("done") == command) { "mtd stage, told $command: $it" } }
    }

    /** Another code. */
    fun token(ownership: String): String = tell("token $ownership").getString("payload")

    override fun close() {
        process.outputStream.close()
        if (!process.waitFor(10, TimeUnit.SECONDS)) process.destroyForcibly().waitFor()
        folder.deleteRecursively()
    }

    private fun line(): JSONObject {
        val line = output.readLine() ?: error("mtd stage ended: ${File(folder, "errors").readText()}")
        return JSONObject(line)
    }

    private fun command(): File = File(System.getProperty("mtd.command")).also {
        check(it.canExecute()) { "$it is missing: android-harness/native-library.sh makes it" }
    }
}

internal fun createTempFolder(name: String): File = java.nio.file.Files.createTempDirectory("mtd-$name-").toFile()
