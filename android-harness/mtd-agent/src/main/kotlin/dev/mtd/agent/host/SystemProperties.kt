package dev.mtd.agent.host

import java.io.IOException
import java.io.InputStream
import java.util.concurrent.TimeUnit
import kotlin.concurrent.thread

/** Properties of the system, as this app may see them. */
internal fun interface SystemProperties {
    /** The value, or `null` where there is none or this app may not read it. */
    fun get(name: String): String?

    /** The properties as they are now, asked for once, however many are read of them. */
    fun now(): SystemProperties = this
}

/**
 * Asks the `getprop` of the system: Java has no way to properties that is part of Android's SDK. One process lists them all;
 * what SELinux keeps from this app is not in the list.
 */
internal class Getprop(private val command: List<String> = listOf("/system/bin/getprop")) : SystemProperties {
    override fun get(name: String): String? = now().get(name)

    override fun now(): SystemProperties {
        val listed = try {
            parseProperties(output())
        } catch (unavailable: IOException) {
            emptyMap()
        }
        return SystemProperties(listed::get)
    }

    private fun output(): String {
        val process = ProcessBuilder(command).redirectErrorStream(true).start()
        try {
            process.outputStream.close()
            // One that hangs is ended, which ends the reading.
            thread(isDaemon = true) { if (!process.waitFor(LONGEST_WAIT_MS, TimeUnit.MILLISECONDS)) process.destroyForcibly() }
            val text = process.inputStream.readAtMost(MOST_BYTES)
            if (!process.waitFor(LONGEST_WAIT_MS, TimeUnit.MILLISECONDS) || process.exitValue() != 0) throw IOException("no list")
            return text
        } catch (interrupted: InterruptedException) {
            Thread.currentThread().interrupt()
            throw IOException("interrupted")
        } finally {
            process.destroyForcibly()
        }
    }

    /** A list that is longer is not one of properties, and half of it would be taken for all. */
    private fun InputStream.readAtMost(most: Int): String {
        val bytes = ByteArray(most + 1)
        var count = 0
        while (count < bytes.size) {
            val more = read(bytes, count, bytes.size - count)
            if (more < 0) return String(bytes, 0, count, Charsets.UTF_8)
            count += more
        }
        throw IOException("too long")
    }
}

/** Lines such as `[ro.secure]: [1]`; a value may have line breaks in it. What has no value counts as absent. */
internal fun parseProperties(listing: String): Map<String, String> =
    PROPERTY.findAll(listing).associate { it.groupValues[1] to it.groupValues[2].trim() }.filterValues(String::isNotEmpty)

private val PROPERTY = Regex("""^\[([^\]\n]+)]: \[(.*?)]$""", setOf(RegexOption.MULTILINE, RegexOption.DOT_MATCHES_ALL))

/** It answers in about 20 ms. */
private const val LONGEST_WAIT_MS = 500L

/** A phone has some 1,000 properties of 60 bytes. */
private const val MOST_BYTES = 1 shl 20
