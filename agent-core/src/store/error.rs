//! What can go wrong with the store, in words that hold neither content nor path.

use rusqlite::ErrorCode;

use crate::platform::{FailureKind, PlatformError};

/// An error of the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite cannot make sense of the file.
    #[error("store: the file is damaged; move it away and enrol this device again")]
    Damaged,
    /// A database, but of another program.
    #[error("store: the file is a database of another program; choose another path")]
    Foreign,
    /// Written by a later version of this agent.
    #[error("store: the file has version {found}, this agent knows {known}; update the agent")]
    Newer {
        /// The file's version.
        found: i64,
        /// The latest that this code knows.
        known: i64,
    },
    /// The file or its folder cannot be written.
    #[error("store: the file or its folder is read-only; allow this user to write both")]
    ReadOnly,
    /// The file cannot be opened or made.
    #[error("store: the file cannot be opened; the folder must exist and be open to this user")]
    CannotOpen,
    /// No space left.
    #[error("store: the disk is full; nothing was changed, free some space and try again")]
    DiskFull,
    /// Another process has the store.
    #[error("store: another process is using it; try again when that is done")]
    Busy,
    /// The platform's key that wraps the data key is gone for good.
    #[error("store: its key is gone for good ({0}); erase the store, start over and enrol this device again")]
    KeyGone(String),
    /// The platform does not unwrap the data key now.
    #[error(
        "store: its key cannot be used now ({0}); nothing was touched: unlock the device and try again, and start over \
         only if it stays so"
    )]
    KeyUnavailable(String),
    /// The platform could not wrap a new data key or gave no random bytes.
    #[error("store: {0}")]
    Platform(#[from] PlatformError),
    /// A row was damaged, changed or moved.
    #[error(
        "store: a row of {table} does not open: damaged, changed or moved; erase the store and enrol again"
    )]
    Tampered {
        /// Where it is.
        table: &'static str,
    },
    /// A value does not have the form that was asked for.
    #[error("store: a value of {table} cannot be {doing}")]
    Form {
        /// Where it is.
        table: &'static str,
        /// `read` or `written`.
        doing: &'static str,
    },
    /// Reports need an enrolment.
    #[error("store: no report can be queued before enrolment; run the enrolment first")]
    NotEnrolled,
    /// A signer gave a report for another place than the one allocated.
    #[error("store: report {found} was signed where {expected} was allocated; it was not queued")]
    OutOfSequence {
        /// The number allocated.
        expected: u64,
        /// The number signed.
        found: u64,
    },
    /// The file system failed.
    #[error("store: the file system failed ({0}); check the disk")]
    Io(String),
    /// Anything else that SQLite says, by its own code.
    #[error("store: SQLite failed ({0})")]
    Database(String),
}

impl StoreError {
    /// What it means that the keystore does not unwrap the data key.
    pub(super) fn of_the_key(error: PlatformError) -> Self {
        match error.kind {
            FailureKind::Gone => Self::KeyGone(error.to_string()),
            // Of a failure that is not known to be for good, nothing is to be given up.
            FailureKind::Locked | FailureKind::Busy | FailureKind::Failed => {
                Self::KeyUnavailable(error.to_string())
            }
        }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        let Some(failure) = error.sqlite_error() else {
            // A column of another type than the schema says: the file was changed under us.
            return Self::Damaged;
        };
        // The file ends before it should.
        if failure.extended_code == rusqlite::ffi::SQLITE_IOERR_SHORT_READ {
            return Self::Damaged;
        }
        // The index of the write-ahead log is a file too, and without space it cannot be made.
        if failure.extended_code == rusqlite::ffi::SQLITE_IOERR_SHMSIZE {
            return Self::DiskFull;
        }
        match failure.code {
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => Self::Damaged,
            ErrorCode::ReadOnly | ErrorCode::PermissionDenied => Self::ReadOnly,
            ErrorCode::CannotOpen => Self::CannotOpen,
            ErrorCode::DiskFull => Self::DiskFull,
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Self::Busy,
            ErrorCode::SystemIoFailure => Self::Io(failure.to_string()),
            _ => Self::Database(failure.to_string()),
        }
    }
}

impl From<std::io::Error> for StoreError {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly,
            std::io::ErrorKind::NotFound => Self::CannotOpen,
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Self::DiskFull,
            kind => Self::Io(kind.to_string()),
        }
    }
}
