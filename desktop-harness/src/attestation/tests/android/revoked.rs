//! Google's revocation list.

use super::super::RevocationList;
use super::statement::Statement;
use super::world::World;
use crate::attestation::Rule;

fn list(serial: &str, status: &str) -> RevocationList {
    let json =
        format!(r#"{{"entries": {{"{serial}": {{"status": "{status}", "reason": "KEY_COMPROMISE"}}}}}}"#);
    RevocationList::parse(json.as_bytes()).unwrap()
}

#[test]
fn listed_certificate_is_refused_wherever_it_stands() {
    for at in 0..5 {
        for status in ["REVOKED", "SUSPENDED"] {
            let mut world = World::new();
            let party =
                [&mut world.leaf, &mut world.keystore, &mut world.lower, &mut world.upper, &mut world.root];
            for (place, party) in party.into_iter().enumerate() {
                party.set_serial(&[0x0a, 0xbc, 0xde, place as u8]);
            }
            let judge = world.judge_of();
            let list = list(&format!("abcde0{at}"), status);
            let refusal = judge.judge(&world.chain(&Statement::default()), Some(&list)).unwrap_err();
            assert_eq!(refusal.rule, Rule::Revoked, "{at}: {refusal}");
            assert!(refusal.saw.contains(&format!("certificate {at} (serial abcde0{at})")), "{refusal}");
        }
    }
}

#[test]
fn unlisted_chain_is_told_as_compared() {
    let world = World::new();
    let judge = world.judge_of();
    let attested = judge.judge(&world.chain(&Statement::default()), Some(&list("1", "REVOKED"))).unwrap();
    assert!(attested.revocation_checked);
}

#[test]
fn serial_numbers_are_compared_as_numbers() {
    let mut world = World::new();
    world.keystore.set_serial(&[0x0f, 0x01]);
    let judge = world.judge_of();
    let chain = world.chain(&Statement::default());
    for written in ["f01", "F01", "0f01"] {
        assert!(judge.judge(&chain, Some(&list(written, "REVOKED"))).is_err(), "{written}");
    }
}

#[test]
fn list_that_is_none_is_an_error() {
    for broken in [
        "",
        "[]",
        "{}",
        r#"{"entries": {"1": {}}}"#,
        r#"{"entries": {"1": {"status": "UNKNOWN"}}}"#,
        r#"{"entries": {"xyz": {"status": "REVOKED"}}}"#,
        r#"{"entries": {"": {"status": "REVOKED"}}}"#,
    ] {
        assert!(RevocationList::parse(broken.as_bytes()).is_err(), "{broken}");
    }
    let list = RevocationList::parse(br#"{"entries": {}}"#).unwrap();
    assert!(list.is_empty());
}
