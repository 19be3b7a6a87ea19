//! The examples of RFC 8037, appendix A, through the keys of the canary.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};

use super::*;

const D: &str = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
const THUMBPRINT: &str = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";
const SIGNING_INPUT: &[u8] = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
const SIGNATURE: &str =
    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";

fn decoded(text: &str) -> Vec<u8> {
    BASE64_URL_SAFE_NO_PAD.decode(text).unwrap()
}

fn of_seed() -> CanarySigner {
    CanarySigner::from_seed(&decoded(D).try_into().unwrap()).unwrap()
}

#[test]
fn the_private_key_of_a_1_has_the_public_key_of_a_2() {
    let read: CanaryKey =
        serde_json::from_value(serde_json::json!({"kid": THUMBPRINT, "ed25519": X})).unwrap();
    assert_eq!(of_seed().public(), read);
    assert_eq!(read.as_bytes().to_vec(), decoded(X));
}

#[test]
fn the_key_has_the_thumbprint_of_a_3() {
    assert_eq!(of_seed().public().thumbprint(), THUMBPRINT);
}

#[test]
fn signing_gives_the_signature_of_a_4() {
    assert_eq!(BASE64_URL_SAFE_NO_PAD.encode(of_seed().sign(SIGNING_INPUT)), SIGNATURE);
}

#[test]
fn the_signature_verifies_as_in_a_5_and_no_other_does() {
    let key = of_seed().public();
    assert!(key.verifies(SIGNING_INPUT, &decoded(SIGNATURE)));
    assert!(!key.verifies(&SIGNING_INPUT[1..], &decoded(SIGNATURE)));
    for index in 0..64 {
        let mut altered = decoded(SIGNATURE);
        altered[index] ^= 1;
        assert!(!key.verifies(SIGNING_INPUT, &altered), "byte {index}");
    }
}
