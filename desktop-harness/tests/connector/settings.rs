//! Signed settings: new ones come, old ones do not.

use std::sync::Arc;

use agent_core::connector::{ConnectorError, Enrolment, RefusalCode};
use agent_core::model::RiskLevel;

use crate::support::{Bench, client, get};

#[tokio::test]
async fn a_change_reaches_the_device_once() {
    let bench = Bench::start().await;
    let device = bench.enrolled().await;
    let (client, enrolment) = (&device.client, &device.enrolment);
    assert_eq!(client.fetch_settings(enrolment, 1).await.unwrap(), None);

    bench.connector.update_settings(|settings| settings.device.app_sync.enabled = true).unwrap();
    let settings = client.fetch_settings(enrolment, 1).await.unwrap().unwrap();
    assert_eq!(settings.version, 2);
    assert!(settings.app_sync.enabled);
    assert_eq!(settings.ownership, device.settings.ownership);
    assert_eq!(client.fetch_settings(enrolment, 2).await.unwrap(), None);
}

#[tokio::test]
async fn a_change_that_changes_nothing_keeps_the_version() {
    let bench = Bench::start().await;
    assert_eq!(bench.connector.update_settings(|_| ()).unwrap().device.version, 1);
    let set = |level| bench.connector.update_settings(|it| it.device.allowed_level = level).unwrap();
    assert_eq!(set(RiskLevel::Low).device.version, 2);
    assert_eq!(set(RiskLevel::Low).device.version, 2);
    assert_eq!(bench.connector.settings().unwrap().device.version, 2);
}

#[tokio::test]
async fn settings_older_than_those_in_force_are_refused() {
    let bench = Bench::start().await;
    let device = bench.enrolled().await;
    let error = device.client.fetch_settings(&device.enrolment, 7).await.unwrap_err();
    assert_eq!(error, ConnectorError::Rollback { known: 7, offered: 1 });
}

#[tokio::test]
async fn settings_and_decision_are_given_to_the_device_alone() {
    let bench = Bench::start().await;
    let device = bench.enrolled().await;
    let stranger = bench.enrolled().await;
    let thief = client(&stranger.key, &bench.clock);
    // Everything of the other device but its key.
    let stolen = Enrolment { kid: stranger.enrolment.kid.clone(), ..device.enrolment.clone() };
    for result in
        [thief.fetch_settings(&stolen, 0).await.map(|_| ()), thief.fetch_decision(&stolen).await.map(|_| ())]
    {
        let Err(ConnectorError::Refused(refusal)) = result else { panic!("{result:?}") };
        assert_eq!(refusal.err, RefusalCode::AuthenticationFailed);
    }
    let path = format!("/mtd/acme/d/{}/decision", device.enrolment.device_id);
    let answer = get(&bench, &path, "").await;
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("authentication_failed"), "{answer}");
}

#[tokio::test]
async fn a_device_whose_clock_is_off_is_told_so() {
    let bench = Bench::start().await;
    let device = bench.enrolled().await;
    let slow = crate::support::TestClock::at(&bench.clock, -3600);
    let late = agent_core::connector::Client::new(
        Arc::clone(&device.key) as _,
        Arc::new(slow),
        Arc::new(crate::support::SystemEntropy),
    );
    let error = late.fetch_decision(&device.enrolment).await.unwrap_err().to_string();
    assert!(error.contains("the device's clock is off"), "{error}");
}
