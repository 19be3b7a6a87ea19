//! What can go wrong in the connector itself; what a client did wrong is a
//! [`Refusal`](agent_core::connector::Refusal).

use agent_core::connector::{PayloadError, Refusal, RefusalCode};
use agent_core::platform::PlatformError;
use agent_core::report::jws::SignError;
use rusqlite::ErrorCode;

use crate::authority::AuthorityError;
use crate::private_file::PrivateFileError;

/// Why the connector could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file of the data directory.
    #[error("connector: {0}")]
    File(#[from] PrivateFileError),
    /// A key.
    #[error("connector: {0}")]
    Key(#[from] PlatformError),
    /// The database.
    #[error("connector: database: {error}{remedy}", error = .0, remedy = remedy(.0))]
    Database(#[from] rusqlite::Error),
    /// The database was written by a later version.
    #[error("connector: database has schema {found}, this version knows {known}: use a newer mtd")]
    NewerDatabase {
        /// In the file.
        found: u32,
        /// Known here.
        known: u32,
    },
    /// A row that this version cannot read.
    #[error("connector: database: {0}")]
    Row(#[from] serde_json::Error),
    /// A token could not be signed.
    #[error("connector: signing: {0}")]
    Sign(#[from] SignError),
    /// The certification authority or the server certificate.
    #[error("connector: {0}")]
    Authority(#[from] AuthorityError),
    /// The address cannot be listened on.
    #[error("connector: cannot listen on {address}: {why}")]
    Listen {
        /// Which.
        address: std::net::SocketAddr,
        /// The system's words.
        why: std::io::Error,
    },
    /// A setting of the connector.
    #[error("connector: {0}")]
    Config(String),
    /// The tenant or the URL does not fit an enrolment payload.
    #[error("connector: {0}")]
    Payload(#[from] PayloadError),
    /// A policy file that devices could not use, or that they would refuse.
    #[error("connector: {0}")]
    Policy(String),
    /// The system gave no random bytes.
    #[error("connector: the system gave no random bytes")]
    Random,
}

/// What to do about a failure of the database.
fn remedy(error: &rusqlite::Error) -> &'static str {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => "; make room on the disk of --connector-data",
        Some(ErrorCode::SystemIoFailure) => "; check the disk of --connector-data",
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => {
            "; connector.db and its folder (--connector-data) must be writable for this user"
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => "; another process writes, try again",
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            "; put connector.db back from a backup: devices whose newest reports it lacks show a gap"
        }
        _ => "",
    }
}

/// Why a request was not served.
#[derive(Debug)]
pub enum Denied {
    /// The client's fault.
    Refused(Refusal),
    /// A report larger than the organisation takes.
    TooLarge,
    /// Nothing of that name.
    NotFound(Refusal),
    /// Ours: told to the log, not to the client.
    Internal(Error),
}

impl Denied {
    pub(super) fn new(err: RefusalCode, description: impl Into<String>) -> Self {
        Self::Refused(Refusal { err, description: description.into() })
    }

    pub(super) fn not_found(description: impl Into<String>) -> Self {
        Self::NotFound(Refusal { err: RefusalCode::InvalidRequest, description: description.into() })
    }
}

impl<E: Into<Error>> From<E> for Denied {
    fn from(error: E) -> Self {
        Self::Internal(error.into())
    }
}
