package dev.mtd.sample

import android.content.Context
import android.content.res.Configuration
import dev.mtd.agent.Level
import dev.mtd.agent.Severity

/** Colours, of which text on its background differs by 4.5 to 1 at least. */
internal class Palette(val background: Int, val card: Int, val text: Int, val quiet: Int, val accent: Int) {
    companion object {
        fun of(context: Context): Palette {
            val night = context.resources.configuration.uiMode and Configuration.UI_MODE_NIGHT_MASK
            return if (night == Configuration.UI_MODE_NIGHT_YES) DARK else LIGHT
        }

        /** Text on one of the colours below. */
        const val ON_COLOUR = 0xFFFFFFFF.toInt()

        fun of(level: Level): Int = when (level) {
            Level.SECURED -> GREEN
            Level.LOW -> OLIVE
            Level.MEDIUM -> ORANGE
            Level.HIGH -> RED
            Level.UNKNOWN, Level.MISCONFIGURED -> GREY
        }

        fun of(severity: Severity): Int = when (severity) {
            Severity.NONE -> GREY
            Severity.LOW -> OLIVE
            Severity.MEDIUM -> ORANGE
            Severity.HIGH -> RED
        }

        private const val GREEN = 0xFF1B6E3C.toInt()
        private const val OLIVE = 0xFF6B6200.toInt()
        private const val ORANGE = 0xFF9A4B00.toInt()
        private const val RED = 0xFFB3261E.toInt()
        private const val GREY = 0xFF55595F.toInt()

        private val LIGHT = Palette(
            background = 0xFFF3F4F7.toInt(),
            card = 0xFFFFFFFF.toInt(),
            text = 0xFF1B1C1F.toInt(),
            quiet = 0xFF5A5E66.toInt(),
            accent = 0xFF1F4FA3.toInt(),
        )
        private val DARK = Palette(
            background = 0xFF121316.toInt(),
            card = 0xFF1E2024.toInt(),
            text = 0xFFE6E7EA.toInt(),
            quiet = 0xFFA9ADB5.toInt(),
            accent = 0xFF2F66C4.toInt(),
        )
    }
}
