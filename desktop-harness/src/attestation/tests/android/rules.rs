//! Statements that a sound chain makes and that are not what is expected.

use agent_core::model::Sha256;
use agent_core::report::jwk::PublicKey;
use rcgen::{KeyPair, PKCS_ECDSA_P384_SHA384, PublicKeyData as _};

use super::super::{AndroidApp, PatchLevel};
use super::statement::{PACKAGE, SIGNER, Statement, application, explicit, integer, root_of_trust, set, tlv};
use super::world::World;
use crate::attestation::Rule;

#[test]
fn each_rule_refuses_what_breaks_it() {
    type Spoil = fn(&mut Statement);
    let cases: &[(Rule, &str, Spoil)] = &[
        (Rule::Challenge, "another", |it| it.challenge = b"another".to_vec()),
        (Rule::Challenge, "empty", |it| it.challenge.clear()),
        (Rule::SecurityLevel, "software statement", |it| it.level = 0),
        (Rule::SecurityLevel, "software key", |it| it.keymint_level = 0),
        (Rule::Encoding, "no level", |it| it.level = 3),
        (Rule::Origin, "imported", |it| drop(it.hardware.insert(702, integer(2)))),
        (Rule::Origin, "securely imported", |it| drop(it.hardware.insert(702, integer(4)))),
        (Rule::Origin, "not told", |it| drop(it.hardware.remove(&702))),
        (Rule::Origin, "told by software", |it| {
            let origin = it.hardware.remove(&702).unwrap();
            it.software.insert(702, origin);
        }),
        (Rule::Purpose, "decrypts too", |it| drop(it.hardware.insert(1, set(&[integer(1), integer(2)])))),
        (Rule::Purpose, "attests too", |it| drop(it.hardware.insert(1, set(&[integer(2), integer(7)])))),
        (Rule::Purpose, "verifies only", |it| drop(it.hardware.insert(1, set(&[integer(3)])))),
        (Rule::Purpose, "none", |it| drop(it.hardware.remove(&1))),
        (Rule::Digest, "SHA-512", |it| drop(it.hardware.insert(5, set(&[integer(6)])))),
        (Rule::Digest, "none", |it| drop(it.hardware.remove(&5))),
        (Rule::Algorithm, "RSA", |it| drop(it.hardware.insert(2, integer(1)))),
        (Rule::Algorithm, "not told", |it| drop(it.hardware.remove(&2))),
        (Rule::Algorithm, "P-384", |it| drop(it.hardware.insert(10, integer(2)))),
        (Rule::Algorithm, "another size", |it| drop(it.hardware.insert(3, integer(384)))),
        (Rule::Algorithm, "no curve", |it| drop(it.hardware.remove(&10))),
        (Rule::RootOfTrust, "not told", |it| drop(it.hardware.remove(&704))),
        (Rule::RootOfTrust, "told by software", |it| {
            let root = it.hardware.remove(&704).unwrap();
            it.software.insert(704, root);
        }),
        (Rule::DeviceLocked, "unlocked", |it| drop(it.hardware.insert(704, root_of_trust(0, 0)))),
        (Rule::Encoding, "boolean 01", |it| drop(it.hardware.insert(704, root_of_trust(1, 0)))),
        (Rule::Encoding, "boolean fe", |it| drop(it.hardware.insert(704, root_of_trust(0xfe, 0)))),
        (Rule::BootState, "self-signed", |it| drop(it.hardware.insert(704, root_of_trust(0xff, 1)))),
        (Rule::BootState, "unverified", |it| drop(it.hardware.insert(704, root_of_trust(0xff, 2)))),
        (Rule::BootState, "failed", |it| drop(it.hardware.insert(704, root_of_trust(0xff, 3)))),
        (Rule::Encoding, "no state", |it| drop(it.hardware.insert(704, root_of_trust(0xff, 4)))),
        (Rule::Application, "another", |it| {
            it.software.insert(709, application(&["org.example.other"], &[SIGNER]));
        }),
        (Rule::Application, "another beside", |it| {
            it.software.insert(709, application(&[PACKAGE, "org.example.other"], &[SIGNER]));
        }),
        (Rule::Application, "nobody's", |it| drop(it.software.insert(709, application(&[], &[SIGNER])))),
        (Rule::Application, "not told", |it| drop(it.software.remove(&709))),
        (Rule::Signer, "another", |it| drop(it.software.insert(709, application(&[PACKAGE], &[[1; 32]])))),
        (Rule::Signer, "another beside", |it| {
            it.software.insert(709, application(&[PACKAGE], &[SIGNER, [1; 32]]));
        }),
        (Rule::Signer, "nobody", |it| drop(it.software.insert(709, application(&[PACKAGE], &[])))),
        (Rule::PatchLevel, "old", |it| drop(it.hardware.insert(706, integer(202_605)))),
        (Rule::PatchLevel, "no month", |it| drop(it.hardware.insert(706, integer(202_613)))),
        (Rule::PatchLevel, "not told", |it| drop(it.hardware.remove(&706))),
        (Rule::PatchLevel, "told by software", |it| {
            let level = it.hardware.remove(&706).unwrap();
            it.software.insert(706, level);
        }),
        (Rule::Version, "5", |it| it.version = 5),
        (Rule::Version, "500", |it| it.version = 500),
        (Rule::Version, "unknown tag", |it| drop(it.hardware.insert(999, vec![5, 0]))),
        (Rule::Encoding, "set with a number twice", |it| {
            it.hardware.insert(1, set(&[integer(2), integer(2)]));
        }),
        (Rule::Encoding, "text that is no UTF-8", |it| drop(it.hardware.insert(710, tlv(4, &[0xff])))),
        (Rule::Encoding, "signer of 20 bytes", |it| {
            let signers = set(&[tlv(4, &[7; 20])]);
            it.software.insert(709, tlv(4, &tlv(0x30, &[set(&[]), signers].concat())));
        }),
        (Rule::Encoding, "two values in one tag", |it| {
            it.hardware.insert(702, [integer(0), integer(0)].concat());
        }),
        (Rule::Encoding, "no value", |it| drop(it.hardware.insert(702, vec![]))),
        (Rule::Encoding, "length not shortest", |it| drop(it.hardware.insert(702, vec![2, 0x81, 1, 0]))),
        (Rule::Encoding, "number not shortest", |it| drop(it.hardware.insert(702, vec![2, 2, 0, 0]))),
    ];
    for (rule, what, spoil) in cases {
        let refusal = World::new().judge(&Statement::with(spoil)).expect_err(what);
        assert_eq!(refusal.rule, *rule, "{what}: {refusal}");
    }
}

#[test]
fn what_is_no_fault_is_accepted() {
    type Change = fn(&mut Statement);
    let cases: &[(&str, Change)] = &[
        ("verifies too", |it| drop(it.hardware.insert(1, set(&[integer(2), integer(3)])))),
        ("in another order", |it| drop(it.hardware.insert(1, set(&[integer(3), integer(2)])))),
        ("other digests too", |it| drop(it.hardware.insert(5, set(&[integer(4), integer(6)])))),
        ("StrongBox", |it| (it.level, it.keymint_level) = (2, 2)),
        ("needs the user", |it| {
            it.hardware.remove(&503);
            it.hardware.insert(504, integer(3));
            it.hardware.insert(505, integer(30));
        }),
        ("as old as accepted", |it| drop(it.hardware.insert(706, integer(202_606)))),
        ("with the day", |it| drop(it.hardware.insert(706, integer(20_260_605)))),
        ("without hash of what was verified", |it| {
            let fields = [tlv(4, &[9; 32]), vec![1, 1, 0xff], vec![0x0a, 1, 0]];
            it.hardware.insert(704, tlv(0x30, &fields.concat()));
        }),
        ("curve by its size, in version 1", |it| {
            it.version = 1;
            it.hardware.remove(&10);
        }),
    ];
    for (what, change) in cases {
        let outcome = World::new().judge(&Statement::with(change));
        outcome.unwrap_or_else(|refusal| panic!("{what}: {refusal}"));
    }
    for version in [1, 2, 3, 4, 100, 200, 300, 400] {
        World::new().judge(&Statement::with(|it| it.version = version)).unwrap();
    }
}

#[test]
fn tags_come_in_ascending_order_and_once() {
    let statement = Statement::default();
    let fields: Vec<_> = statement.hardware.iter().map(|(tag, content)| explicit(*tag, content)).collect();
    let (mut swapped, mut doubled) = (fields.clone(), fields.clone());
    swapped.swap(2, 3);
    doubled.insert(2, fields[2].clone());
    let sound = tlv(0x30, &fields.concat());
    for broken in [swapped, doubled] {
        let broken = tlv(0x30, &broken.concat());
        let der = statement.der();
        let fields_at = der.len() - sound.len();
        let body = [&der[4..fields_at], &broken].concat();
        let refusal = super::super::KeyDescription::read(&tlv(0x30, &body)).unwrap_err();
        assert_eq!(refusal.rule, Rule::Encoding);
        assert!(refusal.saw.contains("comes after"), "{refusal}");
    }
}

#[test]
fn statement_is_all_that_the_extension_has() {
    let der = Statement::default().der();
    let read = |der: &[u8]| super::super::KeyDescription::read(der).map_err(|refusal| refusal.rule);
    read(&der).unwrap();
    for end in 0..der.len() {
        assert!(read(&der[..end]).is_err(), "cut at {end}");
    }
    assert_eq!(read(&[der.clone(), vec![0]].concat()).unwrap_err(), Rule::Encoding);
    let body = [&der[4..], &integer(1)].concat();
    assert_eq!(read(&tlv(0x30, &body)).unwrap_err(), Rule::Encoding, "a ninth field");
    let long = [vec![0x30, 0x83, 0], der[2..].to_vec()].concat();
    assert_eq!(read(&long).unwrap_err(), Rule::Encoding, "length not shortest");
}

#[test]
fn strongbox_is_asked_for_by_rule() {
    let ask = |level| {
        let mut world = World::new();
        world.rules.strongbox = true;
        world.judge(&Statement::with(|it| (it.level, it.keymint_level) = level))
    };
    ask((2, 2)).unwrap();
    for level in [(1, 1), (2, 1), (1, 2)] {
        assert_eq!(ask(level).unwrap_err().rule, Rule::SecurityLevel, "{level:?}");
    }
}

#[test]
fn no_app_is_accepted_where_none_is_named() {
    let mut world = World::new();
    world.rules.apps.clear();
    assert_eq!(world.judge(&Statement::default()).unwrap_err().rule, Rule::Application);
}

/// A signer counts for the app that it is named with.
#[test]
fn signer_of_another_app_does_not_count() {
    let mut world = World::new();
    let other = AndroidApp { package: "org.example.other".to_owned(), signer: Sha256::from_bytes([1; 32]) };
    world.rules.apps.push(other);
    let statement = Statement::with(|it| drop(it.software.insert(709, application(&[PACKAGE], &[[1; 32]]))));
    assert_eq!(world.judge(&statement).unwrap_err().rule, Rule::Signer);
}

#[test]
fn attested_key_is_the_one_that_enrols() {
    let world = World::new();
    let mut judge = world.judge_of();
    let other = KeyPair::generate().unwrap().subject_public_key_info();
    judge.key = Some(PublicKey::from_spki_der(&other).unwrap());
    assert_eq!(judge.refuses(&world.chain(&Statement::default())).0, Rule::Key);
}

#[test]
fn attested_key_on_another_curve_is_refused() {
    let mut world = World::new();
    let mut judge = world.judge_of();
    world.leaf.key = KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap();
    let chain = world.chain(&Statement::default());
    judge.key = World::new().judge_of().key;
    assert_eq!(judge.refuses(&chain).0, Rule::Algorithm);
}

#[test]
fn patch_levels_are_months() {
    let level = |text: &str| text.parse::<PatchLevel>();
    assert_eq!(level("2026-09"), Ok(PatchLevel::from_number(202_609).unwrap()));
    assert_eq!(level("2026-09-05"), level("2026-09"));
    for (earlier, later) in [("2026-09", "2026-10"), ("2025-12", "2026-01")] {
        assert!(level(earlier).unwrap() < level(later).unwrap());
    }
    for broken in
        ["", "2026", "2026-13", "2026-00", "2026-9", "26-09", "2026-09-", "2026-09-32", "+026-09", "2014-12"]
    {
        assert!(level(broken).is_err(), "{broken}");
    }
    assert_eq!(PatchLevel::from_number(0), None);
    assert_eq!(PatchLevel::from_number(u64::MAX), None);
}
