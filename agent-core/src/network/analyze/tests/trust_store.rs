//! Roots in the system that no public list has, roots that the organisation adds, and who is to blame for what.

use proptest::prelude::*;

use super::canary_world::{bind, exchange, silence, with_canaries};
use super::world::{World, found, outcome, refused, trusted_by};
use crate::canary::Exporter;
use crate::model::{CheckId, Detection, Fact, RootCertificate, Sha256, TrustAnchor, TrustVerdict, Verdict};
use crate::network::testing::{Authority, Dates, NOW, handshake};

const HOSTS: [&str; 3] = ["a.example", "b.example", "c.example"];

type Found = (Detection, &'static str, Verdict);
const STORE: Found = (Detection::TrustStoreCompromised, "", Verdict::Confirmed);
const STORE_SUSPECTED: Found = (Detection::TrustStoreCompromised, "", Verdict::Suspicious);
const INTERCEPTION: Found = (Detection::TlsInterception, "", Verdict::Confirmed);
const INTERCEPTION_SUSPECTED: Found = (Detection::TlsInterception, "", Verdict::Suspicious);

#[test]
fn a_system_root_that_breaks_a_binding_is_a_compromised_store_and_nothing_else() {
    let mut world = with_canaries();
    intercept_canary(&mut world, 0, TrustAnchor::System);
    assert_eq!(found(&world.judge_at(NOW)), [STORE, STORE]);

    let outcomes = world.judge_at(NOW);
    let evidence = &outcome(&outcomes, CheckId::TlsChain).judgements[0].evidence;
    let value = |name: &str| evidence.iter().find(|item| item.name == name).map(|item| item.value.clone());
    assert_eq!(value("root_spki"), Some(world.evil.pin().to_string()));
    assert_eq!(value("exporter_at_canary"), Some("09".repeat(32)));
}

#[test]
fn a_user_added_root_that_breaks_a_binding_is_interception() {
    let mut world = with_canaries();
    intercept_canary(&mut world, 0, TrustAnchor::UserAdded);
    assert_eq!(found(&world.judge_at(NOW)), [INTERCEPTION, INTERCEPTION]);
}

#[test]
fn a_system_root_in_one_network_is_a_suspicion() {
    let mut world = with_canaries();
    intercept(&mut world, "a.example", TrustAnchor::System);
    assert_eq!(found(&world.judge_at(NOW)), [STORE_SUSPECTED]);
    intercept(&mut world, "b.example", TrustAnchor::System);
    assert_eq!(found(&world.judge_at(NOW)), [STORE]);
}

#[test]
fn two_attackers_are_told_apart() {
    let mut world = with_canaries();
    intercept_canary(&mut world, 0, TrustAnchor::System);
    intercept_canary(&mut world, 1, TrustAnchor::UserAdded);
    assert_eq!(found(&world.judge_at(NOW)), [INTERCEPTION, STORE, INTERCEPTION, STORE]);

    let mut world = World::clean();
    intercept(&mut world, "a.example", TrustAnchor::System);
    world.presents("b.example", world.inspector.chain("b.example", Dates::CURRENT), refused());
    assert_eq!(found(&world.judge_at(NOW)), [INTERCEPTION_SUSPECTED, STORE_SUSPECTED]);
}

#[test]
fn a_compromised_store_stays_open_while_no_canary_can_tell() {
    let mut world = with_canaries();
    (0..2).for_each(|number| silence(&mut world, number));
    let outcomes = world.judge_at(NOW);
    let chain = outcome(&outcomes, CheckId::TlsChain);
    assert!(found(std::slice::from_ref(chain)).contains(&(
        Detection::TrustStoreCompromised,
        "",
        Verdict::Inconclusive
    )));
}

#[test]
fn a_root_that_the_organisation_adds_to_the_public_ones_vouches() {
    let mut world = World::clean();
    let programme = Authority::new("New Public Root", 8);
    for host in HOSTS {
        world.presents(host, programme.chain(host, Dates::CURRENT), trusted_by(TrustAnchor::System));
    }
    assert_eq!(found(&world.judge_at(NOW)), [STORE]);
    let der = programme.chain("a.example", Dates::CURRENT).pop().unwrap().as_der().to_vec();
    world.settings.public_roots = vec![RootCertificate::from_der(der)];
    assert_eq!(found(&world.judge_at(NOW)), []);
}

#[test]
fn what_is_no_certificate_among_the_public_roots_is_told() {
    let mut world = World::clean();
    world.settings.public_roots = vec![RootCertificate::from_der(b"no certificate".to_vec())];
    let outcomes = world.judge_at(NOW);
    let chain = outcome(&outcomes, CheckId::TlsChain);
    assert_eq!(chain.verdict(), Verdict::Clean);
    assert!(chain.summary.contains("1 of 1 roots in public_roots are no certificates"), "{}", chain.summary);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_public_roots_never_panic_and_vouch_for_nobody(
        roots in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 1..8),
    ) {
        let mut world = World::clean();
        world.settings.public_roots = roots.into_iter().map(RootCertificate::from_der).collect();
        world.presents("a.example", world.evil.chain("a.example", Dates::CURRENT), refused());
        let outcomes = world.judge_at(NOW);
        prop_assert_eq!(found(&outcomes), [INTERCEPTION_SUSPECTED]);
        prop_assert!(outcome(&outcomes, CheckId::TlsChain).summary.contains("public_roots"));
    }
}

fn intercept(world: &mut World, host: &str, anchor: TrustAnchor) {
    let chain = world.evil.chain(host, Dates::CURRENT);
    let verdict = trusted(world, anchor);
    world.presents(host, chain, verdict);
}

fn intercept_canary(world: &mut World, number: usize, anchor: TrustAnchor) {
    let chain = world.evil.chain(&format!("canary-{number}.example"), Dates::CURRENT);
    world.seen.canaries[number].platform = Some(trusted(world, anchor));
    exchange(world, number).handshake = handshake(chain);
    bind(world, number, |reply| reply.tls_exporter = Exporter::from_bytes([9; 32]));
}

fn trusted(world: &World, anchor: TrustAnchor) -> Fact<TrustVerdict> {
    let root_spki = Some(Sha256::of(&webpki::spki_for_anchor(&world.evil.anchor())));
    Fact::known(TrustVerdict::Trusted { anchor, root_spki })
}
