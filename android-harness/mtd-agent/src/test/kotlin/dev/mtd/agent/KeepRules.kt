package dev.mtd.agent

/** The `-keep class` rules of a ProGuard file: whether they keep a class, its name and its members. */
class KeepRules private constructor(private val rules: List<Rule>) {
    fun keeps(name: String, ancestors: Set<String>): Boolean = rules.any { rule ->
        rule.name.matches(name) && (rule.ancestor == null || ancestors.any(rule.ancestor::matches))
    }

    private class Rule(val name: Regex, val ancestor: Regex?)

    companion object {
        private val KEEP = Regex("""-keep class (\S+)(?: (?:implements|extends) (\S+))? \{""")

        fun parse(text: String) = KeepRules(
            text.lineSequence().mapNotNull(KEEP::find).map { found ->
                val (name, ancestor) = found.destructured
                Rule(pattern(name), ancestor.takeIf(String::isNotEmpty)?.let(::pattern))
            }.toList(),
        )

        /** `**` is any name, `*` any within a package; a single `*` is every class. */
        private fun pattern(name: String): Regex {
            if (name == "*") return Regex(".*")
            val parts = name.split("**").map { part -> part.split("*").joinToString("[^.]*", transform = Regex::escape) }
            return Regex(parts.joinToString(".*"))
        }
    }
}
