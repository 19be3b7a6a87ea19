package dev.mtd.agent.host

import android.os.Build

/** Signs that this is no device but an emulator, in words. Somebody who emulates one on purpose can hide them. */
internal class EmulatorSigns(private val files: Files, private val properties: SystemProperties) {
    fun read(): List<String> = listOfNotNull(
        "this is an emulator (hardware ${Build.HARDWARE})".takeIf { Build.HARDWARE in HARDWARE },
        "this is an emulator (ro.kernel.qemu is 1)".takeIf { properties.get("ro.kernel.qemu") == "1" },
    ) + FILES.filter(files::exists).map { "this is an emulator ($it)" }
}

/** `Build.HARDWARE` of the SDK's emulator (both generations), Cuttlefish, VirtualBox-based and Nox. */
private val HARDWARE = setOf("goldfish", "ranchu", "cutf_cvm", "vbox86", "nox")

private val FILES = listOf("/dev/qemu_pipe", "/dev/goldfish_pipe", "/dev/socket/genyd", "/dev/socket/baseband_genyd")
