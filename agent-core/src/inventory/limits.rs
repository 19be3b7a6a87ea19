//! How much of an input is read, and why no more.

/// Largest XML plist or JSON document, in bytes. 10,000 apps with every key present are about 6 MB.
pub const MAX_DOCUMENT_BYTES: usize = 16 * 1024 * 1024;

/// Largest binary plist, in bytes. 10,000 apps with every key present are about 3 MB, and the reader may need
/// 25 times the size of a hostile one.
pub const MAX_BINARY_PLIST_BYTES: usize = 4 * 1024 * 1024;

/// Largest text of `dumpsys`, `pm` or dpkg, in bytes. `dumpsys package` of a phone with 600 apps is about
/// 12 MB.
pub const MAX_TEXT_BYTES: usize = 32 * 1024 * 1024;

/// Most apps in one inventory: 20 times the fullest Debian desktop.
pub const MAX_APPS: usize = 100_000;

/// Longest value of one field, in bytes. Android limits package names to 223 and Apple bundle identifiers to
/// 155; names and versions are for people. A longer one would make a report that no connector accepts.
pub const MAX_FIELD_BYTES: usize = 1024;

/// Largest size of an app that is believed, in bytes: 2^53 - 1, beyond which JSON receivers lose digits (RFC
/// 7493, section 2.2), and above any storage.
pub const MAX_SIZE: u64 = (1 << 53) - 1;

/// Most signers of one app. Real apps have one to three, rotated ones included.
pub const MAX_SIGNERS: usize = 16;

/// Most permissions of one app. The system's own apps hold up to about 400.
pub const MAX_PERMISSIONS: usize = 1000;

/// Most notes on one inventory, so that a hostile input is not answered by a larger output.
pub const MAX_NOTES: usize = 1000;

/// Most characters of a foreign value that a note quotes.
pub const MAX_QUOTED_CHARS: usize = 80;

/// Deepest nesting in a plist. MDM responses have four levels.
pub const MAX_PLIST_DEPTH: usize = 16;

/// Most values in a plist, keys and announced lengths included: [`MAX_APPS`] apps with every key, twice. A
/// binary plist may repeat one object at the cost of a byte, and so stand for exponentially many.
pub const MAX_PLIST_VALUES: u64 = 10_000_000;

/// Most bytes of text and data in a plist, counted at every repetition.
pub const MAX_PLIST_CONTENT_BYTES: u64 = 64 * 1024 * 1024;
