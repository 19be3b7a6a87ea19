//! Measurements of real servers on loopback: honest, broken and hostile ones.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::Instant as Deadline;

use super::measure;
use crate::model::{NetworkSettings, ProbeEndpoint};
use crate::network::observation::{Observations, answer};
use crate::network::testing::{Authority, Dates, FakeHost, SystemEntropy, endpoint, snapshot};
use crate::platform::DeviceHost;

mod captive;
mod dns;
mod fallback;
mod hostile;
mod hostile_dns;
mod hostile_peers;
mod hostile_selective;
mod path;
mod portal_api;
mod servers;
mod tiers;
mod tls;

/// Far enough for anything that is not meant to run into it.
const AMPLE: Duration = Duration::from_secs(20);

/// How much later than its deadline a scan may end on a busy machine.
const GRACE: Duration = Duration::from_secs(3);

async fn measured(settings: &NetworkSettings, within: Duration) -> Observations {
    measured_on(Arc::new(FakeHost::refusing()), settings, within).await
}

async fn measured_on(
    host: Arc<dyn DeviceHost>,
    settings: &NetworkSettings,
    within: Duration,
) -> Observations {
    measure(settings, snapshot(), host, Arc::new(SystemEntropy), Deadline::now() + within).await
}

fn probing(endpoint: ProbeEndpoint) -> NetworkSettings {
    NetworkSettings { endpoints: vec![endpoint], ..NetworkSettings::default() }
}

fn local(port: u16) -> ProbeEndpoint {
    let mut endpoint = endpoint("a.example", "net-1");
    endpoint.port = port;
    endpoint.address = Some([127, 0, 0, 1].into());
    endpoint
}

#[tokio::test]
async fn a_scan_ends_at_its_deadline_and_keeps_what_it_has() {
    let genuine = servers::tls(Authority::new("Root", 1).chain("a.example", Dates::CURRENT)).await;
    let silent = servers::silent().await;
    let settings = NetworkSettings {
        endpoints: vec![local(silent), local(genuine)],
        captive_probes: vec![format!("http://127.0.0.1:{silent}/"), format!("https://127.0.0.1:{silent}/")],
        ..NetworkSettings::default()
    };
    let begin = Instant::now();
    let seen = measured(&settings, Duration::from_secs(2)).await;
    assert!(begin.elapsed() < Duration::from_secs(2) + GRACE);
    assert!(answer(&seen.tls[0].attempts).is_none());
    assert!(answer(&seen.tls[1].attempts).is_some());
    assert_eq!(seen.captive.len(), 2);
    insta::assert_json_snapshot!(seen.tls[0].attempts[0].outcome, @r#"
    {
      "failed": {
        "phase": "tls",
        "kind": "deadline",
        "detail": "the scan ended first"
      }
    }
    "#);
}

#[tokio::test]
async fn a_deadline_in_the_past_sends_nothing() {
    let (port, connections) = servers::counting().await;
    let settings = probing(local(port));
    let seen = measure(
        &settings,
        snapshot(),
        Arc::new(FakeHost::refusing()),
        Arc::new(SystemEntropy),
        Deadline::now() - Duration::from_millis(1),
    )
    .await;
    assert_eq!(seen.tls[0].attempts.len(), 1);
    assert_eq!(connections.load(std::sync::atomic::Ordering::Relaxed), 0);
}

#[tokio::test]
async fn dropping_a_scan_closes_its_connections() {
    let (port, mut closed) = servers::watching().await;
    let settings = probing(local(port));
    let scan = measured(&settings, AMPLE);
    assert!(tokio::time::timeout(Duration::from_secs(1), scan).await.is_err());
    tokio::time::timeout(GRACE, closed.recv()).await.unwrap().unwrap();
}

#[tokio::test]
async fn results_are_in_the_order_of_the_settings() {
    let chain = |host| Authority::new("Root", 1).chain(host, Dates::CURRENT);
    let ports = [servers::silent().await, servers::tls(chain("a.example")).await, servers::silent().await];
    let settings = NetworkSettings { endpoints: ports.map(local).to_vec(), ..NetworkSettings::default() };
    let seen = measured(&settings, Duration::from_millis(500)).await;
    let order: Vec<_> = seen.tls.iter().map(|probe| probe.target.port).collect();
    assert_eq!(order, ports);
}

#[tokio::test]
async fn more_endpoints_than_the_limit_are_not_probed() {
    let port = servers::tls(Authority::new("Root", 1).chain("a.example", Dates::CURRENT)).await;
    let settings = NetworkSettings { endpoints: vec![local(port); 40], ..NetworkSettings::default() };
    assert_eq!(measured(&settings, AMPLE).await.tls.len(), crate::network::limits::MAX_ENDPOINTS);
}
