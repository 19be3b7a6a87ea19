//! A spinner with elapsed time for work of over a second.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// Shows while it lives; gone without a trace afterwards.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    pub(super) fn start(what: &str, visible: bool) -> Self {
        if !visible {
            return Self(ProgressBar::hidden());
        }
        let bar = ProgressBar::new_spinner().with_message(what.to_owned());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(100));
        Self(bar)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
