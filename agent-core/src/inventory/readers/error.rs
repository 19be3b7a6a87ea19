//! Why an input is no inventory. Names no app.

use super::Format;
use crate::inventory::limits::{MAX_APPS, MAX_PLIST_DEPTH};

/// Why a whole input was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// More bytes than are read.
    #[error("inventory: the input has {size} bytes, at most {limit} are read; export the app list alone")]
    TooLarge {
        /// Its size.
        size: usize,
        /// The limit for this format.
        limit: usize,
    },
    /// More apps than are kept.
    #[error("inventory: the input lists more than {MAX_APPS} apps, which no device has")]
    TooManyApps,
    /// Nested deeper than any real export.
    #[error(
        "inventory: the property list is nested deeper than {MAX_PLIST_DEPTH} levels; MDM responses have 4"
    )]
    TooDeep,
    /// A small plist that stands for a huge one.
    #[error("inventory: the property list expands to more values or text than any MDM response holds")]
    TooManyValues,
    /// Not well-formed.
    #[error("inventory: not readable as {format}: {why}; export the app list again")]
    Malformed {
        /// What it was read as.
        format: Format,
        /// What the parser met, and where.
        why: String,
    },
    /// Well-formed, but no list of apps.
    #[error("inventory: no apps in this {format} input: {why}")]
    NoAppList {
        /// What it was read as.
        format: Format,
        /// What is missing, and what to do.
        why: String,
    },
}

impl ReadError {
    pub(super) fn malformed(format: Format, why: impl ToString) -> Self {
        Self::Malformed { format, why: why.to_string() }
    }

    pub(super) fn no_app_list(format: Format, why: impl Into<String>) -> Self {
        Self::NoAppList { format, why: why.into() }
    }
}

pub(super) fn check_size(input: &[u8], limit: usize) -> Result<(), ReadError> {
    if input.len() > limit { Err(ReadError::TooLarge { size: input.len(), limit }) } else { Ok(()) }
}
