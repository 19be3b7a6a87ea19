//! Why a canary does not start. What peers send is never an error.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use agent_core::canary::InvalidCanaryKey;

/// Why a canary could not be started.
#[derive(Debug, thiserror::Error)]
pub enum CanaryError {
    /// A key or certificate file.
    #[error("canary: {}: {why}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A setting.
    #[error("canary: {0}")]
    Config(String),
    /// The signing keys.
    #[error("canary: signing key: {0}")]
    Key(#[from] InvalidCanaryKey),
    /// The certificate could not be made or used.
    #[error("canary: certificate: {0}")]
    Certificate(String),
    /// An address cannot be listened on.
    #[error("canary: cannot listen on {address}: {why}")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// The system's words.
        why: std::io::Error,
    },
    /// The system gave no random bytes.
    #[error("canary: the system gave no random bytes")]
    Random,
}

impl CanaryError {
    pub(super) fn file(path: &Path, why: impl ToString) -> Self {
        Self::File { path: path.to_owned(), why: why.to_string() }
    }

    pub(super) fn certificate(why: impl ToString) -> Self {
        Self::Certificate(why.to_string())
    }
}
