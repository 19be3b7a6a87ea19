package dev.mtd.agent.schedule

import android.content.Context
import android.database.ContentObserver
import android.net.Uri
import android.os.Handler
import android.os.Looper
import android.provider.Settings
import dev.mtd.agent.ScanTrigger
import dev.mtd.agent.host.ADB_WIFI_ENABLED
import dev.mtd.agent.host.VERIFIER_CONSENT
import dev.mtd.agent.host.VERIFIER_SWITCH

/** Settings that posture checks look at. Which value they have is for the scan to read. */
internal class SettingsWatcher(private val context: Context, private val happened: (ScanTrigger) -> Unit) : Watcher {
    override fun start() = WATCHED.forEach(::watch)

    override fun stop() = context.contentResolver.unregisterContentObserver(observer)

    /** Watching takes no permission; a maker's settings may still refuse one, and the scans without it go on. */
    private fun watch(setting: Uri) = try {
        context.contentResolver.registerContentObserver(setting, false, observer)
    } catch (refused: SecurityException) {
        Unit
    }

    private val observer = object : ContentObserver(Handler(Looper.getMainLooper())) {
        override fun onChange(selfChange: Boolean) = happened(ScanTrigger.SETTINGS_CHANGED)
    }
}

private val WATCHED: List<Uri> = listOf(
    Settings.Global.DEVELOPMENT_SETTINGS_ENABLED,
    Settings.Global.ADB_ENABLED,
    ADB_WIFI_ENABLED,
    VERIFIER_SWITCH,
    VERIFIER_CONSENT,
).map(Settings.Global::getUriFor) + listOf(
    Settings.Secure.ENABLED_ACCESSIBILITY_SERVICES,
    Settings.Secure.ACCESSIBILITY_ENABLED,
).map(Settings.Secure::getUriFor)
