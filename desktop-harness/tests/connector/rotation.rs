//! The connector's signing key is followed by another.

use agent_core::connector::wire::JwkSet;
use agent_core::policy::EMBEDDED;

use crate::phone::Phone;
use crate::support::{Bench, get};

async fn phone(bench: &Bench) -> Phone {
    Phone::enrolled(&bench.clock, bench.invite(), None).await
}

/// Scans and delivers; nothing must be left, and nothing must be found odd.
async fn works(phone: &Phone, bench: &Bench) {
    phone.scan().await;
    bench.clock.advance(10);
    let summary = phone.deliver().await;
    assert_eq!((summary.still_queued, &summary.stopped), (0, &None), "{summary:?}");
    assert!(summary.decision.is_some() && !summary.scan_due, "{summary:?}");
    assert_eq!(phone.interception().await, None);
}

async fn published(bench: &Bench) -> Vec<String> {
    let answer = get(bench, "/mtd/acme/jwks.json", "").await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("content-type: application/jwk-set+json"), "{head}");
    let set: JwkSet = serde_json::from_str(body).unwrap();
    set.keys.into_iter().map(|key| key.kid).collect()
}

#[tokio::test]
async fn a_prepared_and_announced_key_takes_over_without_a_gap() {
    let bench = Bench::start().await;
    let phone = phone(&bench).await;
    works(&phone, &bench).await;
    let first = bench.connector.key_rotation().unwrap().current;
    assert_eq!(published(&bench).await, std::slice::from_ref(&first));

    let error = bench.connector.use_key(false).unwrap_err().to_string();
    assert!(error.contains("no key is prepared"), "{error}");
    let prepared = bench.connector.prepare_key().unwrap();
    let next = prepared.next.clone().unwrap();
    assert_eq!((prepared.current.as_str(), prepared.behind.len()), (first.as_str(), 1));
    assert_eq!(bench.connector.prepare_key().unwrap(), prepared, "once is enough");
    let error = bench.connector.use_key(false).unwrap_err().to_string();
    assert!(error.contains("1 of the devices have not fetched the settings"), "{error}");

    works(&phone, &bench).await;
    works(&phone, &bench).await;
    assert_eq!(bench.connector.key_rotation().unwrap().behind, [""; 0]);
    assert_eq!(published(&bench).await, [first.clone(), next.clone()]);

    let used = bench.connector.use_key(false).unwrap();
    assert_eq!(
        (used.current.as_str(), used.previous.as_slice()),
        (next.as_str(), [first.clone()].as_slice())
    );
    works(&phone, &bench).await;
    works(&phone, &bench).await;
    assert_eq!(published(&bench).await, [next.clone(), first]);

    bench.connector.forget_keys().unwrap();
    assert_eq!(published(&bench).await, [next]);
    works(&phone.restarted(), &bench).await;
}

#[tokio::test]
async fn a_device_that_was_away_for_whole_rotations_hears_of_the_new_key_by_one_it_knows() {
    let bench = Bench::start().await;
    let away = phone(&bench).await;
    works(&away, &bench).await;
    for _ in 0..3 {
        bench.connector.prepare_key().unwrap();
        bench.connector.use_key(true).unwrap();
    }
    works(&away, &bench).await;
    let newcomer = phone(&bench).await;
    works(&newcomer, &bench).await;
    works(&away.restarted(), &bench).await;
}

#[tokio::test]
async fn a_running_connector_and_one_that_starts_anew_sign_with_the_key_in_use() {
    let bench = Bench::start().await;
    let phone = phone(&bench).await;
    // As a command does, beside the server.
    let mut config = bench.config();
    config.listen.set_port(0);
    let command = desktop_harness::connector::Connector::open(config).unwrap();
    command.prepare_key().unwrap();
    works(&phone, &bench).await;
    command.use_key(true).unwrap();
    works(&phone, &bench).await;
    let current = command.key_rotation().unwrap().current;
    assert_eq!(bench.connector.public_key().unwrap().thumbprint(), current);
}

#[tokio::test]
async fn the_policy_in_force_is_signed_anew() {
    let bench = Bench::start().await;
    let text = EMBEDDED.replacen("\nversion = 2\n", "\nversion = 7\n", 1);
    bench.connector.set_policy(&bench.connector.sign_policy(&text).unwrap()).unwrap();
    let phone = phone(&bench).await;
    assert_eq!(phone.deliver().await.new_policy, Some(7));
    bench.connector.prepare_key().unwrap();
    works(&phone, &bench).await;
    bench.connector.use_key(true).unwrap();
    works(&phone, &bench).await;
    let newcomer = self::phone(&bench).await;
    assert_eq!(newcomer.deliver().await.new_policy, Some(7));
}

#[tokio::test]
async fn a_device_that_heard_of_none_of_the_keys_left_says_so_and_keeps_its_reports() {
    let bench = Bench::start().await;
    let away = phone(&bench).await;
    bench.connector.prepare_key().unwrap();
    bench.connector.use_key(true).unwrap();
    bench.connector.forget_keys().unwrap();
    away.scan().await;
    let queued = away.agent.preview_report().unwrap();
    let why = away.deliver().await.stopped.unwrap();
    assert!(why.contains("unknown key") && why.contains("enrol again"), "{why}");
    assert_eq!(away.agent.preview_report().unwrap(), queued);
}
