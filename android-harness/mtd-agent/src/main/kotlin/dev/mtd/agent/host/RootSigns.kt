package dev.mtd.agent.host

/**
 * Signs of root that an app can see, in words. None seen is no proof: root that hides from apps is found by key attestation
 * (the boot state in the certificate), which the connector verifies.
 */
internal class RootSigns(private val files: Files, private val properties: SystemProperties) {
    fun read(): List<String> = ROOT_PROPERTIES.seen(properties) + ROOT_PATHS.seen(files) + mounts() + libraries()

    private fun mounts(): List<String> {
        val lines = files.lines(MOUNTS).orEmpty()
        return ROOT_MOUNTS.filter { (mark, _) -> lines.any(mark::containsMatchIn) }
            .map { (_, words) -> "$words (it is in the list of mounts)" }
    }

    private fun libraries() = listOfNotNull(
        "a root manager is loaded into this app".takeIf { files.loaded().any(ROOT_LIBRARIES::containsMatchIn) },
    )
}
