package dev.mtd.agent.host

/** A device's files, as a test wants them. */
internal class FakeFiles(private val contents: Map<String, String> = emptyMap()) : Files {
    override fun exists(path: String): Boolean = path in contents

    override fun lines(path: String): List<String>? = contents[path]?.lines()?.filter(String::isNotEmpty)
}
