package dev.mtd.sample

import android.app.Application
import android.graphics.Bitmap
import android.graphics.Canvas
import android.graphics.Color
import android.view.View
import android.view.ViewGroup
import android.widget.Button
import android.widget.EditText
import android.widget.ProgressBar
import android.widget.TextView
import dev.mtd.agent.EnrolmentStatus
import dev.mtd.agent.Language
import dev.mtd.agent.Level
import dev.mtd.agent.MtdAgent
import dev.mtd.agent.Ownership
import dev.mtd.agent.RiskLevel
import dev.mtd.agent.testing.AgentTestRunner
import kotlinx.coroutines.runBlocking
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNotNull
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RuntimeEnvironment
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode
import java.io.File

/** The screen with what a real agent found on a simulated device, and its picture for the docs. */
@RunWith(AgentTestRunner::class)
@GraphicsMode(GraphicsMode.Mode.NATIVE)
@Config(sdk = [34], qualifiers = "w400dp-h860dp-xhdpi", application = Application::class)
class ScreenTest {
    private val context: Application = RuntimeEnvironment.getApplication()
    private val asked = mutableListOf<String>()
    private val actions = object : Actions {
        override fun check() {
            asked += "check"
        }

        override fun enroll(code: String) {
            asked += "enroll $code"
        }
    }

    @Test
    fun `before the first scan there is one thing to do`() = withAgent { agent ->
        assertEquals(ScreenState.Empty, load(agent, Language.EN))
        val screen = screen(Language.EN, ScreenState.Empty)
        screen.all<Button>().single().performClick()
        assertEquals(listOf("check"), asked)
    }

    @Test
    fun `work under way is said, and a failure with a way on`() {
        assertNotNull(screen(Language.EN, ScreenState.Busy("Checking…")).all<ProgressBar>().single())

        val failed = screen(Language.EN, ScreenState.Failed("the database is read-only"))
        assertTrue(failed.text(), "the database is read-only" in failed.text())
        failed.all<Button>().single().performClick()
        assertEquals(listOf("check"), asked)
    }

    @Test
    fun `a wrong code is told in the agent's words`() = withAgent { agent ->
        val state = enroll(agent, "nonsense", Language.EN)
        assertTrue(state.toString(), state is ScreenState.Failed && state.why.isNotBlank() && !state.why.startsWith("reason="))
    }

    @Test
    fun `level, why, fix and what is shared are on the screen, in both languages`() = withAgent { agent ->
        for (language in Language.entries) {
            val state = check(agent, language) as ScreenState.Shown
            assertEquals(Level.HIGH, state.explanation.level)
            val text = screen(language, state).text()
            val finding = state.explanation.findings.first()
            for (part in listOf(state.explanation.headline, finding.title, finding.subject, finding.meaning, finding.fix)) {
                assertTrue("$part in $text", part in text)
            }
            assertTrue(Words.of(language).sharedNothing in text)
        }
    }

    @Test
    fun `an enrolled device shows who is told what, byte for byte`() = withAgent { agent ->
        val enrolment = EnrolmentStatus(
            deviceId = "device-7",
            tenant = "acme",
            connectorUrl = "https://mtd.example",
            ownership = Ownership.PERSONAL,
            appSync = false,
            appSyncPersonal = false,
            allowedLevel = RiskLevel.LOW,
            settingsVersion = 7u,
        )
        val state = (check(agent, Language.EN) as ScreenState.Shown).copy(enrolment = enrolment, reports = listOf("{\"iss\": 1}"))
        val screen = screen(Language.EN, state)
        val text = screen.text()
        for (part in listOf("Findings go to acme. The list of apps does not go with them.", "(1):", "{\"iss\": 1}")) {
            assertTrue("$part in $text", part in text)
        }
        assertTrue("nothing to enrol", screen.all<EditText>().isEmpty())
    }

    @Test
    fun `an enrolment code is handed on, an empty one is not`() = withAgent { agent ->
        val screen = screen(Language.EN, check(agent, Language.EN))
        val button = screen.all<Button>().last()
        button.performClick()
        screen.all<EditText>().single().setText("mtd-enrol:abc")
        button.performClick()
        assertEquals(listOf("enroll mtd-enrol:abc"), asked)
    }

    @Test
    fun `the picture for the docs`() = withAgent { agent ->
        val phones = Language.entries.map { picture(screen(it, check(agent, it))) }
        val margin = 48
        val whole = Bitmap.createBitmap(
            phones.sumOf { it.width + margin } + margin,
            phones.maxOf { it.height } + 2 * margin,
            Bitmap.Config.ARGB_8888,
        )
        val canvas = Canvas(whole)
        canvas.drawColor(Color.rgb(214, 219, 228))
        phones.forEachIndexed { index, phone ->
            canvas.drawBitmap(phone, (margin + index * (phone.width + margin)).toFloat(), margin.toFloat(), null)
        }
        assertTrue("something is drawn", phones.all { phone -> colours(phone) > 20 })

        val file = File(System.getProperty("pictures.dir"), "android-sample.png")
        file.parentFile.mkdirs()
        file.outputStream().use { whole.compress(Bitmap.CompressFormat.PNG, 100, it) }
    }

    private fun withAgent(body: suspend (MtdAgent) -> Unit) = runBlocking {
        MtdAgent.open(context, SimulatedDevice(context).config()).use { body(it) }
    }

    private fun screen(language: Language, state: ScreenState) =
        ScreenView(context, Words.of(language), actions).apply { show(state) }

    /** The whole of it, as if the screen were as long as its content. */
    private fun picture(screen: ScreenView): Bitmap {
        val width = context.resources.displayMetrics.widthPixels
        screen.measure(
            View.MeasureSpec.makeMeasureSpec(width, View.MeasureSpec.EXACTLY),
            View.MeasureSpec.makeMeasureSpec(0, View.MeasureSpec.UNSPECIFIED),
        )
        screen.layout(0, 0, width, screen.measuredHeight)
        return Bitmap.createBitmap(width, screen.measuredHeight, Bitmap.Config.ARGB_8888).also { screen.draw(Canvas(it)) }
    }

    private fun colours(bitmap: Bitmap): Int =
        IntArray(bitmap.width * bitmap.height).also { bitmap.getPixels(it, 0, bitmap.width, 0, 0, bitmap.width, bitmap.height) }
            .toSet().size

    private fun View.text(): String = all<TextView>().joinToString("\n") { it.text }

    private inline fun <reified T : View> View.all(): List<T> = everything().filterIsInstance<T>()

    private fun View.everything(): List<View> =
        listOf(this) + (this as? ViewGroup)?.let { group -> (0 until group.childCount).flatMap { group.getChildAt(it).everything() } }.orEmpty()
}
