//! Chains with one thing wrong.

use rcgen::{BasicConstraints, DnType, IsCa, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P384_SHA384};
use time::{Duration, OffsetDateTime};

use super::super::{Provisioning, Roots, SecurityLevel};
use super::statement::Statement;
use super::world::{NOW, Party, World};
use crate::attestation::Rule;

#[test]
fn sound_chain_tells_what_it_vouches_for() {
    let attested = World::new().judge(&Statement::default()).unwrap();
    assert_eq!(attested.description.security_level(), SecurityLevel::TrustedEnvironment);
    assert_eq!(attested.provisioning, Provisioning::Remote { certificates_issued: Some(64) });
    assert!(!attested.revocation_checked);
}

#[test]
fn unknown_root_is_refused() {
    let world = World::new();
    let mut judge = world.judge_of();
    judge.roots = Roots::google();
    assert_eq!(judge.refuses(&world.chain(&Statement::default())).0, Rule::Root);
}

#[test]
fn root_of_the_same_name_and_another_key_is_refused() {
    let (world, other) = (World::new(), World::new());
    let judge = world.judge_of();
    assert_eq!(judge.refuses(&other.chain(&Statement::default())).0, Rule::Root);
}

/// The last certificate has the pinned key but is signed by another: its name and dates are anybody's.
#[test]
fn root_certificate_that_is_not_its_own_is_refused() {
    let world = World::new();
    let judge = world.judge_of();
    let forger = Party::authority("Root", KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap(), 9);
    let forged = world.root.signed_by(&forger);
    let mut chain = world.chain(&Statement::default());
    chain[4] = forged;
    assert_eq!(judge.refuses(&chain).0, Rule::Signature);
}

#[test]
fn order_is_the_platforms() {
    for (left, right) in [(0, 1), (1, 2), (2, 3), (0, 3)] {
        let world = World::new();
        let judge = world.judge_of();
        let mut chain = world.chain(&Statement::default());
        chain.swap(left, right);
        assert_eq!(judge.refuses(&chain).0, Rule::Issuer, "{left} and {right}");
    }
}

#[test]
fn missing_and_doubled_links_are_refused() {
    for at in 0..4 {
        let world = World::new();
        let judge = world.judge_of();
        let chain = world.chain(&Statement::default());
        let mut without = chain.clone();
        without.remove(at);
        let rule = judge.refuses(&without).0;
        let expected = if at == 0 { Rule::Extension } else { Rule::Issuer };
        assert_eq!(rule, expected, "without {at}");
        let mut doubled = chain.clone();
        doubled.insert(at, chain[at].clone());
        assert_eq!(judge.refuses(&doubled).0, Rule::Issuer, "{at} twice");
    }
    let world = World::new();
    let judge = world.judge_of();
    let chain = world.chain(&Statement::default());
    assert_eq!(judge.refuses(&chain[3..]).0, Rule::ChainLength);
    assert_eq!(judge.refuses(&[]).0, Rule::ChainLength);
    assert_eq!(judge.refuses(&vec![chain[0].clone(); 9]).0, Rule::ChainLength);
}

/// Each in turn is issued by someone of the right name with another key.
#[test]
fn swapped_issuer_is_refused() {
    for at in 0..4 {
        let mut world = World::new();
        let judge = world.judge_of();
        world.leaf.add_statement(&Statement::default());
        let mut chain = world.chain_as_it_is();
        let stranger = World::new();
        chain[at] = match at {
            0 => world.leaf.signed_by(&stranger.keystore),
            1 => world.keystore.signed_by(&stranger.lower),
            2 => world.lower.signed_by(&stranger.upper),
            _ => world.upper.signed_by(&stranger.root),
        };
        let (rule, saw) = judge.refuses(&chain);
        assert_eq!(rule, Rule::Signature, "{at}");
        assert!(saw.starts_with(&format!("certificate {at}: ")), "{saw}");
    }
}

/// The attack that the rule is for: whoever has an app's own, genuinely attested, signing key issues a certificate
/// with a statement of his choice.
#[test]
fn chain_that_an_attested_key_extends_is_refused() {
    let mut world = World::new();
    let judge = world.judge_of();
    world.leaf.params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    world.leaf.add_statement(&Statement::default());
    let mut forged = Party::new("Android Keystore Key", KeyPair::generate().unwrap());
    forged.add_statement(&Statement::with(|it| it.keymint_level = 2));
    let mut chain = world.chain_as_it_is();
    chain.insert(0, forged.signed_by(&world.leaf));
    let (rule, saw) = judge.refuses(&chain);
    assert_eq!(
        (rule, saw.as_str()),
        (Rule::Extension, "certificate 1 has a key description, which is the leaf's alone")
    );
}

/// Without authority flag the leaf of a factory chain cannot pass for the keystore's either.
#[test]
fn extended_chain_is_refused_for_a_leaf_without_authority_too() {
    let mut world = World::new();
    let judge = world.judge_of();
    world.leaf.add_statement(&Statement::default());
    let mut forged = Party::new("Android Keystore Key", KeyPair::generate().unwrap());
    forged.add_statement(&Statement::default());
    let mut chain = world.chain_as_it_is();
    chain.insert(0, forged.signed_by(&world.leaf));
    assert!(matches!(judge.refuses(&chain).0, Rule::Extension | Rule::Authority));
}

#[test]
fn statement_on_another_certificate_is_refused() {
    let statement = Statement::default();
    type Place = fn(&mut World) -> &mut Party;
    let places: [Place; 4] =
        [|it| &mut it.keystore, |it| &mut it.lower, |it| &mut it.upper, |it| &mut it.root];
    for (at, place) in places.into_iter().enumerate() {
        for is_moved in [true, false] {
            let mut world = World::new();
            let judge = world.judge_of();
            place(&mut world).add_statement(&statement);
            if !is_moved {
                world.leaf.add_statement(&statement);
            }
            let (rule, saw) = judge.refuses(&world.chain_as_it_is());
            assert_eq!(rule, Rule::Extension, "{at}, moved: {is_moved}");
            assert!(saw.starts_with(&format!("certificate {} ", at + 1)), "{saw}");
        }
    }
}

#[test]
fn chain_without_a_statement_is_refused() {
    let world = World::new();
    assert_eq!(world.judge_of().refuses(&world.chain_as_it_is()).0, Rule::Extension);
}

#[test]
fn two_statements_in_one_certificate_are_refused() {
    let mut world = World::new();
    let judge = world.judge_of();
    world.leaf.add_statement(&Statement::default());
    world.leaf.add_statement(&Statement::default());
    assert_eq!(judge.refuses(&world.chain_as_it_is()).0, Rule::Encoding);
}

#[test]
fn terms_are_judged_where_they_matter() {
    let now = OffsetDateTime::from_unix_timestamp(NOW.unix()).unwrap();
    let (past, future) = (now - Duration::seconds(1), now + Duration::seconds(1));
    type Place = fn(&mut World) -> &mut Party;
    let places: [(Place, bool); 5] = [
        (|it| &mut it.leaf, false),
        (|it| &mut it.keystore, true),
        (|it| &mut it.lower, true),
        (|it| &mut it.upper, true),
        (|it| &mut it.root, false),
    ];
    for (at, (place, matters)) in places.into_iter().enumerate() {
        for expired in [true, false] {
            let mut world = World::new();
            match expired {
                true => place(&mut world).params.not_after = past,
                false => place(&mut world).params.not_before = future,
            }
            let outcome = world.judge(&Statement::default()).map_err(|refusal| refusal.rule);
            let expected = if matters { Some(Rule::Validity) } else { None };
            assert_eq!(outcome.err(), expected, "certificate {at}, expired: {expired}");
        }
    }
}

/// Its phones go on attesting with it, and there is no other; what has not begun is nobody's.
#[test]
fn chain_from_the_factory_may_have_ended_and_must_have_begun() {
    let now = OffsetDateTime::from_unix_timestamp(NOW.unix()).unwrap();
    type Place = fn(&mut World) -> &mut Party;
    let places: [Place; 3] = [|it| &mut it.keystore, |it| &mut it.lower, |it| &mut it.upper];
    for place in places {
        let mut world = from_the_factory();
        place(&mut world).params.not_after = now - Duration::seconds(1);
        assert!(world.judge(&Statement::default()).unwrap().expired);

        // Neither mark alone makes a factory's chain.
        let mut world = World::new();
        world.keystore.params.custom_extensions.clear();
        place(&mut world).params.not_after = now - Duration::seconds(1);
        assert_eq!(world.judge(&Statement::default()).unwrap_err().rule, Rule::Validity);
        let mut world = from_the_factory();
        world.keystore.add_extension(&[1, 3, 6, 1, 4, 1, 11129, 2, 1, 30], vec![0xa1, 1, 2]);
        place(&mut world).params.not_after = now - Duration::seconds(1);
        assert_eq!(world.judge(&Statement::default()).unwrap_err().rule, Rule::Validity);

        let mut world = from_the_factory();
        place(&mut world).params.not_before = now + Duration::seconds(1);
        assert_eq!(world.judge(&Statement::default()).unwrap_err().rule, Rule::Validity);
    }
}

fn from_the_factory() -> World {
    let mut world = World::new();
    world.keystore.params.custom_extensions.clear();
    world.upper.params.distinguished_name.push(DnType::CustomDnType(vec![2, 5, 4, 5]), "87f4514475ba0a2b");
    world
}

#[test]
fn term_holds_to_its_last_second() {
    let mut world = World::new();
    world.keystore.params.not_after = OffsetDateTime::from_unix_timestamp(NOW.unix()).unwrap();
    world.judge(&Statement::default()).unwrap();
}

#[test]
fn issuers_have_to_be_authorities() {
    type Spoil = fn(&mut World);
    let cases: [(&str, Spoil); 6] = [
        ("certificate 1 is no authority", |it| it.keystore.params.is_ca = IsCa::ExplicitNoCa),
        ("certificate 2 has no basic constraints", |it| it.lower.params.is_ca = IsCa::NoCa),
        ("certificate 3 may have 0 authorities below it and has 2", |it| {
            it.upper.params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        }),
        ("certificate 3 may have 1 authorities below it and has 2", |it| {
            it.upper.params.is_ca = IsCa::Ca(BasicConstraints::Constrained(1));
        }),
        ("certificate 2 may not sign certificates", |it| {
            it.lower.params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        }),
        ("certificate 4 may not sign certificates", |it| {
            it.root.params.key_usages = vec![KeyUsagePurpose::CrlSign];
        }),
    ];
    for (expected, spoil) in cases {
        let mut world = World::new();
        spoil(&mut world);
        let refusal = world.judge(&Statement::default()).unwrap_err();
        assert_eq!(refusal.rule, Rule::Authority, "{refusal}");
        assert!(refusal.saw.starts_with(expected), "{refusal}");
    }
    let mut world = World::new();
    world.upper.params.is_ca = IsCa::Ca(BasicConstraints::Constrained(2));
    world.judge(&Statement::default()).unwrap();
}

/// Real factory keys say `CA:FALSE` (Sony Xperia 10 III).
#[test]
fn factory_key_need_not_be_an_authority() {
    let mut world = World::new();
    world.keystore.params.custom_extensions.clear();
    world.keystore.params.is_ca = IsCa::ExplicitNoCa;
    let attested = world.judge(&Statement::default()).unwrap();
    assert_eq!(attested.provisioning, Provisioning::Factory);
}

#[test]
fn unknown_critical_extension_is_refused() {
    let mut world = World::new();
    world.lower.add_extension(&[1, 2, 3, 4], vec![5, 0]);
    world.lower.params.custom_extensions.last_mut().unwrap().set_criticality(true);
    let refusal = world.judge(&Statement::default()).unwrap_err();
    assert_eq!(refusal.rule, Rule::Authority, "{refusal}");
}

#[test]
fn cut_and_extended_certificates_are_refused() {
    for at in 0..5 {
        let world = World::new();
        let judge = world.judge_of();
        let chain = world.chain(&Statement::default());
        let mut cut = chain.clone();
        cut[at].pop();
        assert_eq!(judge.refuses(&cut).0, Rule::Encoding, "{at} cut");
        let mut extended = chain.clone();
        extended[at].push(0);
        assert_eq!(judge.refuses(&extended).0, Rule::Encoding, "{at} extended");
    }
}

#[test]
fn provisioning_info_is_read_strictly() {
    for broken in
        [vec![], vec![0xa1], vec![0xa1, 1, 2, 0], vec![1], vec![0xa1, 1, 0x20], vec![0xa2, 1, 2, 1, 3]]
    {
        let mut world = World::new();
        world.keystore.params.custom_extensions.clear();
        world.keystore.add_extension(&[1, 3, 6, 1, 4, 1, 11129, 2, 1, 30], broken.clone());
        let refusal = world.judge(&Statement::default()).unwrap_err();
        assert_eq!(refusal.rule, Rule::Encoding, "{broken:02x?}: {refusal}");
    }
}
