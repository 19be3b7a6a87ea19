//! Prefixes by which a NAT64 shows IPv4 addresses to hosts that have IPv6 only (RFC 6052).
//!
//! Written `64:ff9b::/96`; the length is 32, 40, 48, 56, 64 or 96, and all bits behind it are zero.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// One prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nat64Prefix {
    prefix: Ipv6Addr,
    length: u8,
}

impl Nat64Prefix {
    /// `64:ff9b::/96`, in use without being declared (RFC 6052, section 2.1).
    pub const WELL_KNOWN: Self = Self { prefix: Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), length: 96 };

    /// The IPv6 address that stands for `address` (RFC 6052, section 2.2).
    pub fn embed(self, address: Ipv4Addr) -> Ipv6Addr {
        let mut bytes = self.prefix.octets();
        // Bits 64 to 71 stay zero.
        let places = (usize::from(self.length / 8)..16).filter(|place| *place != RESERVED_OCTET);
        for (place, octet) in places.zip(address.octets()) {
            if let Some(byte) = bytes.get_mut(place) {
                *byte = octet;
            }
        }
        Ipv6Addr::from(bytes)
    }
}

const RESERVED_OCTET: usize = 8;

impl fmt::Display for Nat64Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.prefix, self.length)
    }
}

impl FromStr for Nat64Prefix {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wanted = || format!("\"{text}\" is not a NAT64 prefix (RFC 6052), such as 64:ff9b::/96");
        let (prefix, length) = text.split_once('/').ok_or_else(wanted)?;
        let (prefix, length): (Ipv6Addr, u8) =
            (prefix.parse().map_err(|_| wanted())?, length.parse().map_err(|_| wanted())?);
        let behind = u128::MAX.checked_shr(u32::from(length)).unwrap_or(0);
        if !matches!(length, 32 | 40 | 48 | 56 | 64 | 96) || u128::from(prefix) & behind != 0 {
            return Err(wanted());
        }
        Ok(Self { prefix, length })
    }
}

impl Serialize for Nat64Prefix {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Nat64Prefix {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of RFC 6052, section 2.4.
    #[test]
    fn addresses_are_embedded_as_the_rfc_shows() {
        for (prefix, expected) in [
            ("2001:db8::/32", "2001:db8:c000:221::"),
            ("2001:db8:100::/40", "2001:db8:1c0:2:21::"),
            ("2001:db8:122::/48", "2001:db8:122:c000:2:2100::"),
            ("2001:db8:122:300::/56", "2001:db8:122:3c0:0:221::"),
            ("2001:db8:122:344::/64", "2001:db8:122:344:c0:2:2100::"),
            ("2001:db8:122:344::/96", "2001:db8:122:344::192.0.2.33"),
            ("64:ff9b::/96", "64:ff9b::192.0.2.33"),
        ] {
            let parsed: Nat64Prefix = prefix.parse().unwrap();
            assert_eq!(parsed.embed(Ipv4Addr::new(192, 0, 2, 33)), expected.parse::<Ipv6Addr>().unwrap());
            assert_eq!(parsed.to_string(), prefix);
        }
    }

    #[test]
    fn what_is_no_prefix_is_refused() {
        for text in ["", "64:ff9b::", "64:ff9b::/95", "64:ff9b::1/96", "64:ff9b::/129", "192.0.2.0/32"] {
            assert!(text.parse::<Nat64Prefix>().is_err(), "{text}");
        }
    }
}
