package dev.mtd.agent.host

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
            "/system/framework/XposedBridge.jar" to "the Xposed framework is installed",
            "/system/lib/libxposed_art.so" to "the Xposed framework is installed",
            "/system/lib64/libxposed_art.so" to "the Xposed framework is installed",
            "/data/local/tmp/frida-server" to "Frida is on the device",
            "/data/local/tmp/re.frida.server" to "Frida is on the device",
        )

/** Properties, the values that no production device has, and what those mean. */
internal val ROOT_PROPERTIES: List<Triple<String, Set<String>, String>> = listOf(
    Triple("ro.debuggable", setOf("1"), "every app and the system can be debugged"),
    Triple("ro.secure", setOf("0"), "the debugging bridge runs as root"),
    Triple("service.adb.root", setOf("1"), "the debugging bridge runs as root"),
    Triple("ro.boot.verifiedbootstate", setOf("orange", "red"), "the system was not verified at start"),
    Triple("ro.boot.flash.locked", setOf("0"), "the boot loader is unlocked"),
    Triple("ro.boot.vbmeta.device_state", setOf("unlocked"), "the boot loader is unlocked"),
)

/** What is mounted read-only on every production device. */
internal val READ_ONLY_MOUNTS: Set<String> = setOf("/", "/system", "/system_root", "/vendor", "/product", "/system_ext", "/odm", "/sbin")

/** Lines of the mount table (device, path, type, options) that name what put them there. */
internal val ROOT_MOUNTS: List<Pair<Regex, String>> = listOf(
    Regex("magisk") to "Magisk is active",
    Regex("^KSU ") to "KernelSU is active",
    Regex("^APatch ") to "APatch is active",
    Regex("/data/adb/") to "a module of a root manager is active",
)

/** Parts of the paths of files in an app's memory, and who loads them. An app's own path may hold any word but these. */
internal val HOOKS: List<Pair<Regex, String>> = listOf(
    Regex("frida-(agent|gadget)[^/]*$") to "the hooking framework Frida",
    Regex("/XposedBridge[^/]*$|/libxposed[^/]*$") to "the hooking framework Xposed",
    Regex("/libedxp[^/]*$") to "the hooking framework EdXposed",
    Regex("/(lib)?lspd[^/]*$") to "the hooking framework LSPosed",
    Regex("/libriru[^/]*$") to "the hooking framework Riru",
    Regex("/libzygisk[^/]*$") to "the hooking framework Zygisk",
    Regex("/libsubstrate[^/]*$") to "the hooking framework Substrate",
    Regex("/libsandhook[^/]*$") to "the hooking framework SandHook",
    Regex("^/data/adb/|/[^/]*magisk[^/]*$") to "a root manager",
)
