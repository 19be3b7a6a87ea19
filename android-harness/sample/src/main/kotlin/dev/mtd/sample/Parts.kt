package dev.mtd.sample

import android.content.Context
import android.graphics.Typeface
import android.graphics.drawable.GradientDrawable
import android.os.Build
import android.view.View
import android.view.ViewGroup.LayoutParams.MATCH_PARENT
import android.view.ViewGroup.LayoutParams.WRAP_CONTENT
import android.widget.Button
import android.widget.EditText
import android.widget.LinearLayout
import android.widget.TextView

/** The views that the screen is put together from. Gaps are the space above, in dp. */
internal class Parts(private val context: Context) {
    val palette = Palette.of(context)

    fun column(vararg children: View) = LinearLayout(context).apply {
        orientation = LinearLayout.VERTICAL
        children.forEach(::addView)
    }

    fun card(colour: Int, vararg children: View, gap: Int = 10) = column(*children).apply {
        background = rounded(colour, 14)
        setPadding(dp(18), dp(16), dp(18), dp(18))
        layoutParams = below(gap)
    }

    fun heading(text: String) = text(text, 14f, palette.quiet, bold = true, gap = 26).apply {
        setPadding(dp(4), 0, dp(4), 0)
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.P) isAccessibilityHeading = true
    }

    fun text(text: String, size: Float = 15f, colour: Int = palette.text, bold: Boolean = false, gap: Int = 0) =
        TextView(context).apply {
            this.text = text
            textSize = size
            setTextColor(colour)
            setLineSpacing(0f, 1.15f)
            if (bold) typeface = Typeface.DEFAULT_BOLD
            layoutParams = below(gap)
        }

    fun code(text: String) = text(text, 12f, palette.quiet, gap = 10).apply {
        typeface = Typeface.MONOSPACE
        setTextIsSelectable(true)
    }

    /** A word on a colour, as wide as the word. */
    fun label(text: String, colour: Int) = text(text, 12f, Palette.ON_COLOUR, bold = true).apply {
        background = rounded(colour, 10)
        setPadding(dp(9), dp(3), dp(9), dp(3))
        layoutParams = LinearLayout.LayoutParams(WRAP_CONTENT, WRAP_CONTENT).apply { bottomMargin = dp(8) }
    }

    fun button(text: String, action: () -> Unit) = Button(context).apply {
        this.text = text
        isAllCaps = false
        textSize = 16f
        setTextColor(Palette.ON_COLOUR)
        background = rounded(palette.accent, 24)
        stateListAnimator = null
        minHeight = dp(48)
        setOnClickListener { action() }
        layoutParams = below(14)
    }

    fun field(hint: String) = EditText(context).apply {
        this.hint = hint
        textSize = 15f
        setTextColor(palette.text)
        setHintTextColor(palette.quiet)
        minHeight = dp(48)
        layoutParams = below(0)
    }

    fun dp(value: Int): Int = (value * context.resources.displayMetrics.density).toInt()

    private fun rounded(colour: Int, radius: Int) = GradientDrawable().apply {
        setColor(colour)
        cornerRadius = dp(radius).toFloat()
    }

    private fun below(gap: Int) = LinearLayout.LayoutParams(MATCH_PARENT, WRAP_CONTENT).apply { topMargin = dp(gap) }
}
