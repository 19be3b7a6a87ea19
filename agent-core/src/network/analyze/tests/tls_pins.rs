//! The pin check: a table of chains and sets, each with exactly what must be found.

use rcgen::PublicKeyData as _;

use super::canary_world::{bind, exchange, with_canaries};
use super::scenarios::tell;
use super::world::{World, answered, found, http, outcome, refused, trusted_by, unproven};
use crate::canary::Exporter;
use crate::model::{CheckId, CheckOutcome, Coverage, Detection, Fact, PinSet, Sha256, SpkiPin};
use crate::model::{TrustAnchor, TrustVerdict, Verdict};
use crate::network::testing::{Authority, Dates, NOW, handshake, leaf_key, self_signed};

const HOST: &str = "a.example";
const YEAR: i64 = 365 * 86_400;
const SUSPICIOUS: (Detection, &str, Verdict) = (Detection::TlsInterception, "", Verdict::Suspicious);
const UNDECIDED: (Detection, &str, Verdict) = (Detection::TlsInterception, "", Verdict::Inconclusive);
const INSPECTED: (Detection, &str, Verdict) = (Detection::ManagedInspection, "", Verdict::Benign);
const COMPROMISED: (Detection, &str, Verdict) = (Detection::TrustStoreCompromised, "", Verdict::Suspicious);

struct Case {
    name: &'static str,
    make: fn(&mut World),
    expect: &'static [(Detection, &'static str, Verdict)],
    complete: bool,
}

const CASES: &[Case] = &[
    Case {
        name: "1 leaf pinned",
        make: |world| pin(world, &[Key::Leaf, Key::Backup]),
        expect: &[],
        complete: true,
    },
    Case {
        name: "4 leaf rotated to the backup pin",
        make: |world| pin(world, &[Key::Backup, Key::Leaf]),
        expect: &[],
        complete: true,
    },
    Case {
        name: "root pinned",
        make: |world| pin(world, &[Key::Public, Key::Backup]),
        expect: &[],
        complete: true,
    },
    Case {
        name: "intermediate pinned",
        make: |world| {
            let chain = issuing(&world.public).chain(HOST, Dates::CURRENT);
            world.presents(HOST, chain, trusted_by(TrustAnchor::System));
            pin(world, &[Key::PublicIssuing, Key::Backup]);
        },
        expect: &[],
        complete: true,
    },
    Case {
        name: "pinned key merely sent along",
        make: |world| {
            let mut chain = world.public.chain(HOST, Dates::CURRENT);
            chain.extend(world.company.chain(HOST, Dates::CURRENT).pop());
            world.presents(HOST, chain, trusted_by(TrustAnchor::System));
            pin(world, &[Key::Company, Key::Backup]);
        },
        expect: &[SUSPICIOUS],
        complete: true,
    },
    Case {
        name: "private authority that is not sent, pinned",
        make: |world| {
            private_root_not_sent(world);
            pin(world, &[Key::Company, Key::Backup]);
        },
        expect: &[],
        complete: true,
    },
    Case {
        name: "issuer under a private authority that is not sent, pinned",
        make: |world| {
            private_root_not_sent(world);
            pin(world, &[Key::CompanyIssuing, Key::Backup]);
        },
        expect: &[],
        complete: true,
    },
    Case {
        name: "certificate by a public authority that is not pinned",
        make: |world| pin(world, &[Key::Backup, Key::Company]),
        expect: &[SUSPICIOUS],
        complete: true,
    },
    Case {
        name: "5 set expired, no match",
        make: |world| {
            pin(world, &[Key::Backup, Key::Company]);
            world.settings.pins[0].expires = NOW;
        },
        expect: &[],
        complete: false,
    },
    Case {
        name: "set expired, match",
        make: |world| {
            pin(world, &[Key::Leaf, Key::Backup]);
            world.settings.pins[0].expires = NOW;
        },
        expect: &[],
        complete: true,
    },
    Case {
        name: "no backup, no match",
        make: |world| pin(world, &[Key::Backup, Key::Backup]),
        expect: &[],
        complete: false,
    },
    Case { name: "no backup, match", make: |world| pin(world, &[Key::Leaf]), expect: &[], complete: false },
    Case {
        name: "host that is not probed",
        make: |world| {
            pin(world, &[Key::Leaf, Key::Backup]);
            world.settings.pins[0].host = "z.example".to_owned();
        },
        expect: &[],
        complete: false,
    },
    Case {
        name: "host in other letters",
        make: |world| {
            pin(world, &[Key::Leaf, Key::Backup]);
            world.settings.pins[0].host = "A.Example".to_owned();
        },
        expect: &[],
        complete: true,
    },
    Case {
        name: "host lost",
        make: |world| {
            pin(world, &[Key::Leaf, Key::Backup]);
            world.silences(HOST);
        },
        expect: &[UNDECIDED],
        complete: false,
    },
    Case {
        name: "9 portal in the host's place",
        make: |world| {
            pin(world, &[Key::Leaf, Key::Backup]);
            world.portal(http(302, Some("http://gateway.local/"), b""));
            world.presents(HOST, self_signed("gateway.local"), refused());
        },
        expect: &[UNDECIDED],
        complete: false,
    },
    Case {
        name: "13 declared inspection",
        make: |world| {
            pin(world, &[Key::Elsewhere, Key::Backup]);
            world.settings.inspection_roots = vec![world.inspector.pin()];
            world.presents(HOST, world.inspector.chain(HOST, Dates::CURRENT), refused());
        },
        expect: &[INSPECTED],
        complete: true,
    },
    Case {
        name: "14 root added by the user",
        make: |world| {
            pin(world, &[Key::Elsewhere, Key::Backup]);
            let chain = world.inspector.chain(HOST, Dates::CURRENT);
            world.presents(HOST, chain, trusted_by(TrustAnchor::UserAdded));
        },
        expect: &[SUSPICIOUS],
        complete: true,
    },
    Case {
        name: "16 self-signed",
        make: |world| {
            pin(world, &[Key::Elsewhere, Key::Backup]);
            world.presents(HOST, self_signed(HOST), refused());
        },
        expect: &[SUSPICIOUS],
        complete: true,
    },
    Case {
        name: "pinned key under a chain that nobody vouches for",
        make: |world| {
            pin(world, &[Key::Leaf, Key::Backup]);
            world.presents(HOST, self_signed(HOST), refused());
        },
        expect: &[SUSPICIOUS],
        complete: true,
    },
    Case {
        name: "19 root in the system",
        make: |world| {
            pin(world, &[Key::Elsewhere, Key::Backup]);
            let chain = world.evil.chain(HOST, Dates::CURRENT);
            world.presents(HOST, chain, trusted_by(TrustAnchor::System));
        },
        expect: &[COMPROMISED],
        complete: true,
    },
    Case {
        name: "genuine certificate replayed without its key",
        make: |world| {
            pin(world, &[Key::Leaf, Key::Backup]);
            let chain = world.public.chain(HOST, Dates::CURRENT);
            world.probe(HOST).attempts = answered(unproven(chain));
        },
        expect: &[SUSPICIOUS],
        complete: true,
    },
    Case {
        name: "out of date, match",
        make: |world| {
            pin(world, &[Key::Public, Key::Backup]);
            world.presents(HOST, world.public.chain(HOST, Dates::PAST), refused());
        },
        expect: &[],
        complete: true,
    },
    Case {
        name: "somebody else's certificate",
        make: |world| {
            pin(world, &[Key::Leaf, Key::Backup]);
            world.presents(HOST, world.public.chain("other.example", Dates::CURRENT), refused());
        },
        expect: &[UNDECIDED],
        complete: false,
    },
    Case {
        name: "canary with a session of its own, no match",
        make: |world| {
            pin(world, &[Key::Backup, Key::Company]);
            world.settings.pins[0].host = "canary-0.example".to_owned();
        },
        expect: &[],
        complete: false,
    },
    Case {
        name: "canary with a session of its own, match under a chain that nobody vouches for",
        make: |world| {
            pin(world, &[Key::Leaf, Key::Backup]);
            world.settings.pins[0].host = "canary-0.example".to_owned();
            exchange(world, 0).handshake = handshake(self_signed("canary-0.example"));
        },
        expect: &[],
        complete: true,
    },
    Case {
        name: "canary with a broken session under a public root, match",
        make: |world| {
            pin(world, &[Key::Leaf, Key::Backup]);
            world.settings.pins[0].host = "canary-0.example".to_owned();
            bind(world, 0, |reply| reply.tls_exporter = Exporter::from_bytes([9; 32]));
        },
        expect: &[SUSPICIOUS],
        complete: true,
    },
];

#[test]
fn each_chain_and_set_yields_exactly_its_findings() {
    let mut story = String::new();
    for case in CASES {
        let mut world = with_canaries();
        (case.make)(&mut world);
        let outcomes = world.judge_at(NOW);
        let pins = outcome(&outcomes, CheckId::TlsPins).clone();
        tell(&mut story, case.name, std::slice::from_ref(&pins));
        assert_eq!(found(std::slice::from_ref(&pins)), case.expect, "{}: {pins:#?}", case.name);
        assert_eq!(pins.coverage == Coverage::Complete, case.complete, "{}: {pins:#?}", case.name);
    }
    insta::assert_snapshot!("pins", story);
}

#[test]
fn a_mismatch_carries_the_pins_the_keys_and_the_expiry() {
    let mut world = World::clean();
    pin(&mut world, &[Key::Backup, Key::Company]);
    let pins = judged(&world);
    let evidence = &pins.judgements[0].evidence;
    let values = |name: &str| {
        let named = evidence.iter().filter(|item| item.name == name);
        named.map(|item| item.value.clone()).collect::<Vec<_>>()
    };
    assert_eq!(values("pin_expected"), told(&world, [Key::Backup, Key::Company]));
    assert_eq!(values("key_in_chain"), told(&world, [Key::Leaf, Key::Public]));
    assert_eq!(values("pins_expire"), [NOW.plus_seconds(YEAR).to_string()]);
    assert_eq!(values("endpoint"), ["a.example:443"]);
}

#[test]
fn a_matched_set_is_named_with_its_key() {
    let mut world = World::clean();
    pin(&mut world, &[Key::Public, Key::Backup]);
    let expected = format!(
        "1 of 1 pinned hosts present a pinned key: a.example (the root's key {})",
        world.public.pin()
    );
    assert_eq!(judged(&world).summary, expected);
}

/// The chain check finds such a chain genuine: it must not resolve what the pins showed.
#[test]
fn a_mismatch_is_found_even_where_the_chain_is_clean() {
    let mut world = World::clean();
    pin(&mut world, &[Key::Backup, Key::Company]);
    let outcomes = world.judge_at(NOW);
    assert_eq!(outcome(&outcomes, CheckId::TlsChain).verdict(), Verdict::Clean);
    assert_eq!(found(&outcomes), [SUSPICIOUS]);
}

#[test]
fn each_set_of_a_host_is_judged_by_itself() {
    let mut world = World::clean();
    pin(&mut world, &[Key::Leaf, Key::Backup]);
    pin(&mut world, &[Key::Backup, Key::Company]);
    assert_eq!(judged(&world).verdict(), Verdict::Suspicious);
    world.settings.pins[1].expires = NOW.plus_seconds(-1);
    assert_eq!(judged(&world).verdict(), Verdict::Clean);
    assert!(judged(&world).summary.contains("expired"));
}

/// Found by the lab's row 12: the pins are judged by the time that canaries signed.
#[test]
fn a_wrong_clock_expires_no_set() {
    let mut world = with_canaries();
    pin(&mut world, &[Key::Leaf, Key::Backup]);
    let outcomes = world.judge_at(NOW.plus_seconds(2 * YEAR));
    assert_eq!(found(&outcomes), [(Detection::ClockSkew, "", Verdict::Benign)]);
    assert_eq!(outcome(&outcomes, CheckId::TlsPins).coverage, Coverage::Complete);
}

#[test]
fn without_pins_the_administrator_is_told_where_they_go() {
    assert_eq!(
        judged(&World::clean()),
        CheckOutcome::unknown(
            CheckId::TlsPins,
            "no pins are configured: the administrator names them in pins"
        )
    );
}

fn judged(world: &World) -> CheckOutcome {
    outcome(&world.judge_at(NOW), CheckId::TlsPins).clone()
}

fn told(world: &World, keys: [Key; 2]) -> [String; 2] {
    keys.map(|key| key.pin(world).to_string())
}

/// A key that the table pins.
#[derive(Clone, Copy)]
enum Key {
    Leaf,
    Backup,
    Public,
    PublicIssuing,
    Company,
    CompanyIssuing,
    Elsewhere,
}

impl Key {
    fn pin(self, world: &World) -> SpkiPin {
        match self {
            Self::Leaf => SpkiPin::of_spki(&leaf_key().subject_public_key_info()),
            Self::Backup => SpkiPin::of_spki(b"a spare key"),
            Self::Public => world.public.pin(),
            Self::PublicIssuing => issuing(&world.public).pin(),
            Self::Company => world.company.pin(),
            Self::CompanyIssuing => issuing(&world.company).pin(),
            Self::Elsewhere => SpkiPin::of_spki(b"a key in use elsewhere"),
        }
    }
}

fn pin(world: &mut World, keys: &[Key]) {
    let spki = keys.iter().map(|key| key.pin(world)).collect();
    let expires = NOW.plus_seconds(YEAR);
    world.settings.pins.push(PinSet { host: HOST.to_owned(), spki, expires });
}

/// A chain under the company's authority through an issuer; the device alone shows the authority.
fn private_root_not_sent(world: &mut World) {
    let root_spki = Some(Sha256::of(&webpki::spki_for_anchor(&world.company.anchor())));
    let chain = issuing(&world.company).chain(HOST, Dates::CURRENT);
    let verdict = TrustVerdict::Trusted { anchor: TrustAnchor::UserAdded, root_spki };
    world.presents(HOST, chain, Fact::known(verdict));
    world.settings.endpoints[0].private_anchors = vec![world.company.pin()];
}

fn issuing(root: &Authority) -> Authority {
    root.subordinate("Issuing", 9, Dates::CURRENT)
}
