package dev.mtd.sample

import android.content.Context
import android.view.Gravity
import android.view.View
import android.widget.LinearLayout
import android.widget.ProgressBar
import android.widget.ScrollView
import dev.mtd.agent.ExplainedFinding
import dev.mtd.agent.ExplainedGap
import dev.mtd.agent.Explanation
import dev.mtd.agent.Step
import dev.mtd.agent.Target

/** What the user can do on the screen. */
internal interface Actions {
    fun check()

    fun enroll(code: String)
}

/** The one screen: the level, why, how to fix it, what is shared. */
internal class ScreenView(context: Context, private val words: Words, private val actions: Actions) : ScrollView(context) {
    private val parts = Parts(context)
    private val content = parts.column().apply { setPadding(parts.dp(16), parts.dp(6), parts.dp(16), parts.dp(28)) }

    init {
        setBackgroundColor(parts.palette.background)
        fitsSystemWindows = true
        addView(content)
    }

    fun show(state: ScreenState) {
        content.removeAllViews()
        val views = when (state) {
            is ScreenState.Busy -> listOf(busy(state.words))
            is ScreenState.Empty -> listOf(card(parts.text(words.notScanned, 17f)), parts.button(words.check, actions::check))
            is ScreenState.Failed -> listOf(
                card(parts.text(words.failed, 17f, bold = true), parts.text(state.why, gap = 6)),
                parts.button(words.again, actions::check),
            )
            is ScreenState.Shown -> shown(state)
        }
        views.forEach(content::addView)
    }

    private fun busy(doing: String): View {
        val text = parts.text(doing, 16f, parts.palette.quiet, gap = 14).apply { gravity = Gravity.CENTER_HORIZONTAL }
        return parts.column(ProgressBar(context), text).apply {
            gravity = Gravity.CENTER_HORIZONTAL
            setPadding(0, parts.dp(120), 0, 0)
            accessibilityLiveRegion = View.ACCESSIBILITY_LIVE_REGION_POLITE
        }
    }

    private fun shown(state: ScreenState.Shown): List<View> {
        val explanation = state.explanation
        val found = explanation.findings.map(::finding).ifEmpty { listOf(card(parts.text(words.nothingFound))) }
        val gaps = explanation.gaps.map(::gap)
        return listOf(level(explanation), parts.button(words.check, actions::check)) +
            parts.heading(words.found) + found +
            explanation.toReach.take(1).flatMap(::target) +
            listOf(parts.heading(words.notChecked)).filter { gaps.isNotEmpty() } + gaps +
            parts.heading(words.shared) + shared(state)
    }

    private fun level(explanation: Explanation): View = parts.card(
        Palette.of(explanation.level),
        parts.text(explanation.levelName.capital(), 30f, Palette.ON_COLOUR, bold = true),
        parts.text(explanation.headline, 16f, Palette.ON_COLOUR, gap = 4),
    )

    private fun finding(finding: ExplainedFinding): View = card(
        parts.label(finding.severityName, Palette.of(finding.severity)),
        parts.text(finding.title, 17f, bold = true),
        parts.text(finding.subject, 13f, parts.palette.quiet).apply {
            visibility = if (finding.subject.isEmpty()) View.GONE else View.VISIBLE
        },
        parts.text(finding.meaning, gap = 6),
        parts.text(words.whatToDo, 13f, parts.palette.quiet, bold = true, gap = 12),
        parts.text(finding.fix, gap = 2),
    )

    /** The nearest better level: what to do first. */
    private fun target(target: Target): List<View> {
        val steps = target.steps.mapIndexed { index, step ->
            parts.text("${index + 1}.  ${inWords(step)}", gap = if (index == 0) 0 else 8)
        }
        return listOf(parts.heading(words.toReach(target.levelName)), card(*steps.toTypedArray()))
    }

    private fun inWords(step: Step): String = when (step) {
        is Step.Resolve -> step.text
        is Step.Cover -> step.text
    }

    private fun gap(gap: ExplainedGap): View = card(parts.text(gap.name.capital(), 16f, bold = true), parts.text(gap.fix, gap = 4))

    private fun shared(state: ScreenState.Shown): List<View> {
        val enrolment = state.enrolment ?: return listOf(card(parts.text(words.sharedNothing)), enrol())
        return listOf(
            card(
                parts.text(words.sharedWith(enrolment.tenant, enrolment.appSync)),
                parts.text(words.queued(state.reports.size), 13f, parts.palette.quiet, gap = 10),
                *state.reports.map(parts::code).toTypedArray(),
            ),
        )
    }

    private fun enrol(): View {
        val code = parts.field(words.code)
        return card(code, parts.button(words.enroll) { if (code.text.isNotBlank()) actions.enroll(code.text.toString()) })
    }

    private fun String.capital() = replaceFirstChar(Char::uppercase)

    private fun card(vararg children: View): LinearLayout = parts.card(parts.palette.card, *children)
}
