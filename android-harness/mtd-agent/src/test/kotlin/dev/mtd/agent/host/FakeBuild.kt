package dev.mtd.agent.host

import android.os.Build
import org.robolectric.util.ReflectionHelpers

/** What `android.os.Build` says, until the end of the test. */
internal fun build(vararg values: Pair<String, String>) =
    values.forEach { (name, value) -> ReflectionHelpers.setStaticField(Build::class.java, name, value) }

/** Robolectric says of itself what it is; this makes it a phone of a maker's, as the shops sell it. */
internal fun pixel() = build(
    "MODEL" to "Pixel 6 Pro",
    "PRODUCT" to "raven",
    "HARDWARE" to "raven",
    "ID" to "UQ1A.240105.004",
    "FINGERPRINT" to "google/raven/raven:14/UQ1A.240105.004/11206848:user/release-keys",
    "TAGS" to "release-keys",
    "TYPE" to "user",
)
