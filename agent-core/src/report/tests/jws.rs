use base64::prelude::{BASE64_URL_SAFE, BASE64_URL_SAFE_NO_PAD, Engine as _};
use proptest::prelude::*;

use super::jwk::rfc_7515_key;
use super::support::*;
use crate::platform::{Es256Signature, PlatformError, Signer};
use crate::report::jwk::PublicKey;
use crate::report::jws::*;

const CLAIMS: &[u8] = br#"{"iss":"a"}"#;

fn encode(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// A token with any header, correctly signed.
fn forge(key: &TestKey, header: &str) -> String {
    let input = format!("{}.{}", encode(header), encode(CLAIMS));
    let signature = key.raw_signature(input.as_bytes());
    format!("{input}.{}", encode(signature))
}

fn header_of(key: &TestKey) -> String {
    format!(r#"{{"alg":"ES256","typ":"secevent+jwt","kid":"{}"}}"#, key.public().thumbprint())
}

fn check(token: &str, key: &TestKey) -> Result<Vec<u8>, VerifyError> {
    verify(token, typ::SECURITY_EVENT, &key.public())
}

/// The rule that refuses `token`.
fn rule(token: &str, key: &TestKey) -> &'static str {
    check(token, key).map_or_else(|error| error.rule(), |_| "none: accepted")
}

#[test]
fn the_example_of_rfc_7515_verifies() {
    let input = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvb\
                 S9pc19yb290Ijp0cnVlfQ";
    let signature = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    let mut signature: [u8; 64] = BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap().try_into().unwrap();
    let key = PublicKey::from_jwk(&rfc_7515_key()).unwrap();
    assert!(key.verifies(input.as_bytes(), &signature));
    signature[63] ^= 1;
    assert!(!key.verifies(input.as_bytes(), &signature));
}

#[test]
fn a_signed_token_verifies_and_gives_back_its_claims() {
    let key = TestKey::generate();
    let token = sign(typ::SECURITY_EVENT, CLAIMS, &key).unwrap();
    assert_eq!(check(&token, &key).unwrap(), CLAIMS);
    assert_eq!(payload_of(&token).unwrap(), CLAIMS);
    assert!(token.starts_with(&encode(header_of(&key))));
}

#[test]
fn one_flipped_bit_anywhere_is_refused() {
    let key = TestKey::generate();
    let token = sign(typ::SECURITY_EVENT, CLAIMS, &key).unwrap();
    for (index, bit) in (0..token.len()).flat_map(|index| (0..8).map(move |bit| (index, bit))) {
        let mut bytes = token.clone().into_bytes();
        bytes[index] ^= 1 << bit;
        if let Ok(flipped) = String::from_utf8(bytes) {
            assert!(check(&flipped, &key).is_err(), "bit {bit} of character {index}");
        }
    }
}

#[test]
fn other_algorithms_are_refused_even_when_correctly_signed() {
    let key = TestKey::generate();
    for alg in ["none", "None", "HS256", "RS256", "ES384", "ES256K", "es256", ""] {
        let token = forge(&key, &header_of(&key).replace("ES256", alg));
        assert_eq!(rule(&token, &key), "alg", "{alg}");
    }
    let unsigned = format!("{}.{}.", encode(header_of(&key).replace("ES256", "none")), encode(CLAIMS));
    assert_eq!(rule(&unsigned, &key), "signature_form");
}

#[test]
fn an_hmac_under_the_public_key_is_refused() {
    let key = TestKey::generate();
    let input = format!("{}.{}", encode(header_of(&key).replace("ES256", "HS256")), encode(CLAIMS));
    let hmac = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &key.public().to_spki_der());
    let tag = ring::hmac::sign(&hmac, input.as_bytes());
    assert_eq!(rule(&format!("{input}.{}", encode(tag)), &key), "signature_form");
}

#[test]
fn header_members_beyond_ours_are_refused() {
    let key = TestKey::generate();
    let jwk = serde_json::to_string(&key.public().to_jwk()).unwrap();
    for member in [
        format!(r#""jwk":{jwk}"#),
        r#""jku":"https://evil.example/keys""#.to_owned(),
        r#""x5u":"https://evil.example/chain""#.to_owned(),
        r#""x5c":[]"#.to_owned(),
        r#""crit":["b64"],"b64":false"#.to_owned(),
        r#""crit":["exp"]"#.to_owned(),
        r#""cty":"JWT""#.to_owned(),
        r#""zip":"DEF""#.to_owned(),
    ] {
        let header = header_of(&key).replacen('{', &format!("{{{member},"), 1);
        assert_eq!(rule(&forge(&key, &header), &key), "header", "{member}");
    }
}

#[test]
fn repeated_and_missing_header_members_are_refused() {
    let key = TestKey::generate();
    let twice = header_of(&key).replacen('{', r#"{"alg":"ES256","#, 1);
    assert_eq!(rule(&forge(&key, &twice), &key), "header");
    for member in [r#""alg":"ES256","#, r#""typ":"secevent+jwt","#] {
        assert_eq!(rule(&forge(&key, &header_of(&key).replace(member, "")), &key), "header");
    }
    assert_eq!(rule(&forge(&key, "{}"), &key), "header");
    assert_eq!(rule(&forge(&key, "[]"), &key), "header");
    assert_eq!(rule(&forge(&key, ""), &key), "header");
}

#[test]
fn tokens_of_another_type_are_refused() {
    let key = TestKey::generate();
    for other in [typ::RECEIPT, typ::SETTINGS, typ::DECISION, typ::ENROLMENT, typ::REQUEST, "JWT", "at+jwt"] {
        let token = sign(other, CLAIMS, &key).unwrap();
        assert_eq!(rule(&token, &key), "typ", "{other}");
    }
}

#[test]
fn tokens_under_another_key_are_refused() {
    let (key, other) = (TestKey::generate(), TestKey::generate());
    let token = sign(typ::SECURITY_EVENT, CLAIMS, &other).unwrap();
    assert_eq!(rule(&token, &key), "kid");
    // Signed by the other key in the name of ours.
    assert_eq!(rule(&forge(&other, &header_of(&key)), &key), "signature");
}

#[test]
fn padded_and_non_canonical_base64url_are_refused() {
    let key = TestKey::generate();
    let token = sign(typ::SECURITY_EVENT, CLAIMS, &key).unwrap();
    let parts: Vec<_> = token.split('.').collect();
    let signature = BASE64_URL_SAFE_NO_PAD.decode(parts[2]).unwrap();
    let padded = format!("{}.{}.{}", parts[0], parts[1], BASE64_URL_SAFE.encode(&signature));
    assert_eq!(rule(&padded, &key), "form");

    // The last character holds four unused bits: every other value of them decodes to the same bytes elsewhere.
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let last = alphabet.find(token.chars().last().unwrap()).unwrap();
    for unused in 1..16 {
        let character = &alphabet[last + unused..=last + unused];
        let changed = format!("{}{character}", &token[..token.len() - 1]);
        assert_eq!(rule(&changed, &key), "form");
    }
    for changed in [
        token.replace('.', " ."),
        format!("{token}\n"),
        format!(" {token}"),
        format!("{}.{}", parts[0], parts[1]),
        format!("{token}.{}", parts[2]),
        String::new(),
        "..".to_owned(),
        ".".to_owned(),
    ] {
        assert!(check(&changed, &key).is_err(), "{changed}");
    }
}

#[test]
fn signatures_that_are_no_two_numbers_are_refused() {
    let key = TestKey::generate();
    let token = sign(typ::SECURITY_EVENT, CLAIMS, &key).unwrap();
    let (input, signature) = token.rsplit_once('.').unwrap();
    let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap();
    let with = |bytes: &[u8]| rule(&format!("{input}.{}", encode(bytes)), &key);

    assert_eq!(with(&signature[..63]), "signature_form");
    assert_eq!(with(&[signature.as_slice(), &[0]].concat()), "signature_form");
    assert_eq!(with(&[0; 64]), "signature_form");
    assert_eq!(with(&[[0; 32].as_slice(), &signature[32..]].concat()), "signature_form");
    assert_eq!(with(&[&signature[..32], [0; 32].as_slice()].concat()), "signature_form");
    assert_eq!(with(&[0xff; 64]), "signature");
    let der = [&[0x30, 70, 0x02, 33, 0], &signature[..32], &[0x02, 33, 0], &signature[32..]].concat();
    assert_eq!(with(&der), "signature_form");
}

#[test]
fn claims_with_repeated_members_are_refused_whatever_the_signature() {
    let key = TestKey::generate();
    let token = sign(typ::SECURITY_EVENT, br#"{"iss":"a","iss":"b"}"#, &key).unwrap();
    let read = verify_claims::<serde_json::Value>(&token, typ::SECURITY_EVENT, &key.public());
    assert_eq!(read.unwrap_err().rule(), "claims");
    assert_eq!(peek_claims::<serde_json::Value>(&token).unwrap_err().rule(), "claims");
}

#[test]
fn huge_tokens_are_refused_unread_and_errors_stay_short() {
    let key = TestKey::generate();
    assert_eq!(rule(&"a".repeat(MAX_TOKEN + 1), &key), "size");
    let header = header_of(&key).replace("secevent+jwt", &"x".repeat(100_000));
    let error = check(&forge(&key, &header), &key).unwrap_err();
    assert_eq!(error.rule(), "typ");
    assert!(error.to_string().len() < 200);
}

#[test]
fn a_token_with_the_most_claims_that_fit_fits() {
    let key = TestKey::generate();
    for max_token in [1000, 1001, 1002, 1003, 4096, MAX_TOKEN] {
        let most = max_claims(max_token);
        let token = sign(typ::SECURITY_EVENT, &vec![b'1'; most], &key).unwrap();
        assert!(token.len() <= max_token && token.len() + 4 > max_token, "{} of {max_token}", token.len());
    }
    assert_eq!(max_claims(0), 0);
}

/// A keystore that signs with another key than it shows, or gives anything but a signature.
struct FaultyKey(TestKey, Es256Signature);

impl Signer for FaultyKey {
    fn public_key_spki_der(&self) -> Result<Vec<u8>, PlatformError> {
        self.0.public_key_spki_der()
    }

    fn sign_es256(&self, _: &[u8]) -> Result<Es256Signature, PlatformError> {
        Ok(self.1.clone())
    }
}

#[test]
fn a_broken_signature_of_the_keystore_never_gets_out() {
    let other = TestKey::generate().raw_signature(b"something else");
    let sign_with = |signature| sign(typ::SECURITY_EVENT, CLAIMS, &FaultyKey(TestKey::generate(), signature));
    assert!(matches!(sign_with(Es256Signature::Raw(other)), Err(SignError::DoesNotVerify)));
    assert!(matches!(sign_with(Es256Signature::Raw(vec![1; 63])), Err(SignError::Signature(_))));
    assert!(matches!(sign_with(Es256Signature::Der(vec![0x30, 0])), Err(SignError::Signature(_))));
}

proptest! {
    #[test]
    fn arbitrary_tokens_never_panic(token: String, pieces in proptest::collection::vec("[A-Za-z0-9_-]{0,90}", 0..5)) {
        let key = PublicKey::from_jwk(&rfc_7515_key()).unwrap();
        prop_assert!(verify(&token, typ::SECURITY_EVENT, &key).is_err());
        prop_assert!(verify(&pieces.join("."), typ::SECURITY_EVENT, &key).is_err());
    }

    #[test]
    fn any_claims_are_given_back_byte_for_byte(claims: Vec<u8>) {
        let key = TestKey::generate();
        let token = sign(typ::RECEIPT, &claims, &key).unwrap();
        prop_assert_eq!(verify(&token, typ::RECEIPT, &key.public()).unwrap(), claims);
    }
}
