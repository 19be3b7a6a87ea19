//! The end of a command that serves.

use tokio::signal::unix::{SignalKind, signal};

use crate::CliError;

/// Returns at Ctrl-C, or at the signal that service managers send.
pub(super) async fn interrupted() -> Result<(), CliError> {
    let mut terminated = signal(SignalKind::terminate())?;
    tokio::select! {
        result = tokio::signal::ctrl_c() => Ok(result?),
        _ = terminated.recv() => Ok(()),
    }
}
