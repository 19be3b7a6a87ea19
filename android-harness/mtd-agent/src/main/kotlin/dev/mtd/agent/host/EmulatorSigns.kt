package dev.mtd.agent.host

import android.os.Build

/** Signs that this is no device but an emulator, in words. Somebody who emulates one on purpose can hide them. */
internal class EmulatorSigns(private val files: Files, private val properties: SystemProperties) {
    fun read(): List<String> = builds() + listOfNotNull(property("ro.kernel.qemu"), property("ro.boot.qemu")) +
        FILES.filter(files::exists).map { "this is an emulator ($it)" }

    private fun builds() = listOfNotNull(
        "this is an emulator (hardware ${Build.HARDWARE})".takeIf { Build.HARDWARE in HARDWARE },
        "this is an emulator (fingerprint ${Build.FINGERPRINT})".takeIf { FINGERPRINTS.containsMatchIn(Build.FINGERPRINT.orEmpty()) },
        "this is an emulator (product ${Build.PRODUCT})".takeIf { PRODUCTS.matches(Build.PRODUCT.orEmpty()) },
    )

    private fun property(name: String) = "this is an emulator ($name is 1)".takeIf { properties.get(name) == "1" }
}

/** `Build.HARDWARE` of the SDK's emulator (both generations), Cuttlefish, VirtualBox-based ones, Nox and Robolectric. */
private val HARDWARE = setOf("goldfish", "ranchu", "cutf_cvm", "vbox86", "nox", "robolectric")

/** `Build.FINGERPRINT` of the SDK's system images, of builds for no device in particular, and of Robolectric, which has one word. */
private val FINGERPRINTS = Regex("^generic[/_]|^unknown/|/(sdk_gphone|google_sdk|sdk|emulator|emu64|vbox86p|vsoc)[^/]*/|^robolectric$")

/** `Build.PRODUCT` of the same. */
private val PRODUCTS = Regex("(google_)?sdk(_.*)?|sdk_gphone.*|emulator.*|vbox86p.*|aosp_cf_.*|simulator|robolectric")

private val FILES = listOf("/dev/qemu_pipe", "/dev/goldfish_pipe", "/dev/socket/genyd", "/dev/socket/baseband_genyd")
