//! The question to a network's captive portal API (RFC 8908), whose URL the network told (RFC 8910).
//!
//! It is asked over TLS only, past no certificate in particular: whether the one that it presents is valid is for the
//! analysis to say. The network chooses the URL, so nothing is sent but a bare GET, no redirect is followed, and what
//! comes back is bounded.

use std::sync::Arc;

use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::ACCEPT;
use hyper::{Response, StatusCode};
use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use super::attempts::{Exchange, Trace, attempts};
use super::captive::{Place, request, secure};
use super::connect::connect;
use super::http1;
use super::meter::Meter;
use crate::network::limits::{MAX_HTTP_BODY, MAX_URL};
use crate::network::observation::{Failure, FailureKind, Phase, PortalApiAnswer, PortalApiProbe};

const MEDIA_TYPE: &str = "application/captive+json";

/// Asks the API at `url`, if the network has one.
pub(super) async fn probe(
    url: Option<String>,
    meter: Arc<Meter>,
    deadline: Instant,
) -> Option<PortalApiProbe> {
    let exchange = ApiExchange { url: url?, meter };
    let attempts = attempts(&exchange, deadline).await;
    Some(PortalApiProbe { url: exchange.url.chars().take(MAX_URL).collect(), attempts })
}

struct ApiExchange {
    url: String,
    meter: Arc<Meter>,
}

impl Exchange for ApiExchange {
    type Answer = PortalApiAnswer;

    async fn attempt(&self, trace: &mut Trace) -> Result<PortalApiAnswer, Failure> {
        let place = Place::of(&self.url)?;
        if !place.tls {
            return Err(Failure::configuration("a portal's API is asked over https only (RFC 8908)"));
        }
        let stream = connect(&place.host, place.port, &[], &self.meter, trace).await?;
        let (stream, handshake) = secure(stream, &place, trace).await?;
        let Told { captive, user_portal_url } = Told::read(&ask(stream, &place).await?)?;
        Ok(PortalApiAnswer { captive, user_portal_url, handshake })
    }
}

pub(super) async fn ask<S>(stream: S, place: &Place) -> Result<Bytes, Failure>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let request = request(place)
        .header(ACCEPT, MEDIA_TYPE)
        .body(Empty::<Bytes>::new())
        .map_err(|error| Failure::configuration(error.to_string()))?;
    http1::ask(stream, request, body).await
}

async fn body(response: Response<Incoming>) -> Result<Bytes, Failure> {
    if response.status() != StatusCode::OK {
        return Err(unfit(format!("HTTP {}", response.status().as_u16())));
    }
    let body = Limited::new(response.into_body(), MAX_HTTP_BODY).collect().await;
    body.map(http_body_util::Collected::to_bytes).map_err(|error| unfit(error.to_string()))
}

/// The object of RFC 8908, section 5. What else is in it is passed over, however deep: without recursion.
#[derive(Debug, Deserialize)]
pub(super) struct Told {
    captive: bool,
    #[serde(default, rename = "user-portal-url")]
    pub(super) user_portal_url: Option<String>,
}

impl Told {
    pub(super) fn read(json: &[u8]) -> Result<Self, Failure> {
        // serde would take an array for the object's fields in their order.
        if !json.trim_ascii_start().starts_with(b"{") {
            return Err(unfit("no JSON object"));
        }
        let told: Self =
            serde_json::from_slice(json).map_err(|error| unfit(format!("no captive+json: {error}")))?;
        match &told.user_portal_url {
            Some(url) if url.len() > MAX_URL => Err(unfit("the portal's URL is longer than 1024 bytes")),
            _ => Ok(told),
        }
    }
}

fn unfit(why: impl AsRef<str>) -> Failure {
    Failure::new(Phase::Http, FailureKind::Protocol, why)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_example_of_the_rfc_is_read() {
        let json = br#"{
            "captive": true,
            "user-portal-url": "https://example.org/portal.html",
            "venue-info-url": "https://flight.example.com/entertainment",
            "seconds-remaining": 326,
            "can-extend-session": true
        }"#;
        let told = Told::read(json).unwrap();
        assert_eq!(
            (told.captive, told.user_portal_url.as_deref()),
            (true, Some("https://example.org/portal.html"))
        );
    }

    #[test]
    fn an_object_without_its_one_duty_is_refused() {
        let long = format!(r#"{{"captive": true, "user-portal-url": "{}"}}"#, "a".repeat(MAX_URL + 1));
        let unfit = [
            "",
            "{}",
            r#"{"captive": "true"}"#,
            r#"{"captive": 1}"#,
            r#"{"captive": null}"#,
            r#"{"captive": true, "captive": false}"#,
            r#"{"captive": true} and more"#,
            "<html>Welcome</html>",
            "[true]",
            &long,
        ];
        for json in unfit {
            assert_eq!(Told::read(json.as_bytes()).unwrap_err().kind, FailureKind::Protocol, "{json}");
        }
    }

    #[test]
    fn depth_is_passed_over() {
        let deep = MAX_HTTP_BODY / 2 - 20;
        let json = format!(r#"{{"captive": false, "x": {}{}}}"#, "[".repeat(deep), "]".repeat(deep));
        assert!(json.len() <= MAX_HTTP_BODY);
        let _ = Told::read(json.as_bytes());
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn arbitrary_bytes_never_panic(json in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = Told::read(&json);
        }

        #[test]
        fn what_is_written_is_read(captive in any::<bool>(), url in prop::option::of("\\PC{0,60}"), more in "\\PC{0,60}") {
            let mut object = serde_json::json!({"captive": captive, "venue-info-url": more});
            if let Some(url) = &url {
                object["user-portal-url"] = url.as_str().into();
            }
            let told = Told::read(object.to_string().as_bytes()).unwrap();
            prop_assert_eq!((told.captive, told.user_portal_url), (captive, url));
        }
    }
}
