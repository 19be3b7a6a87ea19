//! Enrolment: one device for one invitation, and nobody else in between.

use std::sync::{Arc, Mutex};

use agent_core::connector::wire::{EnrolmentProof, EnrolmentRequest};
use agent_core::connector::{
    Client, ConnectorError, EnrolmentPayload, OneTimeToken, RefusalCode, token_digest,
};
use agent_core::model::{Ownership, SpkiPin};
use agent_core::platform::{
    DeviceKey, Es256Signature, KeyAttestation, KeyProtection, KeySlot, PlatformError, SystemEntropy,
};
use agent_core::report::jws::{self, typ};
use desktop_harness::connector::{Connector, KeyRules};
use desktop_harness::software_key::SoftwareKeys;
use serde_json::json;

use crate::support::{Bench, Fresh, HOUR, post};

fn refusal(error: &ConnectorError) -> (RefusalCode, &str) {
    match error {
        ConnectorError::Refused(refusal) => (refusal.err, &refusal.description),
        other => panic!("{other:?}"),
    }
}

fn changed(
    payload: &EnrolmentPayload,
    url: Option<&str>,
    pins: Option<Vec<SpkiPin>>,
    tenant: Option<&str>,
) -> EnrolmentPayload {
    EnrolmentPayload::new(
        url.unwrap_or(payload.url()),
        pins.unwrap_or_else(|| payload.spki_pins().to_vec()),
        payload.token().clone(),
        tenant.unwrap_or(payload.tenant()),
    )
    .unwrap()
}

#[tokio::test]
async fn a_device_enrols_and_is_listed_with_its_ownership_and_key_protection() {
    let bench = Bench::start().await;
    let device = bench.enrolled().await;

    assert_eq!(
        device.enrolment.iss,
        format!("{}/mtd/acme/d/{}", bench.running.url, device.enrolment.device_id)
    );
    assert_eq!(device.enrolment.aud, format!("{}/mtd/acme/set", bench.running.url));
    assert_eq!(device.settings.version, 1);
    assert_eq!(device.settings.ownership, Ownership::Corporate);
    let rows = bench.connector.devices().unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].id, device.enrolment.device_id);
    assert_eq!(rows[0].key_protection, "software");
    assert_eq!(rows[0].ownership, Ownership::Corporate);
    assert!(!rows[0].compliant);
    bench.running.stop().await;
}

#[tokio::test]
async fn the_one_line_form_enrols_too() {
    let bench = Bench::start().await;
    let line = bench.invite().to_line().unwrap();
    Fresh::new(&bench.clock).enrolled(&line.parse().unwrap()).await;
}

#[tokio::test]
async fn a_token_enrols_only_once() {
    let bench = Bench::start().await;
    let payload = bench.invite();
    Fresh::new(&bench.clock).enrolled(&payload).await;
    let error = Fresh::new(&bench.clock).client.enrol(&payload).await.unwrap_err();
    assert_eq!(refusal(&error), (RefusalCode::AccessDenied, "the one-time token was used before"));
    assert_eq!(bench.connector.devices().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_devices_racing_for_one_token_one_enrols() {
    let bench = Bench::start().await;
    let payload = Arc::new(bench.invite());
    let mut race = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (payload, device) = (Arc::clone(&payload), Fresh::new(&bench.clock));
        race.spawn(async move { device.client.enrol(&payload).await.is_ok() });
    }
    let enrolled = race.join_all().await.into_iter().filter(|ok| *ok).count();
    assert_eq!(enrolled, 1);
    assert_eq!(bench.connector.devices().unwrap().len(), 1);
}

#[tokio::test]
async fn a_software_key_is_refused_unless_the_organisation_takes_such_and_the_token_stays_good() {
    let bench = Bench::start().await;
    bench.connector.update_settings(|settings| settings.keys = KeyRules::default()).unwrap();
    let payload = bench.invite();
    let error = Fresh::new(&bench.clock).client.enrol(&payload).await.unwrap_err();
    let (code, why) = refusal(&error);
    assert_eq!(code, RefusalCode::AccessDenied);
    assert!(why.starts_with("this organisation takes no keys in software"), "{why}");
    assert_eq!(bench.connector.devices().unwrap(), []);

    bench.connector.update_settings(|settings| settings.keys.software = true).unwrap();
    Fresh::new(&bench.clock).enrolled(&payload).await;
}

#[tokio::test]
async fn an_expired_token_is_refused() {
    let bench = Bench::start().await;
    let payload = bench.invite();
    bench.clock.advance(3600);
    let error = Fresh::new(&bench.clock).client.enrol(&payload).await.unwrap_err();
    assert_eq!(refusal(&error), (RefusalCode::AccessDenied, "the one-time token has expired"));
}

#[tokio::test]
async fn a_token_that_was_never_issued_is_refused() {
    let bench = Bench::start().await;
    let payload = bench.invite();
    let forged = OneTimeToken::try_from("guessed".to_owned()).unwrap();
    let forged = EnrolmentPayload::new(payload.url(), payload.spki_pins().to_vec(), forged, "acme").unwrap();
    let error = Fresh::new(&bench.clock).client.enrol(&forged).await.unwrap_err();
    assert_eq!(refusal(&error), (RefusalCode::AccessDenied, "the one-time token is unknown to this tenant"));
}

#[tokio::test]
async fn another_tenant_is_refused_and_the_token_stays_good() {
    let bench = Bench::start().await;
    let payload = bench.invite();
    let error = Fresh::new(&bench.clock).client.enrol(&changed(&payload, None, None, Some("globex"))).await;
    assert_eq!(refusal(&error.unwrap_err()), (RefusalCode::InvalidRequest, "no such tenant"));
    Fresh::new(&bench.clock).enrolled(&payload).await;
}

#[tokio::test]
async fn wrong_pins_are_told_as_a_possible_interception() {
    let bench = Bench::start().await;
    let payload = bench.invite();
    let pins = vec![SpkiPin::of_spki(b"one"), SpkiPin::of_spki(b"two")];
    let error = Fresh::new(&bench.clock).client.enrol(&changed(&payload, None, Some(pins), None)).await;
    let message = error.unwrap_err().to_string();
    assert!(
        message.starts_with("certificate of localhost does not match either pin (saw sha256/"),
        "{message}"
    );
    assert!(message.ends_with("the network may be intercepted: run `mtd scan`"), "{message}");
    Fresh::new(&bench.clock).enrolled(&payload).await;
}

#[tokio::test]
async fn the_backup_pin_alone_does_not_let_another_key_in() {
    let bench = Bench::start().await;
    let payload = bench.invite();
    let pins = vec![bench.connector.pins()[1], SpkiPin::of_spki(b"two")];
    let error = Fresh::new(&bench.clock).client.enrol(&changed(&payload, None, Some(pins), None)).await;
    assert!(matches!(error, Err(ConnectorError::PinMismatch { .. })), "{error:?}");
}

#[tokio::test]
async fn a_name_that_the_certificate_is_not_for_is_refused() {
    let bench = Bench::start().await;
    let payload = bench.invite();
    let mut config = bench.config();
    config.listen = ([127, 0, 0, 2], 0).into();
    let second = Connector::open(config).unwrap().start().await.unwrap();
    let url = format!("https://{}", second.addr);
    let error = Fresh::new(&bench.clock).client.enrol(&changed(&payload, Some(&url), None, None)).await;
    let message = error.unwrap_err().to_string();
    assert!(message.contains("it is for another name"), "{message}");
}

#[tokio::test]
async fn addresses_in_the_certificate_are_names_too() {
    let bench = Bench::start().await;
    let payload = bench.invite();
    let url = format!("https://127.0.0.1:{}", bench.running.addr.port());
    let error =
        Fresh::new(&bench.clock).client.enrol(&changed(&payload, Some(&url), None, None)).await.unwrap_err();
    // TLS is fine with it; the proof names another connector than this one calls itself.
    assert_eq!(
        refusal(&error),
        (RefusalCode::AuthenticationFailed, "proof: made for another connector or tenant")
    );
}

#[tokio::test]
async fn an_expired_server_certificate_is_told_as_such() {
    let bench = Bench::start().await;
    let payload = bench.connector.create_token(Ownership::Personal, HOUR * 24 * 1000).unwrap();
    bench.clock.advance(400 * 24 * 3600);
    let error = Fresh::new(&bench.clock).client.enrol(&payload).await.unwrap_err().to_string();
    assert!(error.contains("it has expired"), "{error}");
}

#[tokio::test]
async fn a_challenge_that_is_not_the_connector_s_is_refused() {
    let bench = Bench::start().await;
    let device = Fresh::new(&bench.clock);
    let payload = bench.invite();
    let token = payload.token().expose();
    device.key.make_candidate(b"").unwrap();
    let key = device.key.key(KeySlot::Candidate).unwrap().unwrap();
    let proof = EnrolmentProof {
        aud: format!("{}/mtd/acme/enrol", payload.url()),
        challenge: "bm90IG91cnM".to_owned(),
        tenant: "acme".to_owned(),
        token_sha256: token_digest(token),
        jkt: key.public().thumbprint(),
    };
    let proof = jws::sign(typ::ENROLMENT, &serde_json::to_vec(&proof).unwrap(), &key).unwrap();
    let jwk = key.public().to_jwk();
    let request = EnrolmentRequest {
        token: token.to_owned(),
        jwk,
        key_protection: "software".to_owned(),
        attestation: None,
        proof,
        previous: None,
    };
    let answer =
        post(&bench, "/mtd/acme/enrol", "application/json", &serde_json::to_vec(&request).unwrap()).await;
    assert!(answer.contains("authentication_failed") && answer.contains("challenge"), "{answer}");
}

/// A key that says of itself that it is in hardware, and notes what it is asked, in order.
struct HardwareKey {
    keys: SoftwareKeys,
    asked: Mutex<Vec<String>>,
}

impl DeviceKey for HardwareKey {
    fn public_key_spki_der(&self, slot: KeySlot) -> Result<Option<Vec<u8>>, PlatformError> {
        self.asked.lock().unwrap().push(format!("public key of {slot:?}"));
        self.keys.public_key_spki_der(slot)
    }

    fn sign_es256(&self, slot: KeySlot, message: &[u8]) -> Result<Es256Signature, PlatformError> {
        self.keys.sign_es256(slot, message)
    }

    fn protection(&self, _: KeySlot) -> Result<KeyProtection, PlatformError> {
        Ok(KeyProtection::StrongBox)
    }

    fn make_candidate(&self, challenge: &[u8]) -> Result<Option<KeyAttestation>, PlatformError> {
        self.asked.lock().unwrap().push(format!("key for {}", String::from_utf8_lossy(challenge)));
        self.keys.make_candidate(challenge)?;
        Ok(Some(KeyAttestation::AndroidKey { chain: vec![b"leaf".to_vec(), b"root".to_vec()] }))
    }

    fn adopt_candidate(&self) -> Result<(), PlatformError> {
        self.keys.adopt_candidate()
    }
}

#[tokio::test]
async fn a_hardware_key_is_attested_when_it_is_made_and_refused_where_nothing_vouches_for_it() {
    let bench = Bench::start().await;
    let folder = tempfile::tempdir().unwrap();
    let keys = SoftwareKeys::in_folder(folder.path());
    let key = Arc::new(HardwareKey { keys, asked: Mutex::default() });
    let clock = Arc::new(bench.clock.clone());
    let client = Client::new(key.clone(), clock, Arc::new(SystemEntropy));
    let error = client.enrol(&bench.invite()).await.unwrap_err();

    let asked = key.asked.lock().unwrap();
    assert!(asked[0].starts_with("key for ") && asked[0].len() > 30, "{asked:?}");
    assert_eq!(asked[1], "public key of Candidate");
    let (code, why) = refusal(&error);
    assert_eq!(code, RefusalCode::InvalidKey);
    assert!(why.starts_with("attestation: chain_length: 2 certificates"), "{why}");
    assert_eq!(bench.connector.devices().unwrap(), []);
}

#[test]
fn attestations_have_one_form_on_the_wire() {
    let android = KeyAttestation::AndroidKey { chain: vec![b"leaf".to_vec(), b"root".to_vec()] };
    let apple = KeyAttestation::AppleAppattest { key_id: "a2V5".to_owned(), object: vec![0xa0] };
    let forms = [
        (android, json!({"format": "android-key", "chain": ["bGVhZg==", "cm9vdA=="]})),
        (apple, json!({"format": "apple-appattest", "key_id": "a2V5", "object": "oA=="})),
    ];
    for (attestation, form) in forms {
        assert_eq!(serde_json::to_value(&attestation).unwrap(), form);
        assert_eq!(serde_json::from_value::<KeyAttestation>(form).unwrap(), attestation);
    }
    assert!(
        serde_json::from_value::<KeyAttestation>(json!({"format": "android-key", "chain": ["%"]})).is_err()
    );
}
