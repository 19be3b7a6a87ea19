package dev.mtd.agent.host

import android.os.Build
import dev.mtd.agent.Neighbour

/** The neighbours on the link, by the kernel's table in `/proc/net/arp`, which apps may read up to Android 9. */
internal class NeighboursReader(private val files: Files) {
    fun read(): Told<List<Neighbour>> {
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.Q) {
            return Told.NotAvailable("Android does not show the neighbours on the network to apps from version 10 on")
        }
        val lines = files.lines("/proc/net/arp") ?: return Told.NotAvailable("this device does not show its neighbours on the network")
        return Told.Known(lines.drop(1).mapNotNull(::neighbour))
    }

    /** `192.0.2.1  0x1  0x2  02:00:5e:10:00:01  *  wlan0`: address, type, flags, hardware address. */
    private fun neighbour(line: String): Neighbour? {
        val columns = line.trim().split(Regex("\\s+"))
        val flags = columns.getOrNull(2)?.removePrefix("0x")?.toIntOrNull(radix = 16) ?: return null
        val mac = columns.getOrNull(3) ?: return null
        val resolved = flags and RESOLVED != 0 && mac != "00:00:00:00:00:00"
        return if (resolved) Neighbour(address = columns[0], mac = mac.lowercase()) else null
    }
}

/** `ATF_COM`: the entry is complete. */
private const val RESOLVED = 0x2
