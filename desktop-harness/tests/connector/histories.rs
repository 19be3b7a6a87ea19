//! The connector's judgement of random lives of a device: who is what they are is never accused, and a copy is told as
//! soon as two reports contradict each other.

#[path = "../../../tests/conformance/histories.rs"]
#[allow(dead_code, reason = "the connector judges one enrolment under one key")]
mod lives;

use agent_core::connector::token_digest;
use desktop_harness::connector::{ChainRow, ChainStatus};
use lives::{Made, Place, Step, arrivals, copied_life, first_contradiction, honest_life, live};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use serde_json::json;

use crate::support::{Bench, Device};

/// Each case enrols a device and delivers up to 32 reports over TLS.
const CASES: u32 = 24;

/// The reports of a life in one enrolment, as the enrolled `device` makes them.
fn reports(device: &Device, life: &[Step]) -> Vec<Made> {
    live(life, |Place { seq, prev, replaces, .. }| {
        let mut claims = device.claims(seq, prev, "low");
        if let Some((seq, token)) = replaces {
            let replaced = json!({"seq": seq, "sha256": token_digest(token), "part": {"n": 1, "of": 1}});
            claims["mtd_replaces"] = json!([replaced]);
        }
        device.sign(&claims)
    })
}

/// Delivers what arrives; gives the chain after each, as the administrator sees it.
async fn delivered(bench: &Bench, device: &Device, arrived: &[&Made]) -> Vec<ChainRow> {
    let mut rows = Vec::new();
    for made in arrived {
        device.delivered(&made.token).await;
        let devices = bench.connector.devices().unwrap();
        rows.push(devices.into_iter().find(|row| row.id == device.enrolment.device_id).unwrap().chain);
    }
    rows
}

fn for_lives(
    lives: impl Strategy<Value = Vec<Step>>,
    check: impl Fn(&[&Made], &[ChainRow]) -> Result<(), TestCaseError>,
) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let bench = runtime.block_on(Bench::start());
    let case = |(life, arrivals): (Vec<Step>, Vec<Index>)| {
        let device = runtime.block_on(bench.enrolled());
        let made = reports(&device, &life);
        if made.is_empty() {
            return Ok(());
        }
        let arrived: Vec<_> = arrivals.iter().map(|index| index.get(&made)).collect();
        let rows = runtime.block_on(delivered(&bench, &device, &arrived));
        check(&arrived, &rows)
    };
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    TestRunner::new(config).run(&(lives, arrivals()), case).unwrap();
}

#[test]
fn an_honest_life_is_never_accused() {
    // One enrolment: each has a chain of its own.
    let lives = honest_life()
        .prop_map(|life| life.into_iter().filter(|step| !matches!(step, Step::Enrol)).collect::<Vec<_>>());
    for_lives(lives, |_, rows| {
        for row in rows {
            prop_assert_ne!(row.status, ChainStatus::Compromised);
        }
        Ok(())
    });
}

#[test]
fn a_copied_life_is_accused_as_soon_as_two_reports_contradict() {
    for_lives(copied_life(), |arrived, rows| {
        let visible = first_contradiction(arrived);
        let accused = rows.iter().position(|row| row.status == ChainStatus::Compromised);
        prop_assert_eq!(accused, visible);
        Ok(())
    });
}

#[tokio::test]
async fn an_administrator_is_told_what_a_fault_means_and_what_to_do() {
    let bench = Bench::start().await;
    let device = bench.enrolled().await;
    let one = device.report(1, None, "low");
    device.delivered(&one).await;
    device.delivered(&device.report(2, Some(&one), "low")).await;
    device.delivered(&device.report(4, Some("not here"), "low")).await;
    let problems = || bench.connector.devices().unwrap()[0].problems.clone();
    assert!(problems()[0].starts_with("report 3 is missing (1): still on the way"), "{:?}", problems());
    device.delivered(&device.report(2, Some(&one), "low")).await;
    assert!(problems()[0].contains("enrol it with a new key"), "{:?}", problems());

    bench.connector.update_settings(|settings| settings.unresponsive_after_days = Some(1)).unwrap();
    bench.clock.advance(2 * 24 * 60 * 60);
    assert!(problems()[0].starts_with("no report since 2026-09-21"), "{:?}", problems());
    let row = serde_json::to_value(&bench.connector.devices().unwrap()[0]).unwrap();
    assert_eq!(row["problems"], json!(problems()));
}

#[tokio::test]
async fn a_chain_that_starts_late_and_forks_is_told() {
    let bench = Bench::start().await;
    let device = bench.enrolled().await;
    device.delivered(&device.report(3, Some("not here"), "low")).await;
    let problems = || bench.connector.devices().unwrap()[0].problems.clone();
    assert!(problems()[0].starts_with("the first report here is number 3"), "{:?}", problems());
    device.delivered(&device.report(3, Some("not here"), "low")).await;
    assert!(
        problems().iter().any(|it| it.starts_with("two different reports have number 3")),
        "{:?}",
        problems()
    );
}
