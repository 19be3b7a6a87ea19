//! The client: what it holds, and what its calls share.

use std::sync::Arc;
use std::time::Duration;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use hyper::{Method, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::ConnectorError;
use super::http::{self, Answer, Call};
use super::limits::CALL_TIMEOUT;
use super::wire::{Enrolment, Refusal, RequestClaims};
use crate::model::SpkiPin;
use crate::platform::{Clock, DeviceKey, Entropy, KeySlot, SlotSigner};
use crate::report::enrolled_key;
use crate::report::jws::{self, typ};
use crate::report::strict_json;

/// Talks to one connector on behalf of one device. Every call is one connection, may be dropped at any moment,
/// and must run within a tokio runtime.
pub struct Client {
    key: Arc<dyn DeviceKey>,
    pub(super) clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    timeout: Duration,
}

impl Client {
    /// A client that signs with `key`.
    pub fn new(key: Arc<dyn DeviceKey>, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        Self { key, clock, entropy, timeout: CALL_TIMEOUT }
    }

    /// Bounds every call by `timeout` instead of 20 s: for a short background window.
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Signs with the key of thumbprint `kid`, which the device is enrolled with.
    pub(super) async fn sign<T: Serialize>(
        &self,
        kid: &str,
        typ: &'static str,
        claims: &T,
    ) -> Result<String, ConnectorError> {
        let (claims, kid) = (json(claims)?, kid.to_owned());
        let sign = move |key: &dyn DeviceKey| jws::sign(typ, &claims, &enrolled_key(key, &kid)?);
        Ok(self.with_key("signing", sign).await??)
    }

    /// Signs with the key that is to become the device's.
    pub(super) async fn sign_as_candidate<T: Serialize>(
        &self,
        typ: &'static str,
        claims: &T,
    ) -> Result<String, ConnectorError> {
        let claims = json(claims)?;
        let sign =
            move |key: &dyn DeviceKey| jws::sign(typ, &claims, &SlotSigner { key, slot: KeySlot::Candidate });
        Ok(self.with_key("signing", sign).await??)
    }

    /// Asks the device key something, which may block or hang, off the runtime's workers. `doing` is for the message.
    pub(super) async fn with_key<T: Send + 'static>(
        &self,
        doing: &'static str,
        ask: impl FnOnce(&dyn DeviceKey) -> T + Send + 'static,
    ) -> Result<T, ConnectorError> {
        let key = Arc::clone(&self.key);
        let asked = tokio::task::spawn_blocking(move || ask(&*key));
        let failed = |what: &str| ConnectorError::Device(format!("device key: {doing} {what}"));
        match tokio::time::timeout(self.timeout, asked).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(_)) => Err(failed("broke off")),
            Err(_) => Err(failed("took too long")),
        }
    }

    /// Posts JSON.
    pub(super) async fn post<T: Serialize>(
        &self,
        url: &str,
        pins: &[SpkiPin],
        body: &T,
    ) -> Result<Answer, ConnectorError> {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
        let body = json(body)?.into();
        self.call(Call { url, pins, method: Method::POST, headers, body }).await
    }

    /// Gets `url` as the enrolled device.
    pub(super) async fn get(
        &self,
        enrolment: &Enrolment,
        url: &str,
        mut headers: HeaderMap,
    ) -> Result<Answer, ConnectorError> {
        let mut jti = [0; 16];
        self.entropy.fill(&mut jti)?;
        let claims = RequestClaims {
            iss: enrolment.iss.clone(),
            aud: enrolment.connector_issuer(),
            htm: Method::GET.to_string(),
            htu: url.to_owned(),
            iat: self.clock.now(),
            jti: BASE64_URL_SAFE_NO_PAD.encode(jti),
        };
        let token = self.sign(&enrolment.kid, typ::REQUEST, &claims).await?;
        let mut bearer = HeaderValue::try_from(format!("Bearer {token}"))
            .map_err(|_| ConnectorError::Device("request token is not a header value".to_owned()))?;
        bearer.set_sensitive(true);
        headers.insert(AUTHORIZATION, bearer);
        let pins = &enrolment.spki_pins;
        self.call(Call { url, pins, method: Method::GET, headers, body: Default::default() }).await
    }

    pub(super) async fn call(&self, call: Call<'_>) -> Result<Answer, ConnectorError> {
        http::call(call, Arc::clone(&self.clock), self.timeout).await
    }
}

impl Answer {
    /// The body as `T`, if the status says that all went well.
    pub(super) fn json<T: DeserializeOwned>(self) -> Result<T, ConnectorError> {
        if self.status != StatusCode::OK {
            return Err(self.unexpected());
        }
        strict_json::from_slice(&self.body)
            .map_err(|error| ConnectorError::protocol(&self.host, format!("JSON that is not ours ({error})")))
    }

    /// What an answer means that is not the one asked for.
    pub(super) fn unexpected(self) -> ConnectorError {
        let status = self.status;
        if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() {
            return ConnectorError::Busy { host: self.host, status: status.as_u16() };
        }
        match Refusal::read(&self.body) {
            Some(refusal) if status.is_client_error() => ConnectorError::Refused(refusal),
            _ => ConnectorError::protocol(&self.host, format!("HTTP {}", status.as_u16())),
        }
    }
}

fn json<T: Serialize>(value: &T) -> Result<Vec<u8>, ConnectorError> {
    serde_json::to_vec(value).map_err(|error| ConnectorError::Device(format!("JSON: {error}")))
}
