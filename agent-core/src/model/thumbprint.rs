//! Thumbprints of JSON Web Keys (RFC 7638).

use std::collections::BTreeMap;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};

use super::Sha256;

/// The thumbprint of the key with these members, base64url: their JSON in lexicographic order without white space
/// (section 3), under SHA-256. They must be the members that the kind of key requires (section 3.2).
pub(crate) fn jwk_thumbprint(required: &[(&str, &str)]) -> String {
    let members: BTreeMap<_, _> = required.iter().copied().collect();
    let canonical = serde_json::Value::from_iter(members).to_string();
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::of(canonical.as_bytes()).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::jwk_thumbprint;

    #[test]
    fn the_example_of_rfc_7638_has_its_thumbprint_in_whatever_order() {
        // Section 3.1: an RSA key.
        let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZC\
                 iFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZg\
                 nYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIq\
                 bw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
        let expected = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs";
        assert_eq!(jwk_thumbprint(&[("n", n), ("kty", "RSA"), ("e", "AQAB")]), expected);
        assert_eq!(jwk_thumbprint(&[("e", "AQAB"), ("kty", "RSA"), ("n", n)]), expected);
    }
}
