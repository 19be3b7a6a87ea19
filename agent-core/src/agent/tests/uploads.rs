//! Reports that the platform carries, while this process sleeps or is gone.

use serde_json::{Value, json};

use super::support::*;
use crate::agent::*;
use crate::connector::token_digest;
use crate::model::Sha256;
use crate::report::jws::{self, typ};

type Answer<'a> = &'a dyn Fn(&Device, &Upload) -> UploadAnswer;

/// The answer of a connector that has signed for `upload`, with `changes` to its receipt.
pub fn receipt_for(device: &Device, upload: &Upload, changes: &Value) -> UploadAnswer {
    let claims: Value = jws::peek_claims(&body(upload)).unwrap();
    let mut receipt = json!({
        "iss": "https://127.0.0.1:1/mtd/acme", "jti": claims["jti"], "sha256": token_digest(&body(upload)),
        "seq": upload.seq, "iat": NOW,
    });
    receipt.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    // The connector of these tests signs with the device's own key.
    let token = jws::sign(typ::RECEIPT, receipt.to_string().as_bytes(), &*device.key).unwrap();
    http(202, vec![("mtd-receipt".to_owned(), token)], Vec::new())
}

/// The answer of a connector that refuses `upload`, and signs that.
pub fn refusal_of(device: &Device, upload: &Upload, code: &str) -> UploadAnswer {
    refused(device, upload, 400, &json!({"err": code, "description": "says the test"}))
}

/// The answer of a connector that wants smaller parts of `upload`, and signs that.
pub fn too_large(device: &Device, upload: &Upload) -> UploadAnswer {
    refused(device, upload, 413, &Value::Null)
}

fn refused(device: &Device, upload: &Upload, status: u16, refusal: &Value) -> UploadAnswer {
    let claims =
        json!({"sha256": token_digest(&body(upload)), "status": status, "refusal": refusal, "iat": NOW});
    let token = jws::sign(typ::REFUSAL, claims.to_string().as_bytes(), &*device.key).unwrap();
    http(status, vec![("mtd-refusal".to_owned(), token)], refusal.to_string().into_bytes())
}

pub fn http(status: u16, headers: Vec<(String, String)>, body: Vec<u8>) -> UploadAnswer {
    UploadAnswer::Http(RawAnswer { status, headers, body })
}

/// What a transfer would send.
pub fn body(upload: &Upload) -> String {
    std::fs::read_to_string(&upload.file).unwrap()
}

#[test]
fn an_upload_is_the_oldest_report_byte_for_byte_until_its_receipt() {
    let device = Device::enrolled(&settings());
    device.scan();
    let queued = device.agent.preview_report().unwrap();

    for report in &queued {
        let upload = device.agent.next_upload().unwrap().unwrap();
        assert_eq!((upload.seq, body(&upload)), (report.seq, report.token.clone()));
        assert_eq!(upload.url, "https://127.0.0.1:1/mtd/acme/set");
        assert_eq!(device.agent.next_upload().unwrap().as_ref(), Some(&upload), "still the same");
        let answer = receipt_for(&device, &upload, &json!({}));
        assert_eq!(device.agent.upload_result(&upload.id, answer.clone()).unwrap(), UploadOutcome::Delivered);
        assert_eq!(
            device.agent.upload_result(&upload.id, answer).unwrap(),
            UploadOutcome::Delivered,
            "again"
        );
    }
    assert_eq!(device.agent.next_upload().unwrap(), None);
    assert_eq!(device.agent.status().unwrap().queued, 0);
}

#[test]
fn an_upload_without_this_report_s_receipt_stays_queued() {
    let bare = |status| http(status, Vec::new(), Vec::new());
    let failed = || UploadAnswer::Failed { why: "the network went away".to_owned() };
    let answers: [Answer<'_>; 6] = [
        &|_, _| bare(202),
        &|_, _| bare(503),
        &|_, _| bare(7),
        &|_, _| failed(),
        &|device, upload| receipt_for(device, upload, &json!({"seq": 99})),
        &|device, upload| receipt_for(device, upload, &json!({"sha256": token_digest("another")})),
    ];
    for (case, answer) in answers.iter().enumerate() {
        let device = Device::enrolled(&settings());
        device.scan();
        let upload = device.agent.next_upload().unwrap().unwrap();
        let sent = body(&upload);
        let outcome = device.agent.upload_result(&upload.id, answer(&device, &upload)).unwrap();
        assert!(matches!(outcome, UploadOutcome::Again { .. }), "case {case}: {outcome:?}");
        assert_eq!(device.agent.preview_report().unwrap()[0].token, sent, "case {case}");
    }
}

#[test]
fn an_upload_that_failed_is_not_due_at_once() {
    let device = Device::enrolled(&settings());
    device.scan();
    let upload = device.agent.next_upload().unwrap().unwrap();
    let busy = http(429, vec![("Retry-After".to_owned(), "600".to_owned())], Vec::new());
    let UploadOutcome::Again { at, .. } = device.agent.upload_result(&upload.id, busy).unwrap() else {
        panic!("delivered by a 429")
    };
    assert_eq!(at, NOW.plus_seconds(600));
    assert_eq!(device.agent.next_upload().unwrap(), None, "the connector asked to wait");
    device.clock.advance(601);
    assert_eq!(device.agent.next_upload().unwrap(), Some(upload));
}

#[test]
fn a_refused_upload_is_set_aside_with_the_connector_s_words() {
    let device = Device::enrolled(&settings());
    device.scan();
    let upload = device.agent.next_upload().unwrap().unwrap();
    let outcome =
        device.agent.upload_result(&upload.id, refusal_of(&device, &upload, "invalid_request")).unwrap();
    assert!(matches!(outcome, UploadOutcome::Quarantined { why } if why.contains("says the test")));
    assert_ne!(device.agent.next_upload().unwrap().unwrap().seq, upload.seq, "the next one's turn");
}

fn files(device: &Device) -> Vec<std::path::PathBuf> {
    let folder = AgentConfig::uploads(&device.agent.inner().unwrap().config);
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    entries.map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn the_file_of_an_upload_is_for_the_app_alone_and_is_gone_once_it_is_settled() {
    let outcomes: [Answer<'_>; 4] = [
        &|device, upload| receipt_for(device, upload, &json!({})),
        &|device, upload| refusal_of(device, upload, "invalid_request"),
        &|_, _| http(503, Vec::new(), Vec::new()),
        &|_, _| UploadAnswer::Failed { why: "the network went away".to_owned() },
    ];
    for (case, answer) in outcomes.iter().enumerate() {
        let device = Device::enrolled(&settings());
        device.scan();
        assert_eq!(files(&device).len(), 0);
        let upload = device.agent.next_upload().unwrap().unwrap();
        assert_eq!(files(&device), std::slice::from_ref(&upload.file));
        let bytes = std::fs::read(&upload.file).unwrap();
        assert_eq!((upload.size, upload.sha256), (bytes.len() as u64, Sha256::of(&bytes)));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!((mode(&upload.file), mode(upload.file.parent().unwrap())), (0o600, 0o700));
        }
        device.agent.upload_result(&upload.id, answer(&device, &upload)).unwrap();
        assert_eq!(files(&device).len(), 0, "case {case}");
    }
}

#[test]
fn an_upload_outlives_the_process_and_its_answer_may_come_to_another_one() {
    let device = Device::enrolled(&settings());
    device.scan();
    let upload = device.agent.next_upload().unwrap().unwrap();
    let written = std::fs::metadata(&upload.file).unwrap().modified().unwrap();
    let device = device.reopened();
    assert_eq!(files(&device), std::slice::from_ref(&upload.file), "its transfer may be under way");
    assert_eq!(device.agent.next_upload().unwrap().as_ref(), Some(&upload));
    assert_eq!(std::fs::metadata(&upload.file).unwrap().modified().unwrap(), written, "the same file");

    let answer = receipt_for(&device, &upload, &json!({}));
    let device = device.reopened();
    assert_eq!(device.agent.upload_result(&upload.id, answer).unwrap(), UploadOutcome::Delivered);
    assert_eq!(files(&device).len(), 0);
}

#[test]
fn files_that_nobody_sends_any_more_are_removed_when_the_agent_opens() {
    let device = Device::enrolled(&settings());
    device.scan();
    let upload = device.agent.next_upload().unwrap().unwrap();
    let folder = upload.file.parent().unwrap().to_owned();
    for name in ["half.4711.part", "0000.jws"] {
        std::fs::write(folder.join(name), "left by a process that died").unwrap();
    }
    // Cut short, as after a power cut.
    std::fs::write(&upload.file, &body(&upload)[..100]).unwrap();
    let device = device.reopened();
    assert_eq!(files(&device), std::slice::from_ref(&upload.file));
    assert_eq!(device.agent.next_upload().unwrap().as_ref(), Some(&upload));
    assert_eq!(Sha256::of(body(&upload).as_bytes()), upload.sha256, "whole again");

    let inner = device.agent.inner().unwrap();
    inner.store.write(|tx| tx.acknowledge(1, NOW)).unwrap();
    drop(inner);
    assert_eq!(files(&device.reopened()).len(), 0);
}

#[test]
fn a_damaged_report_is_set_aside_and_the_next_one_is_uploaded() {
    let device = Device::enrolled(&settings());
    device.scan();
    let damaged = device.agent.next_upload().unwrap().unwrap();
    let file = rusqlite::Connection::open(device.folder.path().join("agent.db")).unwrap();
    file.execute_batch("UPDATE reports SET sealed = x'00' WHERE seq = 1").unwrap();
    let upload = device.agent.next_upload().unwrap().unwrap();
    assert_eq!(upload.seq, 2);
    assert_eq!(files(&device), std::slice::from_ref(&upload.file));
    let answer = receipt_for(&device, &upload, &json!({}));
    let outcome = device.agent.upload_result(&damaged.id, answer).unwrap();
    assert!(matches!(outcome, UploadOutcome::Quarantined { why } if why.contains("does not open")));
}

#[test]
fn what_became_of_a_report_meanwhile_is_told_as_it_is() {
    let device = Device::enrolled(&settings());
    device.scan();
    let upload = device.agent.next_upload().unwrap().unwrap();
    let receipt = receipt_for(&device, &upload, &json!({}));
    let answer = || receipt.clone();
    let inner = device.agent.inner().unwrap();
    inner.store.write(|tx| tx.start_epoch("enrolment-2", NOW)).unwrap();
    device.scan();
    let outcome = device.agent.upload_result(&upload.id, answer()).unwrap();
    assert_eq!(outcome, UploadOutcome::Quarantined { why: "the device was enrolled anew".to_owned() });
    let first = device.agent.next_upload().unwrap().unwrap();
    assert_eq!((first.seq, first.id == upload.id), (upload.seq, false), "another report with its number");

    let file = rusqlite::Connection::open(device.folder.path().join("agent.db")).unwrap();
    file.execute_batch("DELETE FROM reports WHERE state = 'quarantined'").unwrap();
    assert_eq!(device.agent.upload_result(&upload.id, answer()).unwrap(), UploadOutcome::Forgotten);
    assert_eq!(device.agent.upload_result("", answer()).unwrap(), UploadOutcome::Forgotten);
}

#[test]
fn a_device_that_is_not_enrolled_has_nothing_to_upload() {
    let device = Device::new();
    device.scan();
    assert!(matches!(device.agent.next_upload(), Err(AgentError::NotEnrolled)));
    assert!(matches!(
        device.agent.upload_result("1", http(500, Vec::new(), Vec::new())),
        Err(AgentError::NotEnrolled)
    ));
}
