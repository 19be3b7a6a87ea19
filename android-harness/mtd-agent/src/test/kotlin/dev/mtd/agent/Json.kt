package dev.mtd.agent

import org.json.JSONArray
import org.json.JSONObject

/** Where two JSON values differ: `/story/tokens/1/claims/iat: "time" became 7`. */
internal fun differences(expected: Any?, seen: Any?, place: String = ""): List<String> = when {
    expected is JSONObject && seen is JSONObject ->
        (expected.keys().asSequence() + seen.keys().asSequence()).toSortedSet()
            .flatMap { differences(expected.opt(it), seen.opt(it), "$place/$it") }
    expected is JSONArray && seen is JSONArray ->
        (0 until maxOf(expected.length(), seen.length()))
            .flatMap { differences(expected.opt(it), seen.opt(it), "$place/$it") }
    expected is Number && seen is Number && expected.toLong() == seen.toLong() -> emptyList()
    expected == seen -> emptyList()
    else -> listOf("$place: $expected became $seen")
}
