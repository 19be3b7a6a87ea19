package dev.mtd.agent.host

import android.content.Context
import android.os.Build
import android.provider.Settings

/** Debugging switches that are on, in words: those of the settings, and a debugger or an emulator around this app. */
internal class DebugFlags(
    private val context: Context,
    private val files: Files,
    private val properties: SystemProperties,
) {
    fun read(): Told<List<String>> = switches().map { it + listOfNotNull(tracer()) + EmulatorSigns(files, properties).read() }

    /** Wireless debugging, which Android turns off with the developer options, may stay untold; the others may not. */
    private fun switches(): Told<List<String>> = ask("the developer options") {
        Told.Known(
            listOfNotNull(
                "developer options are on".takeIf { isOn(Settings.Global.DEVELOPMENT_SETTINGS_ENABLED) },
                "USB debugging is on".takeIf { isOn(Settings.Global.ADB_ENABLED) },
                "wireless debugging is on".takeIf { isWirelessDebuggingOn() },
            ),
        )
    }

    /** `Settings.Global.ADB_WIFI_ENABLED`, from Android 11 on, which has no name in the SDK. */
    private fun isWirelessDebuggingOn(): Boolean = Build.VERSION.SDK_INT >= Build.VERSION_CODES.R &&
        ask("wireless debugging") { Told.Known(isOn("adb_wifi_enabled")) }.orNull() == true

    private fun isOn(setting: String): Boolean = Settings.Global.getInt(context.contentResolver, setting, 0) == 1

    /** `TracerPid` of this process: who reads and changes its memory. */
    private fun tracer(): String? {
        val line = files.lines("/proc/self/status")?.firstOrNull { it.startsWith("TracerPid:") } ?: return null
        val pid = line.substringAfter(':').trim().toIntOrNull() ?: return null
        return "a debugger is attached to this app".takeIf { pid > 0 }
    }
}
