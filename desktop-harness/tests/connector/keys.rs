//! Keys of devices at the connector: changed, enrolled again, bound to one-time tokens, revoked.

use agent_core::connector::wire::{EnrolmentProof, EnrolmentRequest, KeyChangeProof, KeyChangeRequest};
use agent_core::connector::{
    CandidateKey, ConnectorError, Delivery, Enrolment, EnrolmentPayload, Purpose, Refusal, RefusalCode,
    token_digest,
};
use agent_core::platform::{DeviceKey as _, KeySlot, SlotSigner};
use agent_core::report::jws::{self, typ};
use agent_core::report::key_in;
use desktop_harness::connector::KeyState;
use serde_json::json;

use crate::support::{Bench, Device, Fresh, post};

impl Device {
    /// Has the connector take a new key, which is still the candidate.
    async fn candidate(&self) -> (CandidateKey, Enrolment) {
        // The key in use has to be that of the enrolment before a candidate is made.
        self.client.use_key_of(&self.enrolment).await.unwrap();
        let challenge = self.client.rotation_challenge(&self.enrolment).await.unwrap();
        let purpose = Purpose::Rotation { epoch: self.enrolment.epoch.clone() };
        let candidate = self.client.make_candidate(purpose, &challenge).await.unwrap();
        let after = self.client.rotate_key(&self.enrolment, challenge, &candidate).await.unwrap();
        (candidate, after)
    }

    /// A report under the key in `slot`, whatever the enrolment says.
    fn report_under(&self, slot: KeySlot, seq: u64, prev: Option<&str>) -> String {
        let signer = SlotSigner { key: &*self.key, slot };
        let claims = serde_json::to_vec(&self.claims(seq, prev, "secured")).unwrap();
        jws::sign(typ::SECURITY_EVENT, &claims, &signer).unwrap()
    }

    async fn enrol_again(&self, payload: &EnrolmentPayload) -> Result<Enrolment, ConnectorError> {
        self.client.use_key_of(&self.enrolment).await?;
        let challenge = self.client.enrolment_challenge(payload).await?;
        let purpose = Purpose::Enrolment { token_sha256: token_digest(payload.token().expose()) };
        let candidate = self.client.make_candidate(purpose, &challenge).await?;
        let enrolled = self.client.enrol_with(payload, challenge, &candidate, Some(&self.enrolment)).await?;
        Ok(enrolled.0)
    }
}

fn refused(delivery: &Delivery) -> RefusalCode {
    match delivery {
        Delivery::Rejected(refusal) => refusal.err,
        other => panic!("{other:?}"),
    }
}

fn refusal(error: ConnectorError) -> Refusal {
    match error {
        ConnectorError::Refused(refusal) => refusal,
        other => panic!("{other:?}"),
    }
}

fn states(bench: &Bench) -> Vec<KeyState> {
    let device = bench.connector.devices().unwrap().remove(0);
    device.keys.into_iter().map(|key| key.state).collect()
}

#[tokio::test]
async fn a_new_key_goes_on_with_name_epoch_and_chain_and_retires_the_old_one_when_it_first_signs() {
    let bench = Bench::start().await;
    let mut device = bench.enrolled().await;
    let one = device.report(1, None, "secured");
    let late = device.report(2, Some(&one), "secured");
    let too_late = device.report(4, Some(&one), "secured");
    device.delivered(&one).await;
    let (_, after) = device.candidate().await;
    assert_eq!((&after.device_id, &after.epoch), (&device.enrolment.device_id, &device.enrolment.epoch));
    assert_eq!(states(&bench), [KeyState::Pending, KeyState::InUse]);

    // Until the new key signs, the old one does: the device may not have had the answer.
    device.client.fetch_decision(&device.enrolment).await.unwrap();
    assert_eq!(states(&bench), [KeyState::Pending, KeyState::InUse]);
    let three = device.report_under(KeySlot::Candidate, 3, Some(&late));
    device.delivered(&three).await;
    assert_eq!(states(&bench), [KeyState::InUse, KeyState::Retired]);

    // What was under way is taken, below the first report of the new key.
    device.delivered(&late).await;
    assert_eq!(refused(&device.deliver(&too_late).await), RefusalCode::InvalidKey);
    let error = device.client.fetch_decision(&device.enrolment).await.unwrap_err();
    assert_eq!(refusal(error).err, RefusalCode::InvalidKey);

    device.enrolment = after;
    device.client.fetch_decision(&device.enrolment).await.unwrap();
    device.delivered(&device.report(4, Some(&three), "secured")).await;
    let row = bench.connector.devices().unwrap().remove(0);
    assert_eq!((row.chain.forks, row.chain.regressions, row.chain.gaps), (0, 0, 0));
    assert_eq!(row.last_seq, Some(4));
    assert_eq!(bench.connector.device_key(&row.id).unwrap().unwrap().thumbprint(), device.enrolment.kid);
}

#[tokio::test]
async fn a_lost_answer_to_a_change_of_key_is_asked_for_again_and_another_candidate_takes_its_place() {
    let bench = Bench::start().await;
    let device = bench.enrolled().await;
    let (candidate, after) = device.candidate().await;
    let challenge = device.client.rotation_challenge(&device.enrolment).await.unwrap();
    let again = device.client.rotate_key(&device.enrolment, challenge, &candidate).await.unwrap();
    assert_eq!(again, after);
    // A candidate that was lost with its device's keystore.
    let (_, other) = device.candidate().await;
    assert_ne!(other.kid, after.kid);
    assert_eq!(states(&bench), [KeyState::Pending, KeyState::InUse]);
    device.client.fetch_decision(&other).await.unwrap();
    assert_eq!(states(&bench), [KeyState::InUse, KeyState::Retired]);
}

#[tokio::test]
async fn only_a_key_of_the_device_that_is_not_retired_authorises_another() {
    let bench = Bench::start().await;
    let (device, stranger) = (bench.enrolled().await, bench.enrolled().await);
    for device in [&device, &stranger] {
        device.client.use_key_of(&device.enrolment).await.unwrap();
        device.key.make_candidate(b"").unwrap();
    }
    let challenge = device.client.rotation_challenge(&device.enrolment).await.unwrap().challenge;
    let jwk = key_in(&*device.key, KeySlot::Candidate).unwrap().unwrap();
    let proof = KeyChangeProof {
        aud: format!("{}/key", device.enrolment.iss),
        challenge: challenge.clone(),
        jkt: jwk.thumbprint(),
    };
    let sign = |of: &Device, slot, claims: &KeyChangeProof| {
        let signer = SlotSigner { key: &*of.key, slot };
        jws::sign(typ::ENROLMENT, &serde_json::to_vec(claims).unwrap(), &signer).unwrap()
    };
    let good = KeyChangeRequest {
        jwk: jwk.to_jwk(),
        key_protection: "software".to_owned(),
        attestation: None,
        proof: sign(&device, KeySlot::Candidate, &proof),
        authorization: sign(&device, KeySlot::Current, &proof),
    };
    let with = |claims: &KeyChangeProof| KeyChangeRequest {
        proof: sign(&device, KeySlot::Candidate, claims),
        authorization: sign(&device, KeySlot::Current, claims),
        ..good.clone()
    };
    let path = format!("/mtd/acme/d/{}/key", device.enrolment.device_id);
    let elsewhere = format!("{}/key", stranger.enrolment.iss);
    let cases = [
        // Somebody else's key.
        (
            KeyChangeRequest { authorization: sign(&stranger, KeySlot::Current, &proof), ..good.clone() },
            "invalid_key",
        ),
        // The new key says of itself that it may.
        (KeyChangeRequest { authorization: good.proof.clone(), ..good.clone() }, "invalid_key"),
        // The old key authorised another one.
        (
            KeyChangeRequest {
                authorization: sign(
                    &device,
                    KeySlot::Current,
                    &KeyChangeProof { jkt: "x".into(), ..proof.clone() },
                ),
                ..good.clone()
            },
            "authentication_failed",
        ),
        // Both say so, but the key is not that one.
        (
            with(&KeyChangeProof { jkt: device.enrolment.kid.clone(), ..proof.clone() }),
            "authentication_failed",
        ),
        (with(&KeyChangeProof { aud: elsewhere, ..proof.clone() }), "authentication_failed"),
        (with(&KeyChangeProof { challenge: "bm90IG91cnM".into(), ..proof.clone() }), "authentication_failed"),
        (KeyChangeRequest { proof: good.authorization.clone(), ..good.clone() }, "authentication_failed"),
        (KeyChangeRequest { key_protection: "paper".into(), ..good.clone() }, "invalid_request"),
    ];
    let ask = async |request: &KeyChangeRequest| {
        post(&bench, &path, "application/json", &serde_json::to_vec(request).unwrap()).await
    };
    for (number, (request, expected)) in cases.iter().enumerate() {
        let answer = ask(request).await;
        assert!(answer.contains(&format!("\"err\":\"{expected}\"")), "case {number}: {answer}");
    }
    assert_eq!(bench.connector.devices().unwrap()[0].keys.len(), 1, "nothing was taken");
    assert!(ask(&good).await.starts_with("HTTP/1.1 200"));

    // A challenge does not count for ever.
    bench.clock.advance(3600);
    assert!(ask(&good).await.contains("authentication_failed"));
}

#[tokio::test]
async fn a_token_belongs_to_the_key_that_used_it() {
    let bench = Bench::start().await;
    let (device, payload) = (Fresh::new(&bench.clock), bench.invite());
    let challenge = device.client.enrolment_challenge(&payload).await.unwrap();
    let purpose = Purpose::Enrolment { token_sha256: token_digest(payload.token().expose()) };
    let candidate = device.client.make_candidate(purpose, &challenge).await.unwrap();
    let (first, _) = device.client.enrol_with(&payload, challenge, &candidate, None).await.unwrap();

    // The answer was lost; the token has expired meanwhile.
    bench.clock.advance(2 * 3600);
    let challenge = device.client.enrolment_challenge(&payload).await.unwrap();
    let (second, _) = device.client.enrol_with(&payload, challenge, &candidate, None).await.unwrap();
    assert_eq!(second, first);
    assert_eq!(bench.connector.devices().unwrap().len(), 1);

    let error = Fresh::new(&bench.clock).client.enrol(&payload).await.unwrap_err();
    assert_eq!(refusal(error).err, RefusalCode::AccessDenied);
    // Nor does it bring back a device that was revoked.
    bench.connector.revoke(&first.device_id).unwrap();
    let challenge = device.client.enrolment_challenge(&payload).await.unwrap();
    let error = device.client.enrol_with(&payload, challenge, &candidate, None).await.unwrap_err();
    assert_eq!(refusal(error).err, RefusalCode::AccessDenied);
}

#[tokio::test]
async fn a_device_that_shows_its_old_key_keeps_its_name_and_starts_a_new_epoch() {
    let bench = Bench::start().await;
    let mut device = bench.enrolled().await;
    let queued = device.report(1, None, "high");
    let again = device.enrol_again(&bench.invite()).await.unwrap();
    assert_eq!(again.device_id, device.enrolment.device_id);
    assert_ne!((&again.epoch, &again.kid), (&device.enrolment.epoch, &device.enrolment.kid));

    // Until it is used, the old enrolment goes on, if the answer was lost.
    device.delivered(&queued).await;
    device.client.fetch_decision(&device.enrolment).await.unwrap();
    assert_eq!(device.client.fetch_decision(&again).await.unwrap().level, None);
    device.enrolment = again;
    device.delivered(&device.report(1, None, "secured")).await;
    let rows = bench.connector.devices().unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].last_seq, rows[0].keys.len()), (Some(1), 2));
}

#[tokio::test]
async fn without_the_old_key_a_device_is_a_new_one() {
    let bench = Bench::start().await;
    let device = bench.enrolled().await;
    let again = device.client.enrol(&bench.invite()).await.unwrap().0;
    assert_ne!(again.device_id, device.enrolment.device_id);
    assert_eq!(bench.connector.devices().unwrap().len(), 2);
}

#[tokio::test]
async fn a_compromised_device_comes_back_as_a_new_one() {
    let bench = Bench::start().await;
    let device = bench.enrolled().await;
    device.delivered(&device.report(1, None, "secured")).await;
    device.delivered(&device.report(1, None, "secured")).await;
    let again = device.enrol_again(&bench.invite()).await.unwrap();
    assert_ne!(again.device_id, device.enrolment.device_id);
}

#[tokio::test]
async fn an_old_key_vouches_for_this_enrolment_and_no_other() {
    let bench = Bench::start().await;
    let (device, payload) = (bench.enrolled().await, bench.invite());
    device.client.use_key_of(&device.enrolment).await.unwrap();
    device.key.make_candidate(b"").unwrap();
    let key = key_in(&*device.key, KeySlot::Candidate).unwrap().unwrap();
    let challenge = device.client.enrolment_challenge(&payload).await.unwrap().challenge;
    let proof = EnrolmentProof {
        aud: format!("{}/mtd/acme/enrol", payload.url()),
        challenge,
        tenant: "acme".to_owned(),
        token_sha256: token_digest(payload.token().expose()),
        jkt: key.thumbprint(),
    };
    let sign = |slot, claims: &EnrolmentProof| {
        let signer = SlotSigner { key: &*device.key, slot };
        jws::sign(typ::ENROLMENT, &serde_json::to_vec(claims).unwrap(), &signer).unwrap()
    };
    let request = |previous: String| EnrolmentRequest {
        token: payload.token().expose().to_owned(),
        jwk: key.to_jwk(),
        key_protection: "software".to_owned(),
        attestation: None,
        proof: sign(KeySlot::Candidate, &proof),
        previous: Some(previous),
    };
    let other = EnrolmentProof { jkt: "another key".to_owned(), ..proof.clone() };
    let genuine = sign(KeySlot::Current, &proof);
    let (head, _) = genuine.rsplit_once('.').unwrap();
    let forged = format!("{head}.{}", "A".repeat(85) + "Q");
    for previous in [sign(KeySlot::Current, &other), forged, "no token".to_owned()] {
        let body = serde_json::to_vec(&request(previous)).unwrap();
        let answer = post(&bench, "/mtd/acme/enrol", "application/json", &body).await;
        assert!(answer.contains("authentication_failed") && answer.contains("previous"), "{answer}");
    }
    let body = serde_json::to_vec(&request(genuine)).unwrap();
    let answer = post(&bench, "/mtd/acme/enrol", "application/json", &body).await;
    assert!(answer.contains(&format!("\"device_id\":\"{}\"", device.enrolment.device_id)), "{answer}");
}

#[tokio::test]
async fn a_revoked_device_is_refused_blocked_and_comes_back_as_a_new_one() {
    let bench = Bench::start().await;
    let device = bench.enrolled().await;
    let one = device.report(1, None, "secured");
    device.delivered(&one).await;
    assert!(bench.connector.devices().unwrap()[0].compliant);
    bench.connector.revoke(&device.enrolment.device_id).unwrap();

    assert_eq!(refused(&device.deliver(&one).await), RefusalCode::AccessDenied);
    assert_eq!(
        refused(&device.deliver(&device.report(2, Some(&one), "secured")).await),
        RefusalCode::AccessDenied
    );
    let answer = refusal(device.client.fetch_decision(&device.enrolment).await.unwrap_err());
    assert_eq!(answer.err, RefusalCode::AccessDenied);
    assert!(answer.description.contains("revoked") && answer.description.contains("new code"));
    let settings = device.client.fetch_settings(&device.enrolment, 0).await.unwrap_err();
    assert_eq!(refusal(settings).err, RefusalCode::AccessDenied);
    let challenge = device.client.rotation_challenge(&device.enrolment).await.unwrap();
    let purpose = Purpose::Rotation { epoch: device.enrolment.epoch.clone() };
    let candidate = device.client.make_candidate(purpose, &challenge).await.unwrap();
    let error = device.client.rotate_key(&device.enrolment, challenge, &candidate).await.unwrap_err();
    assert_eq!(refusal(error).err, RefusalCode::AccessDenied);

    let row = &bench.connector.devices().unwrap()[0];
    assert!(row.revoked_at.is_some() && !row.compliant && row.reason.contains("revoked"));
    assert!(row.resources.iter().all(|it| json!(it.access) == "block"), "{:?}", row.resources);
    let again = device.enrol_again(&bench.invite()).await.unwrap();
    assert_ne!(again.device_id, device.enrolment.device_id);
    device.client.fetch_decision(&again).await.unwrap();
    assert!(bench.connector.revoke("nobody").unwrap_err().to_string().contains("no device \"nobody\""));
}
