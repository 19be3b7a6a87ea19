package dev.mtd.agent

import android.content.pm.ApplicationInfo
import android.content.pm.PackageInfo
import android.os.Build
import com.sun.jna.Function
import com.sun.jna.NativeLibrary
import dev.mtd.agent.testing.AgentTestRunner
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNotSame
import org.junit.Assert.assertSame
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf

/** What the other tests stand on: packages that are installed are seen, and native code is reached by one set of classes. */
@RunWith(AgentTestRunner::class)
class SimulatorTest {
    private val context = RuntimeEnvironment.getApplication()

    @Test
    fun `an installed package is seen by the package manager`() {
        shadowOf(context.packageManager).installPackage(
            PackageInfo().apply {
                packageName = "com.example.tracker"
                versionName = "1.2"
                longVersionCode = 7
                applicationInfo = ApplicationInfo().apply { packageName = "com.example.tracker" }
            },
        )

        val seen = context.packageManager.getPackageInfo("com.example.tracker", 0)
        assertEquals("1.2", seen.versionName)
        assertEquals(7, seen.longVersionCode)
    }

    @Test
    fun `the Android version is the one that was asked for`() {
        val framework = Build::class.java.classLoader.loadClass("android.os.Build\$VERSION")
        assertEquals(RuntimeEnvironment.getApiLevel(), framework.getField("SDK_INT").getInt(null))
    }

    @Test
    fun `a native function answers, by the JNA of the whole process`() {
        val getpid: Function = NativeLibrary.getInstance("c").getFunction("getpid")

        assertEquals(ProcessHandle.current().pid(), getpid.invokeInt(arrayOf()).toLong())
        assertSame(ClassLoader.getSystemClassLoader(), Function::class.java.classLoader)
    }

    @Test
    fun `the bindings are those of the whole process, the library around them that of this Android version`() {
        assertSame(ClassLoader.getSystemClassLoader(), Agent::class.java.classLoader)
        assertSame(ClassLoader.getSystemClassLoader(), DeviceHost::class.java.classLoader)
        assertSame(javaClass.classLoader, MtdAgent::class.java.classLoader)
        assertNotSame(ClassLoader.getSystemClassLoader(), MtdAgent::class.java.classLoader)
    }
}
