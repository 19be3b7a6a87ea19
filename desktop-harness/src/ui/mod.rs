//! What a person sees: colour on a terminal, progress for what takes time, plain text elsewhere.

pub(crate) mod access_view;
pub(crate) mod explanation_view;
mod paint;
mod progress;
pub(crate) mod scan_view;

use std::io::{IsTerminal, Write};

use anstyle::{AnsiColor, Style};
use clap::ValueEnum;
use serde::Serialize;

pub(crate) use paint::{Paint, plural};
pub(crate) use progress::Progress;

use crate::CliError;

/// Columns of a line before it is folded.
const WIDTH: usize = 110;

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorChoice {
    Auto,
    Always,
    Never,
}

/// The way to standard output. Output that fails to be written (a closed pipe) ends nothing.
pub(crate) struct Ui {
    pub(crate) paint: Paint,
    pub(crate) json: bool,
}

impl Ui {
    pub(crate) fn new(color: ColorChoice, json: bool) -> Self {
        let color = match color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none(),
        };
        Self { paint: Paint::new(color), json }
    }

    /// One line on standard output.
    pub(crate) fn line(&self, text: impl AsRef<str>) {
        // A reader that closed the pipe (`mtd scan | head`) has what it wanted.
        let _ = writeln!(std::io::stdout(), "{}", text.as_ref());
    }

    /// A document on standard output, indented.
    pub(crate) fn json(&self, document: &impl Serialize) -> Result<(), CliError> {
        self.line(escaped(&serde_json::to_string_pretty(document)?));
        Ok(())
    }

    /// The error that ends the command, on standard error; JSON where that was asked for.
    pub(crate) fn error(&self, message: &str) {
        let text = match self.json {
            true => escaped(&serde_json::json!({ "error": message }).to_string()),
            false => format!("{} {}", self.paint.error("error:"), clean(message)),
        };
        let _ = writeln!(std::io::stderr(), "{text}");
    }

    /// A spinner with `what` on standard error, if a person is looking.
    pub(crate) fn progress(&self, what: &str) -> Progress {
        Progress::start(what, !self.json && std::io::stderr().is_terminal())
    }

    /// A bar over `total` steps on standard error, if a person is looking.
    pub(crate) fn progress_over(&self, what: &str, total: usize) -> Progress {
        let total = u64::try_from(total).unwrap_or(u64::MAX);
        Progress::over(what, total, !self.json && std::io::stderr().is_terminal())
    }
}

/// Log lines to standard error: warnings, then more with each `-v`.
pub(crate) fn start_log(verbose: u8) {
    let level = match verbose {
        // A chain that the platform refuses is a finding, not an error of this program.
        0 => "error,rustls_platform_verifier=off",
        1 => "warn,agent_core=info,desktop_harness=info",
        _ => "info,agent_core=debug,desktop_harness=debug",
    };
    let filter = tracing_subscriber::EnvFilter::try_from_env("MTD_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(level));
    // A second call (tests) keeps the first subscriber.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none())
        .with_writer(std::io::stderr)
        .try_init();
}

/// `text` without [`speaks`] characters: a name that an app chose must not speak to the terminal.
pub(crate) fn clean(text: &str) -> String {
    text.chars().map(|c| if speaks(c) { '\u{fffd}' } else { c }).collect()
}

/// JSON with the [`speaks`] characters of its strings escaped, which JSON itself asks only of those below U+0020.
fn escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            c if c != '\n' && speaks(c) => text.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => text.push(c),
        }
    }
    text
}

/// Whether a terminal acts on `c` instead of showing it: control characters, and those that turn the direction
/// of the text around them.
fn speaks(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// `text` cleaned and in lines of at most [`WIDTH`] columns, each but the first indented by `indent`.
pub(crate) fn folded(text: &str, indent: usize) -> String {
    let text = clean(&text.replace(['\n', '\t'], " "));
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if indent + line.chars().count() + 1 + word.chars().count() <= WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.join(&format!("\n{:indent$}", ""))
}

const fn colored(color: AnsiColor) -> Style {
    Style::new().fg_color(Some(anstyle::Color::Ansi(color)))
}
