//! One file of threat intelligence: signed, read in place.
//!
//! # Format 1
//!
//! Integers are little-endian. The file is a header, a table of digests, metadata, zeros up to a multiple of 4,096
//! bytes, and pages of 4,096 bytes.
//!
//! ```text
//! header    0    8  "MTDINTEL"
//!           8    4  format: 1
//!          12    4  size of a page: 4,096
//!          16    8  version of the bundle, which only grows
//!          24    8  when it was built, seconds since 1970-01-01T00:00:00Z
//!          32    8  length of the file
//!          40    4  P, the number of pages
//!          44    4  M, the length of the metadata
//!          48   16  key of the hash of host names
//!          64   32  SHA-256 of the table of digests
//!          96   32  SHA-256 of the metadata
//!         128   64  Ed25519 signature of "mtd-agent intelligence bundle, format 1", a zero byte, and bytes 0 to 127
//! digests 192  32P  SHA-256 of each page
//! metadata       M  JSON
//! pages      4096P  sections, one after the other; zeros to the end of the last page
//! ```
//!
//! A **section** is `{offset, len}`, counted from the first page. The metadata has
//! `sources` ([`SourceSummary`]), `attributions` ([`Attribution`]; the tables name them by their place, 0 to 65,535),
//! `domains {count, bucket_bits, filter, index, entries}`, `keys {NAME: {count, key_len, records}}`,
//! `texts {KIND: {count, records, texts}}` `prefixes`, the lengths that the networks have, `os` ([`OsTables`](crate::model::OsTables)), and `suffixes`, the section
//! with the rules of the public suffix list, a line each.
//!
//! **Host names.** `h1, h2` are the halves of SipHash-2-4-128 of the name under the bundle's key. The fingerprint is the
//! upper `40 + b` bits of `h1`, `b` = `bucket_bits` = max(0, ceil(log2 n) - 5): its upper `b` bits are the bucket, the
//! rest the suffix. `index` is 2^b + 1 u32, bucket `i` being entries `index[i]` to `index[i+1]`. An entry is 7 bytes:
//! the suffix (5), the attribution (2). `filter` is ceil((n + u)/8) u64, u being the number of different hosts in URLs; a known
//! name has set, in word `h2 * words >> 64`, the bits that the four lowest groups of six bits of `h2` number. So has "/" and the
//! host of each known URL, so that the texts of URLs are read for a host that has some.
//!
//! **Keys** (`certificate_sha1`, `certificate_sha256`, `file_md5`, `file_sha1`, `file_sha256`, `network`): records of
//! `key_len` bytes and an attribution (2), sorted. The key of a network is the length of its prefix (1) and its first
//! address (16, network order, IPv4 as IPv4-mapped IPv6).
//!
//! **Texts**: records of an offset in `texts` (4), a length (2) and an attribution (2), sorted by the text; app
//! identifiers by the lower-case text first.
//!
//! # What it costs, and how wrong it can be
//!
//! A host name takes 7 bytes and 1 of the filter: 8. The index adds at most 0.25, the digests 0.07. A name that the
//! filter does not let pass, as 29 of 30 do, costs no read; one that it does costs a page or two.
//!
//! A name that is not in the set meets one of n fingerprints of 40 + b bits with a probability of at most
//! n / 2^(40+b) <= 2^-35: for 2.5 million names n = 2^21.3, b = 17, 2^-35.7. It must pass the filter too, whose bits
//! are of the other half of the hash (at most 2^-4.5). A host of 127 labels, the most there can be, is 127 names:
//! 2^7 * 2^-35 * 2^-4.5 = 2^-32.5 a URL. The key of the hash follows from the names, so nobody can choose an indicator that
//! collides with a benign name without doing that search for each bundle.
//!
//! # Why it is not mapped
//!
//! A mapped file that somebody truncates ends the process with SIGBUS, and mapping takes unsafe code, which this
//! workspace forbids. Pages are read at their place and verified each time; 1 MiB of them is kept.
//! A page that is damaged in the middle is an error of the lookup that needs it, never a wrong answer.

mod error;
mod install;
mod layout;
mod names;
mod open;
mod pages;
mod tables;
mod write;

pub use error::BundleError;
pub use install::install;
pub use layout::{Attribution, FORMAT, SourceSummary};
pub(super) use open::Met;

pub use crate::model::BundleKey;
pub use open::Bundle;
pub use write::{Contents, encode};

#[cfg(test)]
mod tests;

#[cfg(test)]
mod wycheproof;
