package dev.mtd.agent

import android.util.Log

/**
 * Writes the agent's log lines to logcat under [tag]: `setLogSink(LogLevel.INFO, LogcatSink())`. The lines hold no personal
 * data and no secret.
 */
public class LogcatSink(private val tag: String = "mtd-agent") : LogSink {
    override fun log(level: LogLevel, target: String, message: String) {
        Log.println(priority(level), tag, "$target: $message")
    }

    private fun priority(level: LogLevel): Int = when (level) {
        LogLevel.ERROR -> Log.ERROR
        LogLevel.WARN -> Log.WARN
        LogLevel.INFO -> Log.INFO
        LogLevel.DEBUG -> Log.DEBUG
        LogLevel.TRACE -> Log.VERBOSE
    }
}
