//! Log lines: the agent's own, to the host's sink, and nowhere else.

use std::sync::{Arc, Mutex};

use super::support::*;
use crate::{HostError, LogLevel, LogSink, set_log_sink};

#[derive(Default)]
struct Sink(Mutex<Vec<(LogLevel, String, String)>>);

impl LogSink for Sink {
    fn log(&self, level: LogLevel, target: String, message: String) -> Result<(), HostError> {
        log::error!(target: "agent_core::echo", "a line of the sink's own, which must not come back");
        self.0.lock().unwrap().push((level, target, message));
        Err(HostError::Failed { why: "the log is full".to_owned() })
    }
}

/// One test, because a process has one sink.
#[test]
fn lines_of_the_agent_reach_the_sink_and_name_nothing_of_the_device() {
    let sink = Arc::new(Sink::default());
    set_log_sink(LogLevel::Info, Some(sink.clone()));
    let bench = Bench::new();
    bench.script(|script| script.apps.as_mut().unwrap().apps.push(app("com.example.secret")));
    bench.scan();
    log::warn!(target: "rustls::client", "a library's line, which may name hosts");
    log::debug!(target: "agent_core::agent", "beyond the level");

    let lines = std::mem::take(&mut *sink.0.lock().unwrap());
    let scans: Vec<_> =
        lines.iter().filter(|(.., text)| text.starts_with("scan (requested): level ")).collect();
    assert!(!scans.is_empty(), "{lines:?}");
    assert!(
        scans
            .iter()
            .all(|(level, target, _)| *level == LogLevel::Info && target == "agent_core::agent::scan")
    );
    let all: String = lines.iter().map(|(_, target, text)| format!("{target} {text}\n")).collect();
    for absent in ["com.example.secret", "library's", "beyond", "must not come back"] {
        assert!(!all.contains(absent), "{absent} in {all}");
    }

    set_log_sink(LogLevel::Info, None);
    bench.scan();
    assert!(sink.0.lock().unwrap().is_empty(), "nobody listens any more");
}
