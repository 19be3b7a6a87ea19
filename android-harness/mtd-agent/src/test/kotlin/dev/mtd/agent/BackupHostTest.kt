package dev.mtd.agent

import android.app.Application
import android.app.backup.FullBackup
import android.content.Context
import android.os.Build
import android.util.Xml
import dev.mtd.agent.testing.AgentTestRunner
import kotlinx.coroutines.runBlocking
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RuntimeEnvironment
import org.robolectric.annotation.Config
import org.robolectric.util.ReflectionHelpers
import org.robolectric.util.ReflectionHelpers.ClassParameter.from
import org.xmlpull.v1.XmlPullParser
import java.io.File
import kotlin.time.Duration.Companion.seconds

/** Nothing of the agent's goes along with a backup or to another device. */
@RunWith(AgentTestRunner::class)
class BackupHostTest {
    private val context: Application = RuntimeEnvironment.getApplication()

    @Test
    fun `an agent that has enrolled, scanned and delivered has left nothing where a backup looks`() = runBlocking {
        val before = backedUp()
        val phone = SimulatedPhone()
        Stage().use { stage ->
            MtdAgent.open(phone.context, phone.config()).use { agent ->
                agent.enroll(stage.payload, LIMIT)
                agent.scan(limit = LIMIT)
                agent.deliver(LIMIT)
            }
        }
        assertEquals(emptySet<String>(), backedUp() - before)
        val kept = context.noBackupFilesDir.walk().filter(File::isFile).map { it.name }.toSet()
        assertTrue("$kept", kept.containsAll(listOf("mtd-agent.db", "dev.mtd.agent.reports.slot")))
    }

    @Test
    fun `Android reads the rules for Android 11 and earlier as they are meant`() {
        val excluded = HashSet<Any>()
        val included = HashMap<String, Any>()
        rules("mtd_agent_full_backup_content").let {
            call<Any?>("parseBackupSchemeFromXmlLocked", from(XmlPullParser::class.java, it), from(Set::class.java, excluded), from(Map::class.java, included))
        }
        assertEquals(listOf(context.noBackupFilesDir.name), excluded.map(::withinRoot))
        assertTrue(included.isEmpty())
    }

    @Test
    @Config(sdk = [31, 34, 35])
    fun `Android reads the rules for backups and for transfers as they are meant`() {
        for (section in listOf("cloud-backup", "device-transfer")) {
            val excluded = HashSet<Any>()
            val found = call<Boolean>(
                "parseNewBackupSchemeFromXmlLocked",
                from(XmlPullParser::class.java, rules("mtd_agent_data_extraction_rules")), from(String::class.java, section),
                from(Set::class.java, excluded), from(Map::class.java, HashMap<String, Any>()),
            )
            assertTrue(section, found)
            assertEquals(section, listOf(context.noBackupFilesDir.name), excluded.map(::withinRoot))
        }
    }

    /** Files of the app that Android's backup takes along, by path. */
    private fun backedUp(): Set<String> =
        context.dataDir.walk().filter { it.isFile && left.none(it::startsWith) }.map { it.path }.toSet()

    private val left = listOf(context.noBackupFilesDir, context.cacheDir, context.codeCacheDir)

    /** As in an app, whose rules are compiled: without comments, and without blanks between elements. */
    private fun rules(name: String): XmlPullParser = Xml.newPullParser().apply {
        val text = File("src/main/res/xml/$name.xml").readText()
        setInput(text.replace(Regex("<!--.*?-->", RegexOption.DOT_MATCHES_ALL), "").replace(Regex(">\\s+<"), "><").reader())
    }

    /** A method of the framework's own reader of rules. */
    private fun <T> call(method: String, vararg arguments: ReflectionHelpers.ClassParameter<*>): T {
        return ReflectionHelpers.callInstanceMethod(reader, method, *arguments)
    }

    private val reader: Any by lazy {
        val context = from(Context::class.java, this.context)
        val scheme = FullBackup.BackupScheme::class.java
        if (Build.VERSION.SDK_INT < Build.VERSION_CODES.S) ReflectionHelpers.callConstructor(scheme, context)
        else ReflectionHelpers.callConstructor(scheme, context, from(Int::class.javaPrimitiveType, 0))
    }

    /** The path of a rule, from the root that the reader knows of the app. */
    private fun withinRoot(rule: Any): String {
        val path: String = ReflectionHelpers.callInstanceMethod(rule, "getPath")
        return File(path).toRelativeString(ReflectionHelpers.getField<File>(reader, "ROOT_DIR").canonicalFile)
    }
}

private val LIMIT = 30.seconds
