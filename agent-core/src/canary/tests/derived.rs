use proptest::prelude::*;

use super::*;

#[test]
fn zone_is_the_same_in_any_case_and_with_a_final_dot() {
    let name = "00112233445566778899AABBccddeeff.Z.Canary.Example.";
    assert_eq!(nonce_of_name(name, ZONE), Some(nonce()));
    assert_eq!(address_v4(&nonce(), "Z.CANARY.example."), address_v4(&nonce(), ZONE));
    assert_eq!(address_v6(&nonce(), "Z.CANARY.example."), address_v6(&nonce(), ZONE));
}

#[test]
fn only_exactly_one_nonce_below_the_zone_is_a_name() {
    let nonce = nonce();
    for name in [
        ZONE.to_owned(),
        format!("x.{ZONE}"),
        format!("{nonce}{ZONE}"),
        format!("{nonce}.x.{ZONE}"),
        format!("x.{nonce}.{ZONE}"),
        format!("0{nonce}.{ZONE}"),
        format!("{nonce}.canary.example"),
        format!("{nonce}..{ZONE}"),
        String::new(),
    ] {
        assert_eq!(nonce_of_name(&name, ZONE), None, "{name}");
    }
}

proptest! {
    #[test]
    fn names_round_trip(bytes in any::<[u8; 16]>(), upper in any::<bool>()) {
        let nonce = Nonce::from_bytes(bytes);
        let name = nonce_name(&nonce, ZONE);
        let name = if upper { name.to_uppercase() } else { name };
        prop_assert_eq!(nonce_of_name(&name, ZONE), Some(nonce));
    }

    #[test]
    fn arbitrary_names_never_panic(name in ".{0,80}", zone in ".{0,40}") {
        let _ = nonce_of_name(&name, &zone);
    }

    #[test]
    fn addresses_lie_in_the_benchmark_blocks(bytes in any::<[u8; 16]>()) {
        let nonce = Nonce::from_bytes(bytes);
        let v4 = address_v4(&nonce, ZONE).to_bits();
        prop_assert_eq!(v4 >> 17, u32::from_be_bytes([198, 18, 0, 0]) >> 17);
        let v6 = address_v6(&nonce, ZONE).segments();
        prop_assert_eq!(&v6[..3], &[0x2001, 2, 0]);
    }

    #[test]
    fn txt_strings_carry_any_token(token in "[A-Za-z0-9_.-]{0,2048}") {
        let strings = txt_strings(&token);
        prop_assert!(strings.iter().all(|string| string.len() <= 255));
        prop_assert_eq!(token_of_txt(strings.iter().map(String::as_bytes)), Some(token));
    }

    #[test]
    fn arbitrary_txt_is_bounded(strings in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..256), 0..20)) {
        let token = token_of_txt(strings.iter().map(Vec::as_slice));
        prop_assert!(token.is_none_or(|token| token.len() <= MAX_TOKEN));
    }
}
