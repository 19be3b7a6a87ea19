//! The end of a command that serves.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::CliError;

/// Ctrl-C, and the signal that service managers send. Listens from the moment it is made, so that who reads that a
/// server serves may end it.
pub(super) struct Interruption {
    interrupted: Signal,
    terminated: Signal,
}

impl Interruption {
    /// Listens, within the current tokio runtime.
    pub(super) fn listen() -> Result<Self, CliError> {
        Ok(Self {
            interrupted: signal(SignalKind::interrupt())?,
            terminated: signal(SignalKind::terminate())?,
        })
    }

    /// Returns once one of them came.
    pub(super) async fn wait(mut self) {
        tokio::select! {
            _ = self.interrupted.recv() => {}
            _ = self.terminated.recv() => {}
        }
    }
}
