//! What can be proven without a network; the rest is in `tests/connector`.

use std::sync::Arc;

use agent_core::connector::{RefusalCode, token_digest};
use agent_core::model::Timestamp;
use agent_core::platform::Clock;
use agent_core::report::jws::{self, typ};
use proptest::prelude::*;
use serde_json::json;

use super::chain::{Fault, Place, Surroundings, judge};
use super::challenge::Challenges;
use super::error::Denied;
use super::limits::CHALLENGE_LIFETIME;
use super::{Config, Connector, KeyState, TenantSettings, database};
use crate::software_key::SoftwareKey;

const NOW: Timestamp = Timestamp::from_unix(1_790_000_000);

struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> Timestamp {
        NOW
    }
}

fn connector(directory: &tempfile::TempDir) -> Connector {
    Connector::open(Config::new(directory.path(), Arc::new(Fixed))).unwrap()
}

#[test]
fn a_challenge_is_good_for_its_tenant_and_time_and_process() {
    let challenges = Challenges::new().unwrap();
    let challenge = challenges.issue("acme", NOW).unwrap();
    assert!(challenges.accepts(&challenge, "acme", NOW));
    assert!(challenges.accepts(&challenge, "acme", NOW.plus_seconds(CHALLENGE_LIFETIME - 1)));
    assert!(!challenges.accepts(&challenge, "acme", NOW.plus_seconds(CHALLENGE_LIFETIME)));
    assert!(!challenges.accepts(&challenge, "globex", NOW));
    assert!(!Challenges::new().unwrap().accepts(&challenge, "acme", NOW));
    assert!(!challenges.accepts("", "acme", NOW));
}

#[test]
fn every_place_that_a_report_can_claim_is_judged() {
    let free = Surroundings::default();
    let at = |seq, has_prev| Place { seq, has_prev };
    let cases = [
        ("first of all", at(1, false), free, None),
        (
            "next",
            at(2, true),
            Surroundings { follows_its_predecessor: Some(true), names: Some(1), ..free },
            None,
        ),
        ("after a gap", at(9, true), free, None),
        ("filling a gap", at(4, true), Surroundings { is_named_by_its_successor: Some(true), ..free }, None),
        ("taken", at(2, true), Surroundings { taken: true, ..free }, Some(Fault::Fork)),
        (
            "another predecessor",
            at(2, true),
            Surroundings { follows_its_predecessor: Some(false), ..free },
            Some(Fault::Fork),
        ),
        (
            "another successor",
            at(2, true),
            Surroundings { is_named_by_its_successor: Some(false), ..free },
            Some(Fault::Fork),
        ),
        ("from further back", at(5, true), Surroundings { names: Some(2), ..free }, Some(Fault::Regression)),
        (
            "beside another",
            at(7, true),
            Surroundings { shares_its_predecessor: true, ..free },
            Some(Fault::Regression),
        ),
        ("a beginning that is none", at(7, false), free, Some(Fault::Regression)),
        ("a first with a past", at(1, true), free, Some(Fault::Regression)),
    ];
    for (name, place, around, expected) in cases {
        assert_eq!(judge(place, around), expected, "{name}");
    }
}

#[test]
fn a_first_start_by_two_processes_makes_one_set_of_keys() {
    let directory = tempfile::tempdir().unwrap();
    let opened: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| connector(&directory))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let keys: Vec<_> = opened.iter().map(|it| (it.pins(), it.public_key().unwrap().thumbprint())).collect();
    assert!(keys.windows(2).all(|pair| pair[0] == pair[1]), "{keys:?}");
}

#[test]
fn names_that_are_no_hosts_are_refused_at_once() {
    let directory = tempfile::tempdir().unwrap();
    for names in [vec![], vec!["a b".to_owned()]] {
        let config = Config { names, ..Config::new(directory.path(), Arc::new(Fixed)) };
        assert!(Connector::open(config).is_err());
    }
    let config = Config { names: vec!["::1".to_owned()], ..Config::new(directory.path(), Arc::new(Fixed)) };
    assert_eq!(Connector::open(config).unwrap().url().unwrap(), "https://[::1]:8443");
}

fn refused(result: Result<String, Denied>) -> RefusalCode {
    match result {
        Err(Denied::Refused(refusal)) => refusal.err,
        other => panic!("{other:?}"),
    }
}

#[test]
fn arbitrary_reports_are_refused_and_never_fail() {
    let directory = tempfile::tempdir().unwrap();
    let connector = connector(&directory);
    let key = SoftwareKey::from_pkcs8(&SoftwareKey::generate().unwrap()).unwrap();
    let signed = |claims: &[u8]| jws::sign(typ::SECURITY_EVENT, claims, &key).unwrap();
    proptest!(|(text in ".*", claims in proptest::collection::vec(any::<u8>(), 0..200), iss in ".*", epoch in ".*")| {
        let code = refused(connector.receive("default", &text));
        // Three parts with an empty signature are a token that nobody signed.
        prop_assert!(matches!(code, RefusalCode::InvalidRequest | RefusalCode::AuthenticationFailed), "{code}");
        prop_assert_eq!(refused(connector.receive("default", &signed(&claims))), RefusalCode::InvalidRequest);
        let stranger = json!({"iss": iss, "aud": token_digest(&text), "mtd_epoch": epoch}).to_string();
        let code = refused(connector.receive("default", &signed(stranger.as_bytes())));
        prop_assert_eq!(code, RefusalCode::InvalidIssuer);
    });
}

#[test]
fn devices_of_a_version_without_keys_of_their_own_keep_theirs_in_use() {
    let directory = tempfile::tempdir().unwrap();
    let key = SoftwareKey::from_pkcs8(&SoftwareKey::generate().unwrap()).unwrap();
    let (kid, jwk) = (key.public().thumbprint(), serde_json::to_string(&key.public().to_jwk()).unwrap());
    let settings = serde_json::to_string(&TenantSettings::default()).unwrap();
    let content = format!(
        "INSERT INTO tenant VALUES ('default', '{settings}');
        INSERT INTO device VALUES ('d1', 'default', '{kid}', '{jwk}', 'software', '\"corporate\"', 5);
        INSERT INTO enrolment (epoch, device, url, enrolled_at) VALUES ('e1', 'd1', 'https://localhost', 3);
        INSERT INTO enrolment (epoch, device, url, enrolled_at) VALUES ('e2', 'd1', 'https://localhost', 4);
        INSERT INTO invitation VALUES ('used', 'default', '\"corporate\"', 9, 4);"
    );
    database::of_version(directory.path(), 2, &content).unwrap();

    let row = connector(&directory).devices().unwrap().remove(0);
    assert_eq!((row.id.as_str(), row.revoked_at, row.keys.len()), ("d1", None, 1));
    let (found, since) = (&row.keys[0], Timestamp::from_unix(4));
    assert_eq!((found.kid.as_str(), found.state, found.since), (kid.as_str(), KeyState::InUse, since));
    assert_eq!(connector(&directory).device_key("d1").unwrap().as_ref(), Some(key.public()));
}
