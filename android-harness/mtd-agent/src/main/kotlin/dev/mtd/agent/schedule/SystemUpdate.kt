package dev.mtd.agent.schedule

import android.content.Context
import android.os.Build
import dev.mtd.agent.DurableText
import java.io.File
import java.io.IOException

/**
 * Whether Android was updated since the last time somebody looked. It tells no app of it; but an update restarts the device, and
 * its build has another fingerprint.
 */
internal class SystemUpdate(context: Context) {
    private val seen = DurableText(File(context.noBackupFilesDir, "mtd-agent.build"))

    /** The first look of all is none: it only remembers. */
    fun happened(): Boolean = try {
        val before = seen.read()
        if (before == null) remember()
        before != null && before != Build.FINGERPRINT
    } catch (unreadable: IOException) {
        false
    }

    /** The build of now has been dealt with. */
    fun remember() = try {
        seen.write(Build.FINGERPRINT)
    } catch (full: IOException) {
        // Dealt with once more at the next start.
    }
}
