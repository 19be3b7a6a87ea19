package dev.mtd.agent.host

/** Signs of a hooking framework, in words: in this app's memory, in its calls, and in wait on the device. */
internal class HookingSigns(private val files: Files, private val calls: () -> List<String> = ::callers) {
    fun read(): List<String> = (libraries() + classes()).distinct() + HOOK_PATHS.seen(files)

    private fun libraries(): List<String> {
        val loaded = files.loaded()
        return HOOK_LIBRARIES.filter { (mark, _) -> loaded.any(mark::containsMatchIn) }.map { (_, whose) -> inThisApp(whose) }
    }

    private fun classes(): List<String> {
        val seen = calls()
        return HOOK_CLASSES.filter { (beginning, _) -> seen.any { it.startsWith(beginning) } }.map { (_, whose) -> inThisApp(whose) }
    }

    private fun inThisApp(whose: String) = "$whose is loaded into this app"
}

/** The classes in the calls under way: a hook around a method shows in every thread that is in it. */
private fun callers(): List<String> = Thread.getAllStackTraces().values.flatMap { calls -> calls.map { it.className } }.distinct()
