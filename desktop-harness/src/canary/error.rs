//! Why a canary does not start. What peers send is never an error.

use std::net::SocketAddr;

use agent_core::canary::InvalidCanaryKey;

use crate::authority::AuthorityError;
use crate::private_file::PrivateFileError;

/// Why a canary could not be started.
#[derive(Debug, thiserror::Error)]
pub enum CanaryError {
    /// A key or certificate file.
    #[error("canary: {0}")]
    File(#[from] PrivateFileError),
    /// A setting.
    #[error("canary: {0}")]
    Config(String),
    /// The signing keys.
    #[error("canary: signing key: {0}")]
    Key(#[from] InvalidCanaryKey),
    /// The canary's own authority, or a certificate that cannot be used.
    #[error("canary: {0}")]
    Authority(#[from] AuthorityError),
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
