//! Calls that are cancelled together, for a language whose generated code does not pass on that a task was cancelled.

use std::future::Future;

use tokio::sync::watch;

use agent_core::agent::AgentError;

/// Ends the calls that run in it, once, for good.
pub(crate) struct Scope {
    cancelled: watch::Sender<bool>,
}

impl Scope {
    pub(crate) fn new() -> Self {
        Self { cancelled: watch::Sender::new(false) }
    }

    /// Runs `call`, and stops it as soon as the scope is cancelled. A call that comes too late is not begun.
    pub(crate) async fn run<T>(
        &self,
        call: impl Future<Output = Result<T, AgentError>>,
    ) -> Result<T, AgentError> {
        let mut cancelled = self.cancelled.subscribe();
        tokio::select! {
            biased;
            // The sender is in `self`: this ends only when the scope is cancelled.
            _ = cancelled.wait_for(|cancelled| *cancelled) => Err(AgentError::Cancelled),
            result = call => result,
        }
    }

    pub(crate) fn cancel(&self) {
        self.cancelled.send_replace(true);
    }
}
