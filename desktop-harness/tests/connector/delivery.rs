//! Delivery and the chain of reports.

use agent_core::connector::wire::SignedRefusal;
use agent_core::connector::{Delivery, RefusalCode, token_digest};
use agent_core::model::Level;
use agent_core::platform::{Clock as _, KeySlot, SlotSigner};
use agent_core::report::jwk::PublicKey;
use agent_core::report::jws::{self, typ};
use desktop_harness::connector::{ChainStatus, Connector};
use serde_json::{Value, json};

use crate::support::{Bench, Device, post};

fn chain(bench: &Bench) -> (ChainStatus, u64, u64, u64) {
    let row = bench.connector.devices().unwrap().remove(0).chain;
    (row.status, row.gaps, row.forks, row.regressions)
}

async fn rejected(device: &Device, token: &str) -> (RefusalCode, String) {
    match device.deliver(token).await {
        Delivery::Rejected(refusal) => (refusal.err, refusal.description),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_report_is_stored_as_it_came_and_signed_for() {
    let bench = Bench::start().await;
    let device = bench.enrolled().await;
    let token = device.report(1, None, "low");
    let Delivery::Accepted(receipt) = device.deliver(&token).await else { panic!() };
    assert_eq!(receipt.sha256, token_digest(&token));
    assert_eq!(receipt.seq, 1);
    assert_eq!(bench.connector.tokens(&device.enrolment.device_id).unwrap(), [token]);
    assert_eq!(chain(&bench), (ChainStatus::Intact, 0, 0, 0));
}

#[tokio::test]
async fn a_duplicate_has_the_same_outcome_and_leaves_one_row() {
    let bench = Bench::start().await;
    let device = bench.enrolled().await;
    let token = device.report(1, None, "low");
    device.delivered(&token).await;
    device.delivered(&token).await;
    assert_eq!(bench.connector.tokens(&device.enrolment.device_id).unwrap().len(), 1);
    assert_eq!(chain(&bench), (ChainStatus::Intact, 0, 0, 0));
}

#[tokio::test]
async fn the_same_claims_signed_again_are_a_duplicate() {
    let bench = Bench::start().await;
    let device = bench.enrolled().await;
    let claims = device.claims(1, None, "low");
    let (one, other) = (device.sign(&claims), device.sign(&claims));
    assert_ne!(one, other);
    device.delivered(&one).await;
    device.delivered(&other).await;
    assert_eq!(bench.connector.tokens(&device.enrolment.device_id).unwrap(), [one]);
}

#[tokio::test]
async fn an_identifier_used_for_another_report_is_refused() {
    let bench = Bench::start().await;
    let device = bench.enrolled().await;
    let mut claims = device.claims(1, None, "low");
    device.delivered(&device.sign(&claims)).await;
    claims["txn"] = json!("scan-2");
    assert_eq!(rejected(&device, &device.sign(&claims)).await.0, RefusalCode::InvalidRequest);
}

#[tokio::test]
async fn a_report_that_was_made_under_a_wrong_clock_is_taken() {
    let bench = Bench::start().await;
    let device = bench.enrolled().await;
    let mut before: Option<String> = None;
    for (seq, years) in [(1, 10), (2, -10), (3, 0)] {
        let mut claims = device.claims(seq, before.as_deref(), "low");
        claims["iat"] = json!(device.clock.now().plus_seconds(years * 365 * 24 * 60 * 60));
        let token = device.sign(&claims);
        device.delivered(&token).await;
        before = Some(token);
    }
    assert_eq!(chain(&bench), (ChainStatus::Intact, 0, 0, 0));
}

#[tokio::test]
async fn a_report_that_was_cut_off_on_its_way_is_refused_for_what_came_only() {
    let bench = Bench::start().await;
    let device = bench.enrolled().await;
    let token = device.report(1, None, "low");
    let cut = &token[..token.len() / 2];
    let answer = post(&bench, "/mtd/acme/set", "application/secevent+jwt", cut.as_bytes()).await;
    let header = answer.lines().find_map(|line| line.strip_prefix("mtd-refusal: ")).unwrap();
    let key = PublicKey::from_jwk(&device.enrolment.connector_jwk).unwrap();
    let signed: SignedRefusal = jws::verify_claims(header, typ::REFUSAL, &key).unwrap();
    assert_eq!((signed.status, signed.sha256), (400, token_digest(cut)));
    assert_eq!(signed.refusal.unwrap().err, RefusalCode::InvalidRequest);
}

#[tokio::test]
async fn a_gap_is_flagged_until_the_late_report_comes() {
    let bench = Bench::start().await;
    let device = bench.enrolled().await;
    let one = device.report(1, None, "low");
    let two = device.report(2, Some(&one), "low");
    let three = device.report(3, Some(&two), "low");
    device.delivered(&one).await;
    device.delivered(&three).await;
    assert_eq!(chain(&bench), (ChainStatus::Gap, 1, 0, 0));
    device.delivered(&two).await;
    assert_eq!(chain(&bench), (ChainStatus::Intact, 0, 0, 0));
}

#[tokio::test]
async fn a_chain_whose_first_report_is_missing_has_a_gap() {
    let bench = Bench::start().await;
    let device = bench.enrolled().await;
    device.delivered(&device.report(5, Some("not seen"), "low")).await;
    assert_eq!(chain(&bench), (ChainStatus::Gap, 1, 0, 0));
}

#[tokio::test]
async fn two_reports_with_one_number_are_a_fork_and_stay_one() {
    let bench = Bench::start().await;
    let device = bench.enrolled().await;
    let one = device.report(1, None, "secured");
    device.delivered(&one).await;
    device.delivered(&device.report(2, Some(&one), "secured")).await;
    let clone = device.report(2, Some(&one), "secured");
    device.delivered(&clone).await;
    assert_eq!(chain(&bench), (ChainStatus::Compromised, 0, 1, 0));
    device.delivered(&device.report(3, Some(&clone), "secured")).await;
    assert_eq!(chain(&bench), (ChainStatus::Compromised, 0, 1, 0));
    assert_eq!(bench.connector.tokens(&device.enrolment.device_id).unwrap().len(), 4);
}

#[tokio::test]
async fn a_report_that_contradicts_its_predecessor_is_a_fork() {
    let bench = Bench::start().await;
    let device = bench.enrolled().await;
    device.delivered(&device.report(1, None, "secured")).await;
    device.delivered(&device.report(2, Some("another first report"), "secured")).await;
    assert_eq!(chain(&bench), (ChainStatus::Compromised, 0, 1, 0));
}

#[tokio::test]
async fn a_report_that_continues_from_further_back_is_a_regression() {
    let bench = Bench::start().await;
    let device = bench.enrolled().await;
    let one = device.report(1, None, "secured");
    let two = device.report(2, Some(&one), "secured");
    device.delivered(&one).await;
    device.delivered(&two).await;
    device.delivered(&device.report(3, Some(&one), "secured")).await;
    assert_eq!(chain(&bench), (ChainStatus::Compromised, 0, 0, 1));
}

#[tokio::test]
async fn a_new_key_is_what_clears_a_compromised_device() {
    let bench = Bench::start().await;
    let device = bench.enrolled().await;
    device.delivered(&device.report(1, None, "secured")).await;
    device.delivered(&device.report(1, None, "secured")).await;
    bench.enrolled().await;
    assert_eq!(bench.connector.devices().unwrap()[1].chain.status, ChainStatus::Intact);
}

#[tokio::test]
async fn each_kind_of_bad_report_is_refused_by_its_rule() {
    use RefusalCode::{AuthenticationFailed, InvalidAudience, InvalidIssuer, InvalidKey, InvalidRequest};
    let bench = Bench::start().await;
    let device = bench.enrolled().await;
    let stranger = bench.enrolled().await;
    let with = |name: &str, value: Value| {
        let mut claims = device.claims(1, None, "low");
        claims[name] = value;
        device.sign(&claims)
    };
    let good = device.claims(1, None, "low");
    let flipped = {
        let token = device.sign(&good);
        let (head, signature) = token.rsplit_once('.').unwrap();
        let first = if signature.starts_with('A') { "B" } else { "A" };
        format!("{head}.{first}{}", &signature[1..])
    };
    let bytes = serde_json::to_vec(&good).unwrap();
    let another_type =
        jws::sign(typ::REQUEST, &bytes, &SlotSigner { key: &*device.key, slot: KeySlot::Current }).unwrap();
    let mut two_events = good.clone();
    two_events["events"]["https://example.org/other"] = json!({});
    let cases = [
        (flipped, AuthenticationFailed),
        (stranger.sign(&good), InvalidKey),
        (another_type, InvalidRequest),
        (with("iss", json!("https://elsewhere/mtd/acme/d/x")), InvalidIssuer),
        (with("iss", json!(stranger.enrolment.iss)), InvalidIssuer),
        (with("mtd_epoch", json!("another")), InvalidIssuer),
        (with("aud", json!("https://elsewhere/mtd/acme/set")), InvalidAudience),
        (with("sub", json!("device")), InvalidRequest),
        (with("exp", json!(1)), InvalidRequest),
        (with("jti", json!("")), InvalidRequest),
        (with("jti", json!("x".repeat(300))), InvalidRequest),
        (with("mtd_seq", json!(0)), InvalidRequest),
        (with("mtd_seq", json!(u64::MAX)), InvalidRequest),
        (with("events", json!({})), InvalidRequest),
        (device.sign(&two_events), InvalidRequest),
        (with("sub_id", json!({"format": "opaque", "id": device.enrolment.device_id})), InvalidRequest),
    ];
    for (index, (token, expected)) in cases.into_iter().enumerate() {
        let (code, description) = rejected(&device, &token).await;
        assert_eq!(code, expected, "case {index}: {description}");
    }
    assert_eq!(bench.connector.tokens(&device.enrolment.device_id).unwrap().len(), 0);
}

#[tokio::test]
async fn an_unknown_event_is_stored_and_tells_no_level() {
    let bench = Bench::start().await;
    let device = bench.enrolled().await;
    let mut claims = device.claims(1, None, "low");
    claims["events"] = json!({"https://example.org/verification": {"state": "x"}});
    device.delivered(&device.sign(&claims)).await;
    assert_eq!(bench.connector.devices().unwrap()[0].level, None);
}

#[tokio::test]
async fn a_report_for_another_tenant_is_refused() {
    let bench = Bench::start().await;
    let device = bench.enrolled().await;
    let token = device.report(1, None, "low");
    let answer = post(&bench, "/mtd/globex/set", "application/secevent+jwt", token.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
}

#[tokio::test]
async fn a_report_over_the_tenant_s_limit_is_413() {
    let bench = Bench::start().await;
    let device = bench.enrolled().await;
    bench.connector.update_settings(|settings| settings.device.limits.max_token_bytes = 500).unwrap();
    assert_eq!(device.deliver(&device.report(1, None, "low")).await, Delivery::TooLarge);
}

#[tokio::test]
async fn a_report_of_nearly_a_mebibyte_is_taken_and_one_above_is_413() {
    let bench = Bench::start().await;
    let device = bench.enrolled().await;
    let mut claims = device.claims(1, None, "low");
    claims["padding"] = json!("x".repeat(780_000));
    device.delivered(&device.sign(&claims)).await;
    claims["padding"] = json!("x".repeat(790_000));
    assert_eq!(device.deliver(&device.sign(&claims)).await, Delivery::TooLarge);
    let answer = post(&bench, "/mtd/acme/set", "application/secevent+jwt", &[b'x'; 1_048_577]).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[tokio::test]
async fn a_report_must_come_as_secevent_jwt() {
    let bench = Bench::start().await;
    let device = bench.enrolled().await;
    let answer = post(&bench, "/mtd/acme/set", "text/plain", device.report(1, None, "low").as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(answer.contains(r#""err":"invalid_request""#), "{answer}");
}

#[tokio::test]
async fn a_restart_keeps_devices_reports_and_keys() {
    let bench = Bench::start().await;
    let device = bench.enrolled().await;
    let one = device.report(1, None, "low");
    device.delivered(&one).await;
    let mut config = bench.config();
    config.listen = bench.running.addr;
    bench.running.stop().await;
    drop(bench.connector);

    let again = Connector::open(config).unwrap();
    let running = again.start().await.unwrap();
    device.delivered(&device.report(2, Some(&one), "low")).await;
    assert_eq!(again.devices().unwrap()[0].chain.status, ChainStatus::Intact);
    running.stop().await;
}

/// Report `seq`, which tells a part of what was to be `replaced`, and says so.
fn part(device: &Device, seq: u64, prev: &str, (replaced, token): (u64, &str), level: &str) -> String {
    let mut claims = device.claims(seq, Some(prev), level);
    claims["mtd_replaces"] =
        json!([{"seq": replaced, "sha256": token_digest(token), "part": {"n": 1, "of": 1}}]);
    device.sign(&claims)
}

#[tokio::test]
async fn a_report_that_was_too_large_leaves_no_gap_once_its_parts_are_there() {
    let bench = Bench::start().await;
    let device = bench.enrolled().await;
    let one = device.report(1, None, "low");
    let large = device.report(2, Some(&one), "high");
    let three = device.report(3, Some(&large), "low");
    let four = part(&device, 4, &three, (2, &large), "high");
    let five = part(&device, 5, &four, (2, &large), "high");
    device.delivered(&one).await;
    device.delivered(&three).await;
    assert_eq!(chain(&bench), (ChainStatus::Gap, 1, 0, 0));
    device.delivered(&five).await;
    assert_eq!(chain(&bench), (ChainStatus::Gap, 1, 0, 0), "a part is missing");
    device.delivered(&four).await;
    assert_eq!(chain(&bench), (ChainStatus::Intact, 0, 0, 0));
    // It came after all: whoever answered 413 for the connector had passed it on.
    device.delivered(&large).await;
    assert_eq!(chain(&bench), (ChainStatus::Intact, 0, 0, 0));
}

#[tokio::test]
async fn parts_count_in_the_order_of_what_they_replace() {
    let bench = Bench::start().await;
    let device = bench.enrolled().await;
    let large = device.report(1, None, "high");
    let two = device.report(2, Some(&large), "low");
    device.delivered(&two).await;
    device.delivered(&part(&device, 3, &two, (1, &large), "high")).await;
    let row = bench.connector.devices().unwrap().remove(0);
    assert_eq!(
        (row.level, row.chain.status),
        (Some(Level::Low), ChainStatus::Intact),
        "the newer scan decides"
    );
}

#[tokio::test]
async fn a_part_of_another_report_than_there_was_is_a_fork() {
    // By the report itself, by the one after it, and by another part.
    for known in 0..3 {
        let bench = Bench::start().await;
        let device = bench.enrolled().await;
        let large = device.report(1, None, "low");
        let other = device.report(1, None, "low");
        let two = device.report(2, Some(&large), "low");
        match known {
            0 => device.delivered(&large).await,
            1 => device.delivered(&two).await,
            _ => device.delivered(&part(&device, 4, "on its way", (1, &large), "low")).await,
        }
        device.delivered(&part(&device, 6, "on its way too", (1, &other), "low")).await;
        let (status, _, forks, _) = chain(&bench);
        assert_eq!((status, forks), (ChainStatus::Compromised, 1), "case {known}");
    }
}

#[tokio::test]
async fn replacements_that_cannot_be_are_refused() {
    let bench = Bench::start().await;
    let device = bench.enrolled().await;
    let one = device.report(1, None, "low");
    let named = |seq: u64| json!({"seq": seq, "sha256": token_digest(&one), "part": {"n": 1, "of": 1}});
    let short = json!([{"seq": 1, "sha256": "AAAA", "part": {"n": 1, "of": 1}}]);
    let many: Vec<_> = (1..=33).map(named).collect();
    for replaces in [json!([named(0)]), json!([named(40)]), json!([named(2), named(1)]), short, json!(many)] {
        let mut claims = device.claims(40, Some(&one), "low");
        claims["mtd_replaces"] = replaces.clone();
        let (code, why) = rejected(&device, &device.sign(&claims)).await;
        assert_eq!(code, RefusalCode::InvalidRequest, "{replaces}");
        assert!(why.contains("mtd_replaces"), "{why}");
    }
}
