package dev.mtd.agent.host

import android.os.Build

/**
 * Signs of root and tampering that an app can see, in words. None seen is no proof: root that hides from apps is found by
 * key attestation (the boot state in the certificate), which the connector verifies.
 */
internal class RootSigns(private val files: Files, private val properties: SystemProperties) {
    fun read(): List<String> = builds() + changedProperties() + paths() + mounts() + maps() + selinux()

    private fun builds() = listOfNotNull(
        "the system is signed with public test keys".takeIf { "test-keys" in Build.TAGS.orEmpty().split(',') },
        "the system is a development build (${Build.TYPE})".takeIf { Build.TYPE in setOf("eng", "userdebug") },
    )

    private fun changedProperties() = ROOT_PROPERTIES.mapNotNull { (name, bad, words) ->
        properties.get(name)?.takeIf { it in bad }?.let { "$words ($name is $it)" }
    }

    private fun paths() = ROOT_PATHS.filter { (path, _) -> files.exists(path) }.map { (path, words) -> "$words ($path)" }

    /** `device /mount/point type options …`: see proc(5). */
    private fun mounts(): List<String> {
        val lines = files.lines("/proc/self/mounts").orEmpty()
        val writable = lines.map { it.split(' ') }.filter { it.size >= 4 && it[1] in READ_ONLY_MOUNTS && "rw" in it[3].split(',') }
        val foreign = ROOT_MOUNTS.filter { (mark, _) -> lines.any(mark::containsMatchIn) }
        return writable.map { "a part of the system can be written (${it[1]})" }.distinct() +
            foreign.map { (_, words) -> "$words (it is in the list of mounts)" }
    }

    private fun maps(): List<String> {
        val loaded = files.lines("/proc/self/maps").orEmpty().mapNotNull(::mapped).distinct()
        return HOOKS.filter { (mark, _) -> loaded.any(mark::containsMatchIn) }
            .map { (_, words) -> "$words is loaded into this app" }
    }

    /** The file of a line such as `7f00-7f10 r-xp 00000000 fd:00 1234  /system/lib64/libc.so`. */
    private fun mapped(line: String): String? = line.indexOf('/').takeIf { it >= 0 }?.let(line::substring)

    private fun selinux() = listOfNotNull(
        "SELinux does not enforce its rules".takeIf { files.lines("/sys/fs/selinux/enforce")?.firstOrNull() == "0" },
    )
}
