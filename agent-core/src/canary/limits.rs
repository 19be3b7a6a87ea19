//! Sizes, both sides.

/// Longest reply token that is looked at, in bytes. The largest kind, TLS, takes about 650; a redirect to the longest
/// possible host name 900.
pub const MAX_TOKEN: usize = 2048;

/// Longest request head that a canary reads and echoes, in bytes: what common servers allow, so that a proxy's
/// additions fit too.
pub const MAX_REQUEST_HEAD: usize = 16 * 1024;

/// Longest body that a canary sends, in bytes: the echo of the longest head. A client stops reading here.
pub const MAX_BODY: usize = MAX_REQUEST_HEAD;

/// Longest ClientHello that is hashed, in bytes. With a post-quantum key share and encrypted client hello real ones
/// stay under 3,000.
pub(super) const MAX_CLIENT_HELLO: usize = 16 * 1024;

/// Most TLS records over which a ClientHello may be spread. Fragmenting clients use two to ten.
pub(super) const MAX_CLIENT_HELLO_RECORDS: usize = 64;

/// Most keys in a set: the one in use, and the next or the one before.
pub(super) const MAX_KEYS: usize = 2;

/// Longest character-string of a TXT record (RFC 1035, section 3.3).
pub(super) const MAX_TXT_STRING: usize = 255;
