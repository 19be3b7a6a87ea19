//! The captive portal API on loopback.

use std::sync::Arc;

use super::{AMPLE, Deadline, servers};
use crate::model::{Fact, NetworkSettings, NetworkSnapshot};
use crate::network::limits::MAX_HTTP_BODY;
use crate::network::measure::measure;
use crate::network::observation::{FailureKind, Phase, PortalApiProbe, answer, failure};
use crate::network::testing::{FakeHost, SystemEntropy, self_signed, snapshot};

#[tokio::test]
async fn the_api_is_asked_and_its_certificate_recorded() {
    let json = r#"{"captive": true, "user-portal-url": "https://portal.example/"}"#;
    let port = servers::https(self_signed("portal.example"), ok(json)).await;
    let probe = asked(Fact::known(format!("https://127.0.0.1:{port}/api"))).await.unwrap();
    let (said, _) = answer(&probe.attempts).unwrap_or_else(|| panic!("{probe:?}"));
    assert_eq!((said.captive, said.user_portal_url.as_deref()), (true, Some("https://portal.example/")));
    assert_eq!(said.handshake.chain, self_signed("portal.example"));
}

#[tokio::test]
async fn a_network_without_an_api_is_not_asked() {
    assert_eq!(asked(Fact::not_available("not told")).await, None);
}

#[tokio::test]
async fn what_is_no_answer_of_an_api_is_recorded_as_such() {
    let endless = format!(r#"{{"captive": true, "x": "{}"}}"#, "x".repeat(MAX_HTTP_BODY));
    for response in [ok("<html>Welcome</html>"), ok(&endless), "HTTP/1.1 302 Found\r\n\r\n".to_owned()] {
        let port = servers::https(self_signed("portal.example"), response).await;
        let probe = asked(Fact::known(format!("https://127.0.0.1:{port}/api"))).await.unwrap();
        let failure = failure(&probe.attempts).unwrap();
        assert_eq!((failure.phase, failure.kind), (Phase::Http, FailureKind::Protocol), "{failure:?}");
        assert_eq!(probe.attempts.len(), 1);
    }
}

#[tokio::test]
async fn an_api_is_asked_over_https_only() {
    let (port, connections) = servers::counting().await;
    let long = format!("https://127.0.0.1:{port}/{}", "a".repeat(100_000));
    for url in [format!("http://127.0.0.1:{port}/"), long, "portal".to_owned()] {
        let probe = asked(Fact::known(url)).await.unwrap();
        assert_eq!(failure(&probe.attempts).unwrap().kind, FailureKind::Configuration);
        assert!(probe.url.len() <= 1024);
    }
    assert_eq!(connections.load(std::sync::atomic::Ordering::Relaxed), 0);
}

async fn asked(portal_api: Fact<String>) -> Option<PortalApiProbe> {
    let network = NetworkSnapshot { portal_api, ..snapshot() };
    let (host, entropy) = (Arc::new(FakeHost::refusing()), Arc::new(SystemEntropy));
    let deadline = Deadline::now() + AMPLE;
    measure(&NetworkSettings::default(), network, host, entropy, deadline).await.portal_api
}

fn ok(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/captive+json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}
