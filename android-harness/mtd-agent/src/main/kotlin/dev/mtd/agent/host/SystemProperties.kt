package dev.mtd.agent.host

import java.io.IOException
import java.util.concurrent.TimeUnit

/** Properties of the system, as `getprop` shows them to this app. */
internal fun interface SystemProperties {
    /** The value, or `null` where there is none or this app may not read it. */
    fun get(name: String): String?
}

/** Asks the `getprop` of the system: Java has no way to properties that is part of Android's SDK. */
internal object Getprop : SystemProperties {
    override fun get(name: String): String? = try {
        val process = ProcessBuilder("/system/bin/getprop", name).redirectErrorStream(true).start()
        try {
            process.outputStream.close()
            val ended = process.waitFor(LONGEST_WAIT_MS, TimeUnit.MILLISECONDS)
            if (ended) process.inputStream.bufferedReader().readLine()?.trim()?.takeIf(String::isNotEmpty) else null
        } finally {
            process.destroy()
        }
    } catch (unavailable: IOException) {
        null
    }
}

/** It answers in about 10 ms. */
private const val LONGEST_WAIT_MS = 500L
