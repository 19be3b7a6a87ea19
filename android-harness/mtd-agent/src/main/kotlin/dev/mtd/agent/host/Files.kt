package dev.mtd.agent.host

import java.io.File
import java.io.IOException

/** Files of the system as this app may see them. */
internal interface Files {
    fun exists(path: String): Boolean

    /** The first lines, or `null` where there is no such file or this app may not read it. */
    fun lines(path: String): List<String>?
}

internal object SystemFiles : Files {
    override fun exists(path: String): Boolean = File(path).exists()

    override fun lines(path: String): List<String>? = try {
        File(path).bufferedReader().useLines { lines -> lines.take(MAX_LINES).map { it.take(MAX_LINE) }.toList() }
    } catch (unreadable: IOException) {
        null
    } catch (refused: SecurityException) {
        null
    }
}

/** The files in this app's memory: the ends of lines such as `7f00-7f10 r-xp 00000000 fd:00 1234  /system/lib64/libc.so`. */
internal fun Files.loaded(): List<String> =
    lines("/proc/self/maps").orEmpty().mapNotNull { line -> line.indexOf('/').takeIf { it >= 0 }?.let(line::substring) }.distinct()

internal const val MOUNTS = "/proc/self/mounts"

/** `/proc/self/maps` of a large app has about 5,000 lines. */
private const val MAX_LINES = 50_000

/** The longest path that the kernel shows is 4,096 bytes. */
private const val MAX_LINE = 8_192
