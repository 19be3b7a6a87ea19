package dev.mtd.agent.host

import android.os.Build
import de.robv.android.xposed.FakeXposed
import dev.mtd.agent.testing.AgentTestRunner
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith

/** Signs of root, of a changed system, of hooks and of emulators: each in its own list. */
@RunWith(AgentTestRunner::class)
class SignsHostTest {
    init {
        build("TAGS" to "release-keys", "TYPE" to "user")
    }

    @Test
    fun `a production device shows no sign`() {
        pixel()
        val stock = FakeFiles(
            mapOf(
                "/proc/self/mounts" to STOCK_MOUNTS,
                "/proc/self/maps" to "7f00-7f10 r-xp 00000000 fd:00 12 /system/lib64/libc.so\n" +
                    "7f10-7f20 r-xp 00000000 fd:00 13 /data/app/com.medxpert.lspdemo/lib/arm64/libapp.so\n7f20-7f30 rw-p 00000000 00:00 0 [anon]\n",
                "/sys/fs/selinux/enforce" to "1",
            ),
        )
        val properties = mapOf(
            "ro.debuggable" to "0", "ro.secure" to "1", "ro.boot.verifiedbootstate" to "green", "ro.boot.veritymode" to "enforcing",
            "ro.boot.vbmeta.hash_alg" to "sha256", "ro.boot.vbmeta.digest" to "5d41402a",
        )
        assertEquals(emptyList<String>(), RootSigns(stock, properties::get).read())
        assertEquals(emptyList<String>(), TamperSigns(stock, properties::get).read())
        assertEquals(emptyList<String>(), HookingSigns(stock).read())
        assertEquals(emptyList<String>(), EmulatorSigns(stock, properties::get).read())
    }

    @Test
    fun `root is told in words with its place`() {
        val rooted = FakeFiles(
            mapOf(
                "/system/xbin/su" to "",
                "/proc/self/mounts" to "KSU /product overlay ro,lowerdir=/data/adb/modules/x 0 0\nmagisk /sbin tmpfs ro 0 0\n",
                "/proc/self/maps" to "7f00-7f10 r-xp 00000000 fd:00 12 /data/adb/modules/zn/lib/libzn.so\n",
            ),
        )
        assertEquals(
            listOf(
                "the debugging bridge runs as root (service.adb.root is 1)",
                "there is a command for root (/system/xbin/su)",
                "Magisk is active (it is in the list of mounts)",
                "KernelSU is active (it is in the list of mounts)",
                "a module of a root manager is active (it is in the list of mounts)",
                "a root manager is loaded into this app",
            ),
            RootSigns(rooted, mapOf("service.adb.root" to "1")::get).read(),
        )
        assertEquals(emptyList<String>(), TamperSigns(rooted) { null }.read())
    }

    @Test
    fun `a changed system is told in words with its place`() {
        val changed = FakeFiles(
            mapOf("/proc/self/mounts" to "/dev/block/dm-0 /system ext4 rw,seclabel 0 0\n", "/sys/fs/selinux/enforce" to "0"),
        )
        val properties = mapOf("ro.debuggable" to "1", "ro.boot.veritymode" to "disabled", "ro.boot.vbmeta.hash_alg" to "sha256")
        assertEquals(
            listOf(
                "every app and the system can be debugged (ro.debuggable is 1)",
                "changes to the system's files are not noticed (ro.boot.veritymode is disabled)",
                "a part of the system can be written (/system)",
                "the digest of the verified system was removed (ro.boot.vbmeta.digest)",
                "SELinux does not enforce its rules",
            ),
            TamperSigns(changed, properties::get).read(),
        )
        assertEquals(emptyList<String>(), RootSigns(changed, properties::get).read())
    }

    @Test
    fun `a development build is told`() {
        build("TAGS" to "test-keys", "TYPE" to "userdebug")
        val signs = TamperSigns(FakeFiles()) { null }.read()
        assertEquals(listOf("the system is signed with public test keys", "the system is a development build (userdebug)"), signs)
    }

    @Test
    fun `a hooking framework shows in memory, in the calls of the app, and in wait`() {
        val files = FakeFiles(
            mapOf(
                "/proc/self/maps" to "7f00-7f10 r-xp 00000000 00:05 12 /memfd:frida-agent-64.so (deleted)\n7f10-7f20 r-xp 0 fd:00 1 /data/x/liblspd.so\n",
                "/data/local/tmp/frida-server" to "",
            ),
        )
        val calls = listOf("java.lang.Thread", "LSPHooker_", "de.robv.android.xposed.XposedBridge")
        assertEquals(
            listOf(
                "the hooking framework Frida is loaded into this app",
                "the hooking framework LSPosed is loaded into this app",
                "the hooking framework Xposed is loaded into this app",
                "Frida is on the device (/data/local/tmp/frida-server)",
            ),
            HookingSigns(files) { calls }.read(),
        )
    }

    @Test
    fun `a hook that is under way in this very process is seen`() {
        assertEquals(emptyList<String>(), HookingSigns(FakeFiles()).read())
        val signs = FakeXposed.around { HookingSigns(FakeFiles()).read() }
        assertEquals(listOf("the hooking framework Xposed is loaded into this app"), signs)
    }

    @Test
    fun `the simulator that these tests run on says that it is one`() {
        val signs = EmulatorSigns(FakeFiles()) { null }.read()
        assertTrue(signs.toString(), signs.any { "robolectric" in it })
    }

    @Test
    fun `emulators are told by what they are built for, and a GSI on a device is none`() {
        val cases = mapOf(
            "google/sdk_gphone64_x86_64/emu64xa:14/UE1A.230829.036/11228894:user/release-keys" to true,
            "generic/sdk/generic:4.4/KK/1:eng/test-keys" to true,
            "google/raven/raven:14/UQ1A.240105.004/11206848:user/release-keys" to false,
            "google/gsi_gms_arm64/generic_arm64:14/UP1A/1:user/release-keys" to false,
        )
        for ((fingerprint, emulated) in cases) {
            pixel()
            build("FINGERPRINT" to fingerprint)
            assertEquals(fingerprint, emulated, EmulatorSigns(FakeFiles()) { null }.read().isNotEmpty())
        }
        pixel()
        val ranchu = mapOf("ro.boot.qemu" to "1")
        assertEquals(
            listOf("this is an emulator (ro.boot.qemu is 1)", "this is an emulator (/dev/goldfish_pipe)"),
            EmulatorSigns(FakeFiles(mapOf("/dev/goldfish_pipe" to "")), ranchu::get).read(),
        )
    }
}

private const val STOCK_MOUNTS = """/dev/block/dm-4 / erofs ro,seclabel,relatime 0 0
tmpfs /dev tmpfs rw,seclabel,nosuid,relatime 0 0
/dev/block/dm-5 /vendor erofs ro,seclabel,relatime 0 0
adb /dev/usb-ffs/adb functionfs rw,relatime 0 0
/dev/block/dm-44 /data f2fs rw,lazytime,seclabel 0 0
"""
