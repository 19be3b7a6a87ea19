//! Arbitrary input: no panic, no false alarm, no false praise, nothing lost in a recording.

use proptest::prelude::*;

use super::world::{World, answered, found, http, outcome, refused, trusted_by, unproven};
use crate::model::{CheckId, TrustAnchor, Verdict};
use crate::network::Recording;
use crate::network::observation::{Attempt, Certificate, FailureKind, Observations, Outcome};
use crate::network::testing::{Dates, NOW, self_signed};

const HOSTS: [&str; 3] = ["a.example", "b.example", "c.example"];

/// What honest networks and honest operators do to one endpoint.
#[derive(Clone, Copy, Debug)]
enum Honest {
    Clean,
    Lost,
    Rotated,
    NotRenewed,
}

fn honest() -> impl Strategy<Value = Honest> {
    prop_oneof![
        6 => Just(Honest::Clean),
        2 => Just(Honest::Lost),
        1 => Just(Honest::Rotated),
        1 => Just(Honest::NotRenewed),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_chains_never_panic_and_are_never_praised(
        chain in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..20),
        host in "\\PC{0,40}",
        now in any::<i64>(),
    ) {
        let mut world = World::clean();
        world.settings.endpoints.truncate(1);
        world.settings.endpoints[0].host.clone_from(&host);
        world.seen.tls[0].target.host.clone_from(&host);
        world.seen.tls[0].attempts =
            answered(crate::network::testing::handshake(chain.into_iter().map(Certificate::from_der).collect()));
        let outcomes = world.judge_at(crate::model::Timestamp::from_unix(now));
        prop_assert_ne!(outcome(&outcomes, CheckId::TlsChain).verdict(), Verdict::Clean);
    }

    #[test]
    fn a_genuine_leaf_with_one_byte_changed_is_never_praised(place in any::<prop::sample::Index>(), flip in 1_u8..) {
        let mut world = World::clean();
        world.settings.endpoints.truncate(1);
        let mut chain = world.public.chain("a.example", Dates::CURRENT);
        let mut leaf = chain[0].as_der().to_vec();
        let place = place.index(leaf.len());
        leaf[place] ^= flip;
        chain[0] = Certificate::from_der(leaf);
        world.presents("a.example", chain, refused());
        prop_assert_ne!(outcome(&world.judge_at(NOW), CheckId::TlsChain).verdict(), Verdict::Clean);
    }

    #[test]
    fn honest_networks_never_raise_a_suspicion(
        endpoints in prop::array::uniform3(honest()),
        portal in any::<bool>(),
        clock_years in -3_i64..3,
    ) {
        let mut world = World::clean();
        for (host, what) in HOSTS.into_iter().zip(endpoints) {
            match what {
                Honest::Clean => {}
                Honest::Lost => world.silences(host),
                Honest::Rotated => {
                    let chain = world.public.chain(host, Dates(2026, 2030));
                    world.presents(host, chain, trusted_by(TrustAnchor::System));
                }
                Honest::NotRenewed => {
                    let chain = world.public.chain(host, Dates::PAST);
                    world.presents(host, chain, refused());
                }
            }
            if portal && !matches!(what, Honest::Lost) {
                world.presents(host, self_signed("gateway.local"), refused());
            }
        }
        if portal {
            world.portal(http(302, Some("http://gateway.local/"), b""));
        }
        let outcomes = world.judge_at(NOW.plus_seconds(clock_years * 365 * 86_400));
        for (detection, subject, verdict) in found(&outcomes) {
            prop_assert!(verdict < Verdict::Suspicious, "{detection} {subject} {verdict}");
        }
    }

    #[test]
    fn a_recording_is_replayed_as_it_was(
        elapsed_ms in any::<u64>(),
        status in any::<u16>(),
        location in prop::option::of("\\PC{0,40}"),
        body in prop::collection::vec(any::<u8>(), 0..50),
        chain in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..50), 0..4),
        kind in prop::sample::select(vec![
            FailureKind::Reset, FailureKind::TimedOut, FailureKind::Alert, FailureKind::NameNotResolved,
        ]),
    ) {
        let mut world = World::clean();
        world.portal(http(status, location.as_deref(), &body));
        world.captive_over_tls_fails(kind);
        world.silences("b.example");
        world.seen.tls[2].platform = None;
        world.seen.tls[2].attempts = vec![Attempt {
            address: None,
            elapsed_ms,
            outcome: Outcome::Answered(unproven(chain.into_iter().map(Certificate::from_der).collect())),
        }];
        let recorded = serde_json::to_string(&world.seen).unwrap();
        let replayed: Observations = serde_json::from_str(&recorded).unwrap();
        prop_assert_eq!(replayed, world.seen);
    }

    #[test]
    fn an_arbitrary_recording_is_refused_or_judged(text in "\\PC{0,200}") {
        if let Ok(seen) = serde_json::from_str::<Observations>(&text) {
            crate::network::judge(&Recording::new(seen, World::clean().settings, NOW));
        }
    }
}

#[test]
fn the_recorded_form_is_stable() {
    let mut world = World::clean();
    world.seen.tls.truncate(2);
    world.silences("b.example");
    insta::assert_json_snapshot!("recording", world.seen);
}
