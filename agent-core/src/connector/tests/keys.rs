//! How one signing key of a connector follows another.

use serde_json::json;

use super::support::{NOW, TestKey, enrolment};
use crate::connector::wire::Receipt;
use crate::connector::{ConnectorKeys, Enrolment};
use crate::model::{Jwk, SpkiPin};
use crate::report::jws::{VerifyError, typ};

struct Scene {
    keys: ConnectorKeys,
    enrolment: Enrolment,
}

impl Scene {
    fn enrolled_under(key: &TestKey) -> Self {
        let pins = vec![SpkiPin::of_spki(b"a"), SpkiPin::of_spki(b"b")];
        Self { keys: ConnectorKeys::default(), enrolment: enrolment("https://mtd.example", pins, key) }
    }

    /// Whether something signed by `key` counts where the settings announce `announced`.
    fn accepts(&mut self, key: &TestKey, announced: &[&TestKey]) -> bool {
        let announced: Vec<Jwk> = announced.iter().map(|key| key.public.to_jwk()).collect();
        let receipt = json!({"iss": "i", "jti": "j", "sha256": "s", "seq": 1, "iat": NOW});
        let token = key.sign(typ::RECEIPT, &receipt);
        self.keys.verify::<Receipt>(&token, typ::RECEIPT, &self.enrolment, &announced).is_ok()
    }
}

#[test]
fn an_announced_key_counts_beside_the_one_in_use_until_it_is_seen() {
    let (old, new) = (TestKey::new(), TestKey::new());
    let mut scene = Scene::enrolled_under(&old);
    assert!(scene.accepts(&old, &[&old, &new]));
    assert!(scene.accepts(&old, &[&new]), "the new one was not seen yet");
    assert!(scene.accepts(&new, &[&old, &new]));
    assert!(!scene.accepts(&old, &[&old, &new]), "retired, whatever settings say");
    assert!(scene.accepts(&new, &[]), "established, whatever settings leave out");
}

#[test]
fn a_key_that_nobody_announced_does_not_count() {
    let (old, foreign) = (TestKey::new(), TestKey::new());
    let mut scene = Scene::enrolled_under(&old);
    assert!(!scene.accepts(&foreign, &[]));
    assert!(!scene.accepts(&foreign, &[&old, &TestKey::new()]));
    assert_eq!(scene.keys, ConnectorKeys::default());
}

#[test]
fn an_announcement_can_be_taken_back() {
    let (old, new) = (TestKey::new(), TestKey::new());
    let mut scene = Scene::enrolled_under(&old);
    assert!(scene.accepts(&old, &[&old, &new]));
    assert!(!scene.accepts(&new, &[&old]));
}

#[test]
fn rotations_follow_one_another_and_none_comes_back() {
    let keys: Vec<_> = (0..30).map(|_| TestKey::new()).collect();
    let mut scene = Scene::enrolled_under(&keys[0]);
    for pair in keys.windows(2) {
        assert!(scene.accepts(&pair[1], &[&pair[0], &pair[1]]));
        assert!(!scene.accepts(&pair[0], &[&pair[0], &pair[1]]));
    }
    let stored = serde_json::to_string(&scene.keys).unwrap();
    assert!(stored.len() < 2000, "bounded: {}", stored.len());
    scene.keys = serde_json::from_str(&stored).unwrap();
    assert!(scene.accepts(&keys[29], &[]) && !scene.accepts(&keys[28], &[&keys[28]]));
}

#[test]
fn a_forged_signature_under_a_known_name_is_a_forgery_and_not_an_unknown_key() {
    let (old, new) = (TestKey::new(), TestKey::new());
    let mut scene = Scene::enrolled_under(&old);
    let receipt = json!({"iss": "i", "jti": "j", "sha256": "s", "seq": 1, "iat": NOW});
    let token = old.sign(typ::RECEIPT, &receipt);
    let other = new.sign(typ::RECEIPT, &receipt);
    let spliced = format!("{}.{}", token.rsplit_once('.').unwrap().0, other.rsplit_once('.').unwrap().1);
    let announced = [new.public.to_jwk()];
    let error =
        scene.keys.verify::<Receipt>(&spliced, typ::RECEIPT, &scene.enrolment, &announced).unwrap_err();
    assert_eq!(error, VerifyError::Signature);
    let error = scene.keys.verify::<Receipt>(&other, typ::RECEIPT, &scene.enrolment, &[]).unwrap_err();
    assert!(matches!(error, VerifyError::UnknownKey(_)), "{error:?}");
}
