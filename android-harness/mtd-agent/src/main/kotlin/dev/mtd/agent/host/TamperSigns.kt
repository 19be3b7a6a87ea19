package dev.mtd.agent.host

import android.os.Build

/** Signs that the system is not the one that its maker shipped, in words, as far as an app can see. */
internal class TamperSigns(private val files: Files, private val properties: SystemProperties) {
    fun read(): List<String> = build() + TAMPER_PROPERTIES.seen(properties) + mounts() + digest() + selinux()

    private fun build() = listOfNotNull(
        "the system is signed with public test keys".takeIf { "test-keys" in Build.TAGS.orEmpty().split(',') },
        "the system is a development build (${Build.TYPE})".takeIf { Build.TYPE in setOf("eng", "userdebug") },
    )

    /** `device /mount/point type options …`: see proc(5). */
    private fun mounts(): List<String> = files.lines(MOUNTS).orEmpty().map { it.split(' ') }
        .filter { it.size >= 4 && it[1] in READ_ONLY_MOUNTS && "rw" in it[3].split(',') }
        .map { "a part of the system can be written (${it[1]})" }.distinct()

    /** Android Verified Boot tells algorithm and digest together: one alone means that somebody took the other away. */
    private fun digest() = listOfNotNull(
        "the digest of the verified system was removed (ro.boot.vbmeta.digest)".takeIf {
            properties.get("ro.boot.vbmeta.hash_alg") != null && properties.get("ro.boot.vbmeta.digest") == null
        },
    )

    private fun selinux() = listOfNotNull(
        "SELinux does not enforce its rules".takeIf { files.lines("/sys/fs/selinux/enforce")?.firstOrNull() == "0" },
    )
}
