//! The client: what it holds, and what its calls share.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use hyper::{Method, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::connection::Pool;
use super::error::{ConnectorError, Presented};
use super::http::{self, Answer, Call, Patience, Sink};
use super::keyring::ConnectorKeys;
use super::limits::{CALL_TIMEOUT, FAILOVER_AFTER, MAX_TROUBLES};
use super::route::{Route, Trust, beneath, shown};
use super::trouble::{Trouble, TroubleKind};
use super::wire::{Enrolment, Refusal, RequestClaims};
use crate::model::SpkiPin;
use crate::platform::{Clock, DeviceKey, Entropy};
use crate::report::enrolled_key;
use crate::report::jws::{self, VerifyError, typ};
use crate::report::strict_json;

/// Talks to one connector on behalf of one device, over one connection as long as it holds. Every call may be dropped at
/// any moment, and must run within a tokio runtime.
pub struct Client {
    key: Arc<dyn DeviceKey>,
    pub(super) clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    timeout: Duration,
    pool: Pool,
    state: Mutex<State>,
}

/// What a client learns as it goes.
#[derive(Default)]
struct State {
    route: Route,
    keys: ConnectorKeys,
    /// The origin, by its place in the route, that answered last.
    preferred: usize,
    troubles: Vec<Trouble>,
    proofs: u32,
    inspected: bool,
}

impl Client {
    /// A client that signs with `key`.
    pub fn new(key: Arc<dyn DeviceKey>, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        let (pool, state) = (Pool::default(), Mutex::default());
        Self { key, clock, entropy, timeout: CALL_TIMEOUT, pool, state }
    }

    /// Takes the way that signed settings gave, and the connector's keys as they are known by now.
    pub fn through(self, route: Route, keys: ConnectorKeys) -> Self {
        {
            let mut state = self.state();
            (state.route, state.keys) = (route, keys);
        }
        self
    }

    /// Takes another way from now on: that of new settings.
    pub fn reroute(&self, route: Route) {
        let mut state = self.state();
        (state.route, state.preferred) = (route, 0);
    }

    /// The connector's keys as they are known by now.
    pub fn keys(&self) -> ConnectorKeys {
        self.state().keys.clone()
    }

    /// What was met in the connector's place since the last call of this.
    pub fn take_troubles(&self) -> Vec<Trouble> {
        std::mem::take(&mut self.state().troubles)
    }

    /// Notes something again that [`Self::take_troubles`] gave.
    pub fn note_again(&self, trouble: &Trouble) {
        self.note(trouble.kind, &trouble.host, &trouble.detail);
    }

    /// How often the connector has proved itself by a signature so far.
    pub fn proofs(&self) -> u32 {
        self.state().proofs
    }

    /// Whether the organisation's declared inspection stood in the way of any call so far.
    pub fn was_inspected(&self) -> bool {
        self.state().inspected
    }

    /// Connections that were made so far.
    pub fn connections(&self) -> u64 {
        self.pool.opened()
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
        self.ask(&posting(url, body)?, &Trust::pinned(pins), self.timeout, None).await
    }

    /// Posts JSON to a URL beneath the enrolment's origin.
    pub(super) async fn post_enrolled<T: Serialize>(
        &self,
        enrolment: &Enrolment,
        url: &str,
        body: &T,
    ) -> Result<Answer, ConnectorError> {
        self.call(enrolment, posting(url, body)?, None).await
    }

    /// Gets `url` as the enrolled device.
    pub(super) async fn get(
        &self,
        enrolment: &Enrolment,
        url: &str,
        headers: HeaderMap,
    ) -> Result<Answer, ConnectorError> {
        self.get_into(enrolment, url, headers, None).await
    }

    /// The same, for an answer that is too large to be held.
    pub(super) async fn get_into(
        &self,
        enrolment: &Enrolment,
        url: &str,
        mut headers: HeaderMap,
        sink: Option<&mut dyn Sink>,
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
        let call = Call { url, method: Method::GET, headers, body: Default::default() };
        self.call(enrolment, call, sink).await
    }

    /// Makes a call to a URL beneath the enrolment's origin, at the first origin of the route that can be reached.
    pub(super) async fn call(
        &self,
        enrolment: &Enrolment,
        call: Call<'_>,
        mut sink: Option<&mut dyn Sink>,
    ) -> Result<Answer, ConnectorError> {
        let (origins, trust, preferred) = {
            let state = self.state();
            let origins: Vec<_> = state.route.origins(enrolment).into_iter().map(str::to_owned).collect();
            (origins, state.route.trust(enrolment), state.preferred)
        };
        let count = origins.len();
        let mut first = None;
        for (place, origin) in origins.iter().enumerate().cycle().skip(preferred).take(count) {
            let url = beneath(origin, call.url, enrolment);
            let connect = if count > 1 { FAILOVER_AFTER } else { self.timeout };
            let here = Call { url: &url, ..call.clone() };
            let reborrowed = sink.as_mut().map(|sink| &mut **sink as &mut dyn Sink);
            match self.ask(&here, &trust, connect, reborrowed).await {
                // A gateway that stands before a connector which is down.
                Ok(answer) if count > 1 && is_of_a_gateway(answer.status) => {
                    first = first.or(Some(Ok(answer)))
                }
                Ok(answer) => {
                    self.state().preferred = place;
                    return Ok(answer);
                }
                Err(error) if is_elsewhere_worth_trying(&error) => first = first.or(Some(Err(error))),
                Err(error) => return Err(error),
            }
        }
        first.unwrap_or_else(|| Err(ConnectorError::Enrolment("connector has no URL".to_owned())))
    }

    async fn ask(
        &self,
        call: &Call<'_>,
        trust: &Trust,
        connect: Duration,
        sink: Option<&mut dyn Sink>,
    ) -> Result<Answer, ConnectorError> {
        let patience = Patience { whole: self.timeout, connect };
        let answer = http::call(&self.pool, call, trust, &self.clock, patience, sink).await;
        match &answer {
            Ok(answer) => self.state().inspected |= answer.inspected,
            Err(error) => self.note_failure(error),
        }
        answer
    }

    /// Verifies something that the connector signed, under every key that counts.
    pub(super) fn verify<T: DeserializeOwned>(
        &self,
        token: &str,
        typ: &str,
        enrolment: &Enrolment,
    ) -> Result<T, VerifyError> {
        let mut state = self.state();
        let State { route, keys, .. } = &mut *state;
        keys.verify(token, typ, enrolment, route.announced())
    }

    /// The connector has proved itself.
    pub(super) fn note_proof(&self) {
        let mut state = self.state();
        state.proofs = state.proofs.saturating_add(1);
    }

    /// Notes what was met in the connector's place.
    pub(super) fn note(&self, kind: TroubleKind, host: &str, detail: impl ToString) {
        let mut state = self.state();
        if state.troubles.len() < MAX_TROUBLES {
            let (host, detail) = (shown(host), detail.to_string());
            state.troubles.push(Trouble { kind, host, detail });
        }
    }

    /// Notes that something which should be the connector's was not verified.
    pub(super) fn note_unverified(&self, otherwise: TroubleKind, host: &str, error: &VerifyError) {
        let kind = match error {
            VerifyError::UnknownKey(_) => TroubleKind::UnknownKey,
            // What is cut off has no three parts, or a signature of another length.
            VerifyError::Form | VerifyError::SignatureForm | VerifyError::TooLarge(_) => TroubleKind::Damaged,
            _ => otherwise,
        };
        self.note(kind, host, error);
    }

    fn note_failure(&self, error: &ConnectorError) {
        match error {
            ConnectorError::PinMismatch { host, seen, presented, .. } => {
                let kind = match presented {
                    Presented::PublicAuthority => TroubleKind::Unpinned,
                    Presented::Inspection => TroubleKind::Inspected,
                    Presented::NobodyKnown => TroubleKind::Untrusted,
                };
                let seen: Vec<_> = seen.iter().map(ToString::to_string).collect();
                self.note(kind, host, seen.join(", "));
            }
            ConnectorError::Certificate { host, why, foreign: true } => {
                self.note(TroubleKind::Untrusted, host, why);
            }
            ConnectorError::NotTls { host } => self.note(TroubleKind::NotTls, host, "no TLS record"),
            _ => {}
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_of_a_gateway(status: StatusCode) -> bool {
    matches!(status, StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT)
}

/// Whether another origin may do what this one did not.
const fn is_elsewhere_worth_trying(error: &ConnectorError) -> bool {
    matches!(
        error,
        ConnectorError::Unreachable { .. }
            | ConnectorError::Timeout { .. }
            | ConnectorError::PinMismatch { .. }
            | ConnectorError::Certificate { .. }
            | ConnectorError::NotTls { .. }
    )
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

/// The call that posts `body` as JSON.
fn posting<'a, T: Serialize>(url: &'a str, body: &T) -> Result<Call<'a>, ConnectorError> {
    let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
    Ok(Call { url, method: Method::POST, headers, body: json(body)?.into() })
}

pub(super) fn json<T: Serialize>(value: &T) -> Result<Vec<u8>, ConnectorError> {
    serde_json::to_vec(value).map_err(|error| ConnectorError::Device(format!("JSON: {error}")))
}
