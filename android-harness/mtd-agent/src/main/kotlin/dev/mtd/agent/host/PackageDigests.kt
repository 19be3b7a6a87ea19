package dev.mtd.agent.host

import java.io.File
import java.io.IOException
import java.security.MessageDigest

/**
 * SHA-256 of package files. An app's file is read once, and again when it was replaced: what is known outlives a scan.
 */
internal object PackageDigests {
    private data class Version(val length: Long, val modified: Long)

    private val known = HashMap<String, Pair<Version, String>>()

    /** The digest of the file in [path], 64 hexadecimal digits; `null` where it cannot be read, or is larger than any package. */
    @Synchronized
    fun of(path: String): String? {
        val file = File(path)
        val version = Version(file.length(), file.lastModified())
        known[path]?.takeIf { it.first == version }?.let { return it.second }
        if (version.length !in 1..MAX_PACKAGE) return null
        val digest = try {
            digest(file)
        } catch (unreadable: IOException) {
            return null
        }
        known[path] = version to digest
        return digest
    }

    private fun digest(file: File): String {
        val digest = MessageDigest.getInstance("SHA-256")
        val buffer = ByteArray(BUFFER)
        file.inputStream().use { input ->
            while (true) {
                val count = input.read(buffer)
                if (count < 0) break
                digest.update(buffer, 0, count)
            }
        }
        return digest.digest().joinToString("") { "%02x".format(it) }
    }
}

/** Largest package that is read, in bytes: app stores take none above 4 GB, and one of 512 MB takes a phone about a second. */
private const val MAX_PACKAGE = 512L * 1024 * 1024

private const val BUFFER = 64 * 1024
