use proptest::prelude::*;

use crate::platform::Es256Signature;
use crate::report::signature::to_fixed;

fn from_der(der: &[u8]) -> Option<[u8; 64]> {
    to_fixed(&Es256Signature::Der(der.to_vec())).ok()
}

/// A reference encoder: X.690 for `SEQUENCE { INTEGER r, INTEGER s }` of two 256-bit numbers.
fn to_der(fixed: &[u8; 64]) -> Vec<u8> {
    let body: Vec<u8> = fixed.chunks(32).flat_map(integer).collect();
    [&[0x30, body.len() as u8], body.as_slice()].concat()
}

fn integer(magnitude: &[u8]) -> Vec<u8> {
    let mut bytes: Vec<u8> = magnitude.iter().copied().skip_while(|byte| *byte == 0).collect();
    if bytes.first().is_none_or(|first| *first >= 0x80) {
        bytes.insert(0, 0);
    }
    [&[0x02, bytes.len() as u8], bytes.as_slice()].concat()
}

#[test]
fn small_numbers_are_padded_on_the_left() {
    let mut expected = [0; 64];
    expected[31] = 1;
    expected[62] = 0x80;
    expected[63] = 0x02;
    assert_eq!(from_der(&[0x30, 8, 0x02, 1, 1, 0x02, 3, 0, 0x80, 0x02]), Some(expected));
}

#[test]
fn raw_signatures_are_64_bytes() {
    let raw = |length: usize| to_fixed(&Es256Signature::Raw(vec![7; length])).is_ok();
    assert!(raw(64));
    assert!(!raw(63) && !raw(65) && !raw(0) && !raw(128));
}

#[test]
fn der_in_any_other_form_is_refused() {
    let cases: [(&str, &[u8]); 15] = [
        ("empty", &[]),
        ("empty sequence", &[0x30, 0]),
        ("one integer", &[0x30, 3, 0x02, 1, 1]),
        ("three integers", &[0x30, 9, 0x02, 1, 1, 0x02, 1, 1, 0x02, 1, 1]),
        ("not a sequence", &[0x31, 6, 0x02, 1, 1, 0x02, 1, 1]),
        ("not an integer", &[0x30, 6, 0x03, 1, 1, 0x02, 1, 1]),
        ("byte after the sequence", &[0x30, 6, 0x02, 1, 1, 0x02, 1, 1, 0]),
        ("sequence longer than the input", &[0x30, 7, 0x02, 1, 1, 0x02, 1, 1]),
        ("integer longer than the sequence", &[0x30, 6, 0x02, 1, 1, 0x02, 2, 1]),
        ("long-form length", &[0x30, 0x81, 6, 0x02, 1, 1, 0x02, 1, 1]),
        ("indefinite length", &[0x30, 0x80, 0x02, 1, 1, 0x02, 1, 1, 0, 0]),
        ("negative", &[0x30, 6, 0x02, 1, 0x80, 0x02, 1, 1]),
        ("not minimal", &[0x30, 7, 0x02, 2, 0, 1, 0x02, 1, 1]),
        ("zero", &[0x30, 6, 0x02, 1, 0, 0x02, 1, 1]),
        ("integer without bytes", &[0x30, 5, 0x02, 0, 0x02, 1, 1]),
    ];
    for (what, der) in cases {
        assert_eq!(from_der(der), None, "{what}");
    }
}

#[test]
fn numbers_of_more_than_256_bits_are_refused() {
    let long = [&[0x02, 33], [1; 33].as_slice()].concat();
    let der = [&[0x30, 38], long.as_slice(), &[0x02, 1, 1]].concat();
    assert_eq!(from_der(&der), None);
}

proptest! {
    #[test]
    fn der_of_the_reference_encoder_reads_back(r in any::<[u8; 32]>(), s in any::<[u8; 32]>(), zeros in 0usize..31) {
        let mut fixed = [0; 64];
        fixed[..32].copy_from_slice(&r);
        fixed[32..].copy_from_slice(&s);
        fixed[..zeros].fill(0);
        fixed[31] |= 1;
        fixed[63] |= 1;
        prop_assert_eq!(from_der(&to_der(&fixed)), Some(fixed));
    }

    #[test]
    fn what_is_read_has_one_encoding(der in proptest::collection::vec(any::<u8>(), 0..80)) {
        if let Some(fixed) = from_der(&der) {
            prop_assert_eq!(to_der(&fixed), der);
        }
    }

    #[test]
    fn der_with_one_byte_changed_is_refused_or_means_something_else(
        r in any::<[u8; 32]>(), s in any::<[u8; 32]>(), index: prop::sample::Index, flip in 1u8..
    ) {
        let mut fixed = [1; 64];
        fixed[..31].copy_from_slice(&r[..31]);
        fixed[32..63].copy_from_slice(&s[..31]);
        let mut der = to_der(&fixed);
        let index = index.index(der.len());
        der[index] ^= flip;
        prop_assert_ne!(from_der(&der), Some(fixed));
    }
}
