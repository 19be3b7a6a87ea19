package dev.mtd.sample

import android.app.Activity
import android.os.Bundle
import dev.mtd.agent.Language
import dev.mtd.agent.MtdAgent
import dev.mtd.agent.MtdAgentOwner
import dev.mtd.agent.languageFor
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Job
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.asCoroutineDispatcher
import kotlinx.coroutines.cancel
import kotlinx.coroutines.launch
import java.util.Locale
import java.util.concurrent.Executor

/** Shows the level, why, how to fix it and what is shared; checks when asked. */
class MainActivity : Activity(), Actions {
    /** The main thread. An app that has `kotlinx-coroutines-android` uses `MainScope()`. */
    private val scope = CoroutineScope(SupervisorJob() + Executor(::runOnUiThread).asCoroutineDispatcher())
    private lateinit var screen: ScreenView
    private lateinit var words: Words
    private lateinit var language: Language
    private var work: Job? = null

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        language = languageFor(Locale.getDefault().toLanguageTag())
        words = Words.of(language)
        screen = ScreenView(this, words, this)
        setContentView(screen)
        run(words.loading) { load(it, language) }
    }

    override fun check() = run(words.checking) { check(it, language) }

    override fun enroll(code: String) = run(words.checking) { enroll(it, code, language) }

    override fun onDestroy() {
        scope.cancel()
        super.onDestroy()
    }

    /** One thing at a time: what the user asks for now ends what was asked before. */
    private fun run(doing: String, action: suspend (MtdAgent) -> ScreenState) {
        work?.cancel()
        screen.show(ScreenState.Busy(doing))
        work = scope.launch { screen.show(orFailed { action((application as MtdAgentOwner).mtdAgent()) }) }
    }
}
