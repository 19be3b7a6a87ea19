//! The agent's log lines, for the host's own log. They hold no personal data and no secret.

use std::cell::Cell;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use log::{LevelFilter, Log, Metadata, Record};

/// How important a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, uniffi::Enum)]
pub enum LogLevel {
    /// Something failed that should not.
    Error,
    /// Something is wrong, and was dealt with.
    Warn,
    /// What the agent does, in a few lines a scan.
    Info,
    /// For its developers.
    Debug,
    /// Everything.
    Trace,
}

/// Receives log lines, on any thread, while the agent works: it must be quick, and what it throws is ignored.
#[uniffi::export(rust, foreign)]
pub trait LogSink: Send + Sync {
    /// One line. `target` names the part of the agent: `agent_core::store`.
    fn log(&self, level: LogLevel, target: String, message: String) -> Result<(), crate::HostError>;
}

/// Sends log lines up to `level` to `sink`, in place of the sink before; to nobody without one. One for the process.
#[uniffi::export]
pub fn set_log_sink(level: LogLevel, sink: Option<Arc<dyn LogSink>>) {
    let most = if sink.is_some() { level.into() } else { LevelFilter::Off };
    *SINK.write().unwrap_or_else(PoisonError::into_inner) = sink;
    // Where the process has a logger of its own, that one hears the lines, in its own way.
    if *INSTALLED.get_or_init(|| log::set_logger(&Forward).is_ok()) {
        log::set_max_level(most);
    }
}

static INSTALLED: OnceLock<bool> = OnceLock::new();

static SINK: RwLock<Option<Arc<dyn LogSink>>> = RwLock::new(None);

thread_local! {
    /// Whether this thread is in the sink, whose own lines would never end.
    static IN_SINK: Cell<bool> = const { Cell::new(false) };
}

struct Forward;

impl Log for Forward {
    /// Lines of the agent only: a library's may name hosts.
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let target = metadata.target();
        target.split("::").next().is_some_and(|root| matches!(root, "agent_core" | "mtd_agent"))
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) || IN_SINK.get() {
            return;
        }
        let sink = SINK.read().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(sink) = sink else { return };
        IN_SINK.set(true);
        // A sink that fails has nowhere to say so.
        let _ = sink.log(record.level().into(), record.target().to_owned(), record.args().to_string());
        IN_SINK.set(false);
    }

    fn flush(&self) {}
}

impl From<LogLevel> for LevelFilter {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Error => Self::Error,
            LogLevel::Warn => Self::Warn,
            LogLevel::Info => Self::Info,
            LogLevel::Debug => Self::Debug,
            LogLevel::Trace => Self::Trace,
        }
    }
}

impl From<log::Level> for LogLevel {
    fn from(level: log::Level) -> Self {
        match level {
            log::Level::Error => Self::Error,
            log::Level::Warn => Self::Warn,
            log::Level::Info => Self::Info,
            log::Level::Debug => Self::Debug,
            log::Level::Trace => Self::Trace,
        }
    }
}
