package dev.mtd.agent

import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test
import org.w3c.dom.Comment
import org.w3c.dom.Element
import org.w3c.dom.Node
import java.io.File
import java.net.URLClassLoader
import java.util.zip.ZipFile
import javax.xml.parsers.DocumentBuilderFactory

/** What an app gets: the AAR as it was just built. */
class AarIT {
    private val aar = ZipFile(File(System.getProperty("mtd.aar")))
    private val jniLibs = File(System.getProperty("mtd.jniLibs"))

    /** Those of https://developer.android.com/ndk/guides/abis, with the machine in the ELF header. */
    private val machines = mapOf("arm64-v8a" to 183, "armeabi-v7a" to 40, "x86" to 3, "x86_64" to 62)

    @Test
    fun `it holds these files and no others`() {
        val always = listOf(
            "AndroidManifest.xml", "LICENSE", "LICENSE-APACHE", "LICENSE-MIT", "R.txt", "classes.jar", "proguard.txt",
        ) + RULES.map { "res/xml/$it.xml" }
        val libraries = builtFor().map { "jni/$it/libmtd_agent.so" }
        figure("${aar.name}, for ${builtFor().ifEmpty { listOf("no phone: no library was built with the NDK") }.joinToString()}:")
        aar.entries().asSequence().forEach { figure("  %,9d  %s".format(it.size, it.name)) }

        val held = aar.entries().asSequence().filterNot { it.isDirectory }.map { it.name }.sorted().toList()
        assertEquals((always + libraries).sorted(), held)
        assertEquals("R.txt names the resources", RULES.map { "int xml $it 0x0" }, text("R.txt").trim().lines())
    }

    @Test
    fun `its rules for backups leave out where the agent keeps its data, and no app's own rules are met by them`() {
        for ((rules, sections) in listOf(RULES[0] to listOf("cloud-backup", "device-transfer"), RULES[1] to listOf("full-backup-content"))) {
            val document = xml("res/xml/$rules.xml").documentElement
            for (section in sections) {
                val within = if (document.tagName == section) document else document.all(section).single()
                val excluded = within.all("exclude").single()
                assertEquals("root no_backup", excluded.getAttribute("domain") + " " + excluded.getAttribute("path"))
            }
        }
        val application = xml("AndroidManifest.xml").documentElement.all("application").single()
        for (own in listOf("allowBackup", "dataExtractionRules", "fullBackupContent")) {
            assertEquals("an app that sets it could not be built", "", application.getAttribute("android:$own"))
        }
    }

    @Test
    fun `its classes are the library's own`() {
        val foreign = classes().filterNot { it.startsWith("dev.mtd.agent.") }
        assertEquals(emptyList<String>(), foreign)

        val public = listOf(
            "MtdAgent", "MtdConfig", "MtdAgentHolder", "MtdScheduler", "MtdJobService", "AndroidDeviceHost",
            "AndroidKeystoreKey", "AndroidSecretStore", "LogcatSink", "Agent", "AgentException", "DeviceHost", "ScanResult",
        )
        assertEquals(emptyList<String>(), public.map { "dev.mtd.agent.$it" } - classes().toSet())
        assertEquals("tests stay out", emptyList<String>(), classes().filter { it.endsWith("Test") || it.endsWith("IT") })
    }

    @Test
    fun `the manifest asks for nothing without saying why`() {
        val manifest = xml("AndroidManifest.xml").documentElement
        assertEquals("dev.mtd.agent", manifest.getAttribute("package"))
        assertEquals("26", manifest.all("uses-sdk").single().getAttribute("android:minSdkVersion"))

        val asked = manifest.all("uses-permission")
        assertTrue(asked.map { it.getAttribute("android:name") }.contains("android.permission.ACCESS_NETWORK_STATE"))
        val unexplained = asked.filter { explanation(it).isNullOrBlank() }.map { it.getAttribute("android:name") }
        assertEquals(emptyList<String>(), unexplained)
    }

    @Test
    fun `what the manifest names is in the classes`() {
        val components = listOf("service", "receiver", "activity", "provider")
            .flatMap { xml("AndroidManifest.xml").documentElement.all(it) }
        assertEquals(emptyList<String>(), components.map { it.getAttribute("android:name") } - classes().toSet())
    }

    @Test
    fun `the rules for R8 keep all that native code and Android find by name`() {
        val rules = KeepRules.parse(text("proguard.txt"))
        assertTrue(rules.keeps("com.sun.jna.Native", emptySet()))

        val reached = loaded().filter { it.isReachedByNativeCode() || it.isMadeByAndroid() }
        assertTrue("only ${reached.size} classes are reached", reached.size > 20)
        val lost = reached.filterNot { rules.keeps(it.name, it.ancestors()) }.map { it.name }
        assertEquals(emptyList<String>(), lost)
    }

    @Test
    fun `its native libraries are for the processors that their folders name, and load where pages have 16 KB`() {
        for (abi in builtFor()) {
            val library = bytes("jni/$abi/libmtd_agent.so")
            assertArrayEquals("jni/$abi", File(jniLibs, "$abi/libmtd_agent.so").readBytes(), library)
            val elf = Elf(library)
            assertEquals("jni/$abi", machines[abi], elf.machine)
            assertTrue("jni/$abi is for Linux, not Android", "libc.so.6" !in elf.needed)
            assertTrue("jni/$abi: ${elf.alignments}", elf.alignments.all { it >= Elf.PAGE_16_KB })
        }
    }

    @Test
    fun `the library that was tested is linked as those for phones`() {
        val elf = Elf(File(System.getProperty("mtd.library")).readBytes())
        figure("the tested library is aligned to ${elf.alignments.distinct()} bytes")
        assertTrue(elf.alignments.isNotEmpty() && elf.alignments.all { it >= Elf.PAGE_16_KB })
    }

    private fun builtFor(): List<String> =
        jniLibs.listFiles().orEmpty().filter { File(it, "libmtd_agent.so").isFile }.map { it.name }.sorted()

    private fun bytes(name: String): ByteArray = aar.getInputStream(aar.getEntry(name)).use { it.readBytes() }

    private fun text(name: String) = bytes(name).decodeToString()

    private fun xml(name: String) =
        DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(bytes(name).inputStream())

    private fun classesJar(): File = File.createTempFile("classes", ".jar").apply {
        deleteOnExit()
        writeBytes(bytes("classes.jar"))
    }

    private fun classes(): List<String> = ZipFile(classesJar()).use { jar ->
        jar.entries().asSequence().map { it.name }.filter { it.endsWith(".class") }
            .map { it.removeSuffix(".class").replace('/', '.') }.toList()
    }

    private fun loaded(): List<Class<*>> {
        val loader = URLClassLoader(arrayOf(classesJar().toURI().toURL()), javaClass.classLoader)
        return classes().map { Class.forName(it, false, loader) }
    }

    private fun Class<*>.ancestors(): Set<String> =
        (listOfNotNull(superclass) + interfaces).flatMap { it.ancestors() + it.name }.toSet()

    private fun Class<*>.isReachedByNativeCode(): Boolean {
        val byJna = ancestors().any { it in setOf("com.sun.jna.Callback", "com.sun.jna.Structure", "com.sun.jna.Library") }
        return byJna || declaredMethods.any { java.lang.reflect.Modifier.isNative(it.modifiers) }
    }

    private fun Class<*>.isMadeByAndroid() = ancestors().contains("android.app.Service")

    private fun Element.all(tag: String): List<Element> = getElementsByTagName(tag).let { found ->
        (0 until found.length).map { found.item(it) as Element }
    }

    /** The comment right before an element. */
    private fun explanation(element: Element): String? =
        generateSequence<Node>(element.previousSibling) { it.previousSibling }
            .firstOrNull { it is Comment || it is Element }
            .let { (it as? Comment)?.data }
}

/** Of the resources. */
private val RULES = listOf("mtd_agent_data_extraction_rules", "mtd_agent_full_backup_content")
