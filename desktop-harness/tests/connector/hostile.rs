//! Every hostile report is refused with the error that a stranger can rely on, and `mtd verify` names the rule.

#[path = "../../../tests/conformance/hostile.rs"]
mod forged;

use std::process::{Command, Output};

use agent_core::connector::{Delivery, token_digest};
use agent_core::platform::{Es256Signature, KeySlot, Signer as _};
use desktop_harness::connector::ChainStatus;
use desktop_harness::software_key::SoftwareKey;
use forged::{ACCEPTED, Case, Forge, cases};
use serde_json::{Value, json};

use crate::support::{Bench, Device, post};

/// Every case with its token, forged from a first report of `device`, each with an identifier of its own.
fn forged(device: &Device) -> Vec<(String, Case)> {
    let stranger = SoftwareKey::from_pkcs8(&SoftwareKey::generate().unwrap()).unwrap();
    let key = own_key(device);
    let public = key.public();
    let forge = |case: &Case| {
        let forge = Forge {
            jwk: json!(public.to_jwk()),
            kid: public.thumbprint(),
            spki: public.to_spki_der(),
            sign: &|input| sign(&key, input),
            stranger_jwk: json!(stranger.public().to_jwk()),
            stranger: &|input| sign(&stranger, input),
            claims: honest(device),
        };
        forge.token(case)
    };
    let with_token = |case: Case| (forge(&case), case);
    cases().into_iter().map(with_token).collect()
}

fn own_key(device: &Device) -> SoftwareKey {
    let mut slots = [KeySlot::Current, KeySlot::Candidate].into_iter();
    let enrolled = |key: &SoftwareKey| key.public().thumbprint() == device.enrolment.kid;
    slots.find_map(|slot| device.key.key(slot).unwrap().filter(enrolled)).unwrap()
}

/// Claims that the stricter of both verifiers takes.
fn honest(device: &Device) -> Value {
    let mut claims = device.claims(1, None, "low");
    claims["events"] = json!({
        "https://schemas.openid.net/secevent/caep/event-type/risk-level-change": {
            "principal": "DEVICE", "current_level": "LOW", "event_timestamp": 1, "mtd_level": "low",
        },
    });
    claims
}

fn sign(key: &SoftwareKey, input: &[u8]) -> Vec<u8> {
    match key.sign_es256(input).unwrap() {
        Es256Signature::Raw(bytes) => bytes,
        Es256Signature::Der(_) => panic!("a software key gives r and s"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_connector_answers_each_hostile_report_with_its_error() {
    let bench = Bench::start().await;
    let device = bench.enrolled().await;
    let mut wrong = Vec::new();
    let mut accepted = 0;
    for (token, case) in forged(&device) {
        let answer = post(&bench, "/mtd/acme/set", "application/secevent+jwt", token.as_bytes()).await;
        let status = answer.split(' ').nth(1).unwrap_or_default();
        let body = answer.split_once("\r\n\r\n").map_or("", |it| it.1);
        let err = serde_json::from_str::<Value>(body).ok();
        let err = err.as_ref().and_then(|refusal| refusal["err"].as_str()).unwrap_or_default();
        let found = match (status, err) {
            ("202", _) => ACCEPTED,
            ("413", _) => "413",
            (_, err) => err,
        };
        if found != case.err {
            wrong.push(format!("{}: {found}, not {}: {answer}", case.name, case.err));
        }
        accepted += usize::from(found == ACCEPTED);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(accepted > 0 && bench.connector.tokens(&device.enrolment.device_id).unwrap().len() <= accepted);
}

#[tokio::test]
async fn mtd_verify_names_the_rule_that_each_hostile_report_breaks() {
    let bench = Bench::start().await;
    let device = bench.enrolled().await;
    let forged = forged(&device);
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("device.jwk.json");
    std::fs::write(&key, serde_json::to_vec(&own_key(&device).public().to_jwk()).unwrap()).unwrap();
    let verify = |tokens: &[&str], format: &[&str]| -> Output {
        let path = folder.path().join("reports.jws");
        std::fs::write(&path, tokens.join("\n")).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_mtd"));
        command.arg("verify").arg(&path).arg("--key").arg(&key).args(format);
        command.args(["--iss", &device.enrolment.iss, "--aud", &device.enrolment.aud]).output().unwrap()
    };

    // A file of them all would be larger than what the command reads: those of a mebibyte are given one at a time.
    let (large, small): (Vec<_>, Vec<_>) = forged.iter().partition(|(token, _)| token.len() > 100_000);
    let tokens: Vec<_> = small.iter().map(|(token, _)| token.as_str()).collect();
    let output = verify(&tokens, &["--json"]);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut found: Vec<_> = small.iter().zip(told["tokens"].as_array().unwrap().clone()).collect();
    for large in &large {
        let told: Value = serde_json::from_slice(&verify(&[&large.0], &["--json"]).stdout).unwrap();
        found.push((large, told["tokens"][0].clone()));
    }
    for ((_, case), told) in &found {
        let rule = told["rule"].as_str().unwrap_or(ACCEPTED);
        assert_eq!(rule, case.rule, "{}: {told}", case.name);
    }
    assert_eq!(found.len(), forged.len());

    let words = String::from_utf8(verify(&tokens, &[]).stdout).unwrap();
    for (number, (_, case)) in (1..).zip(&small) {
        let line = words.lines().find(|line| line.contains(&format!(" {number}: "))).unwrap();
        assert!(
            case.rule == ACCEPTED || line.ends_with(&format!("({})", case.rule)),
            "{}: {line}",
            case.name
        );
    }
}

#[tokio::test]
async fn bytes_that_are_no_text_are_refused() {
    let bench = Bench::start().await;
    let device = bench.enrolled().await;
    let mut body = device.report(1, None, "low").into_bytes();
    body[5] = 0xff;
    let answer = post(&bench, "/mtd/acme/set", "application/secevent+jwt", &body).await;
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains(r#""err":"invalid_request""#), "{answer}");
}

/// Somebody between device and connector rewrites a report's signature and is faster.
#[tokio::test]
async fn the_other_form_of_a_signature_is_the_same_report_and_accuses_nobody() {
    let bench = Bench::start().await;
    let device = bench.enrolled().await;
    let one = device.report(1, None, "low");
    let twin = agent_core::report::jws::twin(&one).unwrap();
    device.delivered(&twin).await;
    let Delivery::Accepted(receipt) = device.deliver(&one).await else { panic!() };
    assert_eq!(receipt.sha256, token_digest(&one), "the device's own bytes are signed for");
    let two = device.report(2, Some(&one), "low");
    device.delivered(&device.report(3, Some(&two), "low")).await;
    device.delivered(&agent_core::report::jws::twin(&two).unwrap()).await;
    assert_eq!(bench.connector.tokens(&device.enrolment.device_id).unwrap().len(), 3);
    assert_eq!(bench.connector.devices().unwrap()[0].chain.status, ChainStatus::Intact);
}
