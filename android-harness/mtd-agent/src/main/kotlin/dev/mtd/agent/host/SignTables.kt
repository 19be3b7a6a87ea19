package dev.mtd.agent.host

/** A value that no production device has of a property, and what it means. */
internal class PropertySign(val name: String, val values: Set<String>, val words: String)

/** Files that root puts on a device, and what each means. */
internal val ROOT_PATHS: List<Pair<String, String>> =
    listOf(
        "/system/bin", "/system/xbin", "/system/sbin", "/sbin", "/vendor/bin", "/su/bin", "/odm/bin", "/product/bin",
        "/system/bin/.ext", "/system/usr/we-need-root", "/data/local", "/data/local/bin", "/data/local/xbin",
    ).map { "$it/su" to "there is a command for root" } +
        listOf(
            "/system/app/Superuser.apk" to "an app that hands out root is part of the system",
            "/system/app/SuperSU/SuperSU.apk" to "an app that hands out root is part of the system",
            "/system/etc/init.d/99SuperSUDaemon" to "SuperSU is installed",
            "/system/bin/daemonsu" to "SuperSU is installed",
            "/sbin/.magisk" to "Magisk is installed",
            "/sbin/magisk" to "Magisk is installed",
            "/system/bin/magisk" to "Magisk is installed",
            "/debug_ramdisk/.magisk" to "Magisk is installed",
            "/cache/.disable_magisk" to "Magisk was installed",
            "/data/adb/magisk" to "Magisk is installed",
            "/data/adb/ksu" to "KernelSU is installed",
            "/data/adb/ksud" to "KernelSU is installed",
            "/data/adb/ap" to "APatch is installed",
        )

/** The debugging bridge as root is what `adb root` leaves behind. */
internal val ROOT_PROPERTIES: List<PropertySign> = listOf(
    PropertySign("service.adb.root", setOf("1"), "the debugging bridge runs as root"),
)

/** Lines of the mount table (device, path, type, options) that name what put them there. */
internal val ROOT_MOUNTS: List<Pair<Regex, String>> = listOf(
    Regex("magisk") to "Magisk is active",
    Regex("^KSU ") to "KernelSU is active",
    Regex("^APatch ") to "APatch is active",
    Regex("/data/adb/") to "a module of a root manager is active",
)

/** Files in an app's memory that a root manager put there. */
internal val ROOT_LIBRARIES: Regex = Regex("^/data/adb/|/[^/]*magisk[^/]*$")

/**
 * Properties of a system that is not as it was shipped. What the boot loader tells of itself (`ro.boot.verifiedbootstate`,
 * `ro.boot.flash.locked`) is no sign here but facts of its own: [BootState].
 */
internal val TAMPER_PROPERTIES: List<PropertySign> = listOf(
    PropertySign("ro.debuggable", setOf("1"), "every app and the system can be debugged"),
    PropertySign("ro.secure", setOf("0"), "the debugging bridge runs as root after every start"),
    PropertySign("ro.boot.veritymode", setOf("disabled", "logging"), "changes to the system's files are not noticed"),
)

/** What is mounted read-only on every production device. */
internal val READ_ONLY_MOUNTS: Set<String> = setOf("/", "/system", "/system_root", "/vendor", "/product", "/system_ext", "/odm", "/sbin")

/** Parts of the paths of files in an app's memory, and who loads them. An app's own path may hold any word but these. */
internal val HOOK_LIBRARIES: List<Pair<Regex, String>> = listOf(
    Regex("frida-(agent|gadget)[^/]*$") to "the hooking framework Frida",
    Regex("/XposedBridge[^/]*$|/libxposed[^/]*$") to "the hooking framework Xposed",
    Regex("/libedxp[^/]*$") to "the hooking framework EdXposed",
    Regex("/(lib)?lspd[^/]*$") to "the hooking framework LSPosed",
    Regex("/libriru[^/]*$") to "the hooking framework Riru",
    Regex("/libzygisk[^/]*$") to "the hooking framework Zygisk",
    Regex("/libsubstrate[^/]*$") to "the hooking framework Substrate",
    Regex("/libsandhook[^/]*$") to "the hooking framework SandHook",
)

/** Beginnings of the names of classes that hooking frameworks put into the calls of an app, and whose they are. */
internal val HOOK_CLASSES: List<Pair<String, String>> = listOf(
    "de.robv.android.xposed." to "the hooking framework Xposed",
    "EdHooker_" to "the hooking framework EdXposed",
    "LSPHooker_" to "the hooking framework LSPosed",
    "org.lsposed." to "the hooking framework LSPosed",
    "com.saurik.substrate." to "the hooking framework Substrate",
    "com.swift.sandhook." to "the hooking framework SandHook",
)

/** Files by which a hooking framework waits for apps to start. */
internal val HOOK_PATHS: List<Pair<String, String>> = listOf(
    "/system/framework/XposedBridge.jar" to "the Xposed framework is installed",
    "/system/lib/libxposed_art.so" to "the Xposed framework is installed",
    "/system/lib64/libxposed_art.so" to "the Xposed framework is installed",
    "/data/local/tmp/frida-server" to "Frida is on the device",
    "/data/local/tmp/re.frida.server" to "Frida is on the device",
)

internal fun List<PropertySign>.seen(properties: SystemProperties): List<String> = mapNotNull { sign ->
    properties.get(sign.name)?.takeIf { it in sign.values }?.let { "${sign.words} (${sign.name} is $it)" }
}

internal fun List<Pair<String, String>>.seen(files: Files): List<String> =
    filter { (path, _) -> files.exists(path) }.map { (path, words) -> "$words ($path)" }
