package dev.mtd.agent.host

import android.os.Build
import dev.mtd.agent.testing.AgentTestRunner
import org.junit.Assert.assertEquals
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.annotation.Config
import org.robolectric.util.ReflectionHelpers

@RunWith(AgentTestRunner::class)
@Config(sdk = [28, 34])
class RootSignsHostTest {
    init {
        ReflectionHelpers.setStaticField(Build::class.java, "TAGS", "release-keys")
        ReflectionHelpers.setStaticField(Build::class.java, "TYPE", "user")
    }

    @Test
    fun `a production device shows no sign`() {
        val stock = FakeFiles(
            mapOf(
                "/proc/self/mounts" to STOCK_MOUNTS,
                "/proc/self/maps" to "7f00-7f10 r-xp 00000000 fd:00 12 /system/lib64/libc.so\n" +
                    "7f10-7f20 r-xp 00000000 fd:00 13 /data/app/com.medxpert.lspdemo/lib/arm64/libapp.so\n7f20-7f30 rw-p 00000000 00:00 0 [anon]\n",
                "/sys/fs/selinux/enforce" to "1",
            ),
        )
        val properties = mapOf("ro.debuggable" to "0", "ro.secure" to "1", "ro.boot.verifiedbootstate" to "green")
        assertEquals(emptyList<String>(), RootSigns(stock, properties::get).read())
    }

    @Test
    fun `each kind of sign is told in words with its place`() {
        val rooted = FakeFiles(
            mapOf(
                "/system/xbin/su" to "",
                "/proc/self/mounts" to "/dev/block/dm-0 /system ext4 rw,seclabel 0 0\n" +
                    "KSU /product overlay ro,lowerdir=/data/adb/modules/x 0 0\nmagisk /sbin tmpfs ro 0 0\n",
                "/proc/self/maps" to "7f00-7f10 r-xp 00000000 fd:00 12 /data/local/tmp/re.frida.server/frida-agent-64.so\n",
                "/sys/fs/selinux/enforce" to "0",
            ),
        )
        assertEquals(
            listOf(
                "every app and the system can be debugged (ro.debuggable is 1)",
                "the system was not verified at start (ro.boot.verifiedbootstate is orange)",
                "there is a command for root (/system/xbin/su)",
                "a part of the system can be written (/system)",
                "Magisk is active (it is in the list of mounts)",
                "KernelSU is active (it is in the list of mounts)",
                "a module of a root manager is active (it is in the list of mounts)",
                "the hooking framework Frida is loaded into this app",
                "SELinux does not enforce its rules",
            ),
            RootSigns(rooted, mapOf("ro.debuggable" to "1", "ro.boot.verifiedbootstate" to "orange")::get).read(),
        )
    }

    @Test
    fun `a development build is told`() {
        ReflectionHelpers.setStaticField(Build::class.java, "TAGS", "test-keys")
        ReflectionHelpers.setStaticField(Build::class.java, "TYPE", "userdebug")
        val signs = RootSigns(FakeFiles()) { null }.read()
        assertEquals(listOf("the system is signed with public test keys", "the system is a development build (userdebug)"), signs)
    }
}

private const val STOCK_MOUNTS = """/dev/block/dm-4 / erofs ro,seclabel,relatime 0 0
tmpfs /dev tmpfs rw,seclabel,nosuid,relatime 0 0
/dev/block/dm-5 /vendor erofs ro,seclabel,relatime 0 0
adb /dev/usb-ffs/adb functionfs rw,relatime 0 0
/dev/block/dm-44 /data f2fs rw,lazytime,seclabel 0 0
"""
