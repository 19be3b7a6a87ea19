//! Colours and marks. Colour never carries what the text does not say.

use std::fmt::Display;

use agent_core::model::{CheckOutcome, Coverage, Level, Severity, Verdict};
use anstyle::{AnsiColor, Style};

use super::colored;

pub(crate) struct Paint {
    color: bool,
}

impl Paint {
    pub(crate) const fn new(color: bool) -> Self {
        Self { color }
    }

    pub(crate) fn bold(&self, text: impl Display) -> String {
        self.with(Style::new().bold(), text)
    }

    pub(crate) fn dim(&self, text: impl Display) -> String {
        self.with(Style::new().dimmed(), text)
    }

    pub(crate) fn good(&self, text: impl Display) -> String {
        self.with(colored(AnsiColor::Green), text)
    }

    pub(crate) fn warning(&self, text: impl Display) -> String {
        self.with(colored(AnsiColor::Yellow), text)
    }

    pub(crate) fn error(&self, text: impl Display) -> String {
        self.with(colored(AnsiColor::Red).bold(), text)
    }

    /// The level in its colour, upper case.
    pub(crate) fn level(&self, level: Level) -> String {
        self.by_level(level, level.to_string().to_uppercase())
    }

    /// A text in the colour of `level`.
    pub(crate) fn by_level(&self, level: Level, text: impl Display) -> String {
        match level {
            Level::Secured | Level::Low => self.good(text),
            Level::Medium | Level::Unknown | Level::Misconfigured => self.warning(text),
            Level::High => self.error(text),
        }
    }

    pub(crate) fn severity(&self, severity: Severity, text: impl Display) -> String {
        match severity {
            Severity::None => self.dim(text),
            Severity::Low | Severity::Medium => self.warning(text),
            Severity::High => self.error(text),
        }
    }

    /// The mark in front of a check: in order, worth a look, an attack, not told.
    pub(crate) fn mark(&self, outcome: &CheckOutcome) -> String {
        match mark_of(outcome) {
            mark @ '✓' => self.good(mark),
            mark @ '✗' => self.error(mark),
            mark @ '!' => self.warning(mark),
            mark => self.dim(mark),
        }
    }

    fn with(&self, style: Style, text: impl Display) -> String {
        match self.color {
            true => format!("{style}{text}{style:#}"),
            false => text.to_string(),
        }
    }
}

/// `✓` clean or benign, `!` suspicious, `✗` confirmed, `–` not told.
fn mark_of(outcome: &CheckOutcome) -> char {
    match outcome.verdict() {
        Verdict::Confirmed => '✗',
        Verdict::Suspicious => '!',
        _ if outcome.part_of.is_some() => '!',
        _ if outcome.coverage != Coverage::Complete => '–',
        Verdict::Clean | Verdict::Benign => '✓',
        // It looked, and its sentence says at what it could not.
        Verdict::Inconclusive if !outcome.check.is_of_the_network() => '✓',
        Verdict::Inconclusive => '–',
    }
}

/// `1 app`, `2 apps`.
pub(crate) fn plural(count: usize, noun: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{s}")
}
