package dev.mtd.agent.host

import dev.mtd.agent.VerifiedBoot

/**
 * What the boot loader told the system (Android Verified Boot, *Boot Flow*), by properties. Root can change them; the key's
 * attestation, which the connector verifies, cannot be changed.
 */
internal class BootState(private val properties: SystemProperties) {
    /** Unlocked as soon as one of the two says so. */
    fun locked(): Told<Boolean> {
        val told = listOfNotNull(
            state("ro.boot.flash.locked", locked = "1", unlocked = "0"),
            state("ro.boot.vbmeta.device_state", locked = "locked", unlocked = "unlocked"),
        )
        return if (told.isEmpty()) Told.NotAvailable("this device does not tell apps whether its boot loader is locked")
        else Told.Known(told.all { it })
    }

    fun verified(): Told<VerifiedBoot> = when (val state = properties.get("ro.boot.verifiedbootstate")) {
        "green" -> Told.Known(VerifiedBoot.GREEN)
        "yellow" -> Told.Known(VerifiedBoot.YELLOW)
        "orange" -> Told.Known(VerifiedBoot.ORANGE)
        "red" -> Told.Known(VerifiedBoot.RED)
        null -> Told.NotAvailable("this device does not tell apps how its system was verified")
        else -> Told.NotAvailable("this device tells how its system was verified in words of its own ($state)")
    }

    private fun state(name: String, locked: String, unlocked: String): Boolean? = when (properties.get(name)) {
        locked -> true
        unlocked -> false
        else -> null
    }
}
