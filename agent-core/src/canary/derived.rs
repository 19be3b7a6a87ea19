//! The canary's DNS zone: names and answers that an agent can compute without asking.
//!
//! ```text
//! <nonce>.<zone>  A     198.18.0.0/15 and the low 17 bits of the first 3 bytes of SHA-256("mtd-canary-a/<zone>/<nonce>")
//!                 AAAA  2001:2::/48 and the first 10 bytes of SHA-256("mtd-canary-aaaa/<zone>/<nonce>")
//!                 TXT   a signed reply of kind dns, cut into strings of at most 255 bytes
//! ```
//!
//! Both blocks are set apart for benchmarks (RFC 2544, RFC 5180): the answers lead to nobody, and unlike private and
//! documentation addresses they pass resolvers that guard against rebinding. The zone is written in lower case
//! without a final dot.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::hex::Nonce;
use super::limits::{MAX_TOKEN, MAX_TXT_STRING};
use crate::model::Sha256;

/// The name to ask for.
pub fn nonce_name(nonce: &Nonce, zone: &str) -> String {
    format!("{nonce}.{}", canonical(zone))
}

/// The nonce of `name` if it is exactly one nonce below `zone`. Resolvers may change the case of a name.
pub fn nonce_of_name(name: &str, zone: &str) -> Option<Nonce> {
    let name = canonical(name);
    let label = name.strip_suffix(&canonical(zone))?.strip_suffix('.')?;
    label.parse().ok()
}

/// The A record of the nonce's name.
pub fn address_v4(nonce: &Nonce, zone: &str) -> Ipv4Addr {
    let [a, b, c, ..] = *digest("mtd-canary-a", nonce, zone).as_bytes();
    Ipv4Addr::new(198, 18 | (a & 1), b, c)
}

/// The AAAA record of the nonce's name.
pub fn address_v6(nonce: &Nonce, zone: &str) -> Ipv6Addr {
    let [a, b, c, d, e, f, g, h, i, j, ..] = *digest("mtd-canary-aaaa", nonce, zone).as_bytes();
    Ipv6Addr::from([0x20, 0x01, 0x00, 0x02, 0x00, 0x00, a, b, c, d, e, f, g, h, i, j])
}

/// The strings of the TXT record that carries `token`.
pub fn txt_strings(token: &str) -> Vec<String> {
    let strings = token.as_bytes().chunks(MAX_TXT_STRING);
    strings.map(|part| String::from_utf8_lossy(part).into_owned()).collect()
}

/// The token that the strings of a TXT record carry, or `None` if it cannot be one. Strings may be cut anywhere.
pub fn token_of_txt<'a>(strings: impl IntoIterator<Item = &'a [u8]>) -> Option<String> {
    let mut token = Vec::new();
    for string in strings {
        if token.len() + string.len() > MAX_TOKEN {
            return None;
        }
        token.extend_from_slice(string);
    }
    String::from_utf8(token).ok()
}

fn digest(record: &str, nonce: &Nonce, zone: &str) -> Sha256 {
    Sha256::of(format!("{record}/{}/{nonce}", canonical(zone)).as_bytes())
}

fn canonical(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}
