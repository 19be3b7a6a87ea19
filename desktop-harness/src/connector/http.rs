//! The endpoints. Each parses, hands over to the connector off the runtime's workers, and answers.

use agent_core::connector::wire::{
    Challenge, EnrolmentRequest, JWK_SET_MEDIA_TYPE, JWT_MEDIA_TYPE, KeyChangeRequest, RECEIPT_HEADER,
    REFUSAL_HEADER, SECEVENT_MEDIA_TYPE,
};
use agent_core::connector::{Refusal, RefusalCode};
use agent_core::report::strict_json;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};

use super::Connector;
use super::error::Denied;
use super::limits::{MAX_REPORT, MAX_REQUEST, REQUEST_TIMEOUT};
use super::own::{OwnRequest, Versioned};
use super::ranges;

/// The endpoints over TLS.
pub(super) fn router(connector: Connector) -> Router {
    Router::new()
        .route("/mtd/{tenant}/set", post(receive).layer(DefaultBodyLimit::max(MAX_REPORT)))
        .route("/mtd/{tenant}/enrol/challenge", post(challenge))
        .route("/mtd/{tenant}/enrol", post(enrol))
        .route("/mtd/{tenant}/d/{device}/key", post(change_key))
        .route("/mtd/{tenant}/d/{device}/settings", get(settings))
        .route("/mtd/{tenant}/d/{device}/policy", get(policy))
        .route("/mtd/{tenant}/d/{device}/decision", get(decision))
        .route("/mtd/{tenant}/d/{device}/intel", get(intel))
        .route("/mtd/{tenant}/jwks.json", get(jwks))
        .route("/admin/devices", get(devices))
        .route("/healthz", get(async || "ok\n"))
        .layer(DefaultBodyLimit::max(MAX_REQUEST))
        .with_state(connector)
        .merge(clear_router())
        .layer(middleware::from_fn(in_time))
}

/// What is answered without TLS too: the captive portal probe.
pub(super) fn clear_router() -> Router {
    Router::new().route("/generate_204", get(async || StatusCode::NO_CONTENT))
}

async fn in_time(request: Request, next: Next) -> Response {
    let answer = tokio::time::timeout(REQUEST_TIMEOUT, next.run(request)).await;
    answer.unwrap_or_else(|_| StatusCode::REQUEST_TIMEOUT.into_response())
}

async fn challenge(
    State(connector): State<Connector>,
    Path(tenant): Path<String>,
) -> Result<Response, Denied> {
    let challenge = off_worker(move || connector.challenge(&tenant)).await?;
    Ok((NO_STORE, Json(Challenge { challenge })).into_response())
}

async fn enrol(
    State(connector): State<Connector>,
    Path(tenant): Path<String>,
    body: Bytes,
) -> Result<Response, Denied> {
    let request: EnrolmentRequest = strict_json::from_slice(&body).map_err(|_| {
        Denied::new(RefusalCode::InvalidRequest, "expected JSON with token, jwk, key_protection, proof")
    })?;
    let response = off_worker(move || {
        let url = connector.url()?;
        connector.enrol(&tenant, &url, &request)
    });
    Ok((NO_STORE, Json(response.await?)).into_response())
}

async fn change_key(
    State(connector): State<Connector>,
    Path((tenant, device)): Path<(String, String)>,
    body: Bytes,
) -> Result<Response, Denied> {
    let request: KeyChangeRequest = strict_json::from_slice(&body).map_err(|_| {
        Denied::new(
            RefusalCode::InvalidRequest,
            "expected JSON with jwk, key_protection, proof, authorization",
        )
    })?;
    let token = off_worker(move || connector.change_key(&tenant, &device, &request)).await?;
    Ok((NO_STORE, [(CONTENT_TYPE, JWT_MEDIA_TYPE)], token).into_response())
}

async fn receive(
    State(connector): State<Connector>,
    Path(tenant): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Denied> {
    if headers.get(CONTENT_TYPE).is_none_or(|value| value != SECEVENT_MEDIA_TYPE) {
        let why = format!("Content-Type must be {SECEVENT_MEDIA_TYPE}");
        return Err(Denied::new(RefusalCode::InvalidRequest, why));
    }
    let token = String::from_utf8(body.into())
        .map_err(|_| Denied::new(RefusalCode::InvalidRequest, "the body is not a token"))?;
    let answered = off_worker(move || match connector.receive(&tenant, &token) {
        Ok(receipt) => Ok((Ok(()), Some((RECEIPT_HEADER, receipt)))),
        Err(denied) => {
            let signed = connector.sign_refusal(&token, &denied)?;
            Ok((Err(denied), signed.map(|signed| (REFUSAL_HEADER, signed))))
        }
    });
    let (outcome, signed) = answered.await?;
    let headers = signed.map(|(name, token)| [(HeaderName::from_static(name), token)]);
    let answer = match outcome {
        Ok(()) => StatusCode::ACCEPTED.into_response(),
        Err(denied) => denied.into_response(),
    };
    Ok(match headers {
        Some(headers) => (headers, answer).into_response(),
        None => answer,
    })
}

async fn settings(
    State(connector): State<Connector>,
    Path((tenant, device)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Denied> {
    let (request, known) = conditional(tenant, device, &headers);
    Ok(versioned(off_worker(move || connector.own_settings(&request, known.as_deref())).await?))
}

async fn policy(
    State(connector): State<Connector>,
    Path((tenant, device)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Denied> {
    let (request, known) = conditional(tenant, device, &headers);
    Ok(versioned(off_worker(move || connector.own_policy(&request, known.as_deref())).await?))
}

/// A device's request for something of its own, and the entity tag that it has already (RFC 9110, section 13.1.2).
fn conditional(tenant: String, device: String, headers: &HeaderMap) -> (OwnRequest, Option<String>) {
    let known = headers.get(IF_NONE_MATCH).and_then(|value| value.to_str().ok()).map(str::to_owned);
    (OwnRequest { tenant, device, bearer: bearer(headers) }, known)
}

fn versioned(signed: Versioned) -> Response {
    let etag = [(ETAG, signed.etag)];
    match signed.token {
        Some(token) => (NO_CACHE, etag, [(CONTENT_TYPE, JWT_MEDIA_TYPE)], token).into_response(),
        None => (StatusCode::NOT_MODIFIED, NO_CACHE, etag).into_response(),
    }
}

async fn decision(
    State(connector): State<Connector>,
    Path((tenant, device)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Denied> {
    let request = OwnRequest { tenant, device, bearer: bearer(&headers) };
    let token = off_worker(move || connector.own_decision(&request)).await?;
    Ok((NO_STORE, [(CONTENT_TYPE, JWT_MEDIA_TYPE)], token).into_response())
}

async fn intel(
    State(connector): State<Connector>,
    Path((tenant, device)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Denied> {
    let request = OwnRequest { tenant, device, bearer: bearer(&headers) };
    let file = off_worker(move || connector.own_intel(&request)).await?;
    let answer = ranges::serve(file, &headers).await;
    let answer = answer.map_err(|error| super::Error::Config(format!("intelligence bundle: {error}")))?;
    Ok((NO_CACHE, answer).into_response())
}

async fn jwks(State(connector): State<Connector>, Path(tenant): Path<String>) -> Result<Response, Denied> {
    let keys = off_worker(move || {
        connector.tenant_settings(&tenant)?;
        Ok(connector.key_set()?)
    });
    let keys = serde_json::to_string(&keys.await?).map_err(super::Error::from)?;
    Ok((NO_CACHE_PUBLIC, [(CONTENT_TYPE, JWK_SET_MEDIA_TYPE)], keys).into_response())
}

async fn devices(State(connector): State<Connector>, headers: HeaderMap) -> Result<Response, Denied> {
    if !bearer(&headers).is_some_and(|token| connector.is_admin(&token)) {
        return Ok((StatusCode::UNAUTHORIZED, [(WWW_AUTHENTICATE, "Bearer")]).into_response());
    }
    let devices = off_worker(move || Ok(connector.devices()?)).await?;
    Ok((NO_STORE, Json(devices)).into_response())
}

const NO_STORE: [(HeaderName, &str); 1] = [(CACHE_CONTROL, "no-store")];
const NO_CACHE: [(HeaderName, &str); 1] = [(CACHE_CONTROL, "private, no-cache")];
const NO_CACHE_PUBLIC: [(HeaderName, &str); 1] = [(CACHE_CONTROL, "no-cache")];

fn bearer(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    value.strip_prefix("Bearer ").map(str::to_owned)
}

/// SQLite and signing block.
async fn off_worker<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Denied> + Send + 'static,
) -> Result<T, Denied> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|_| Err(Denied::Internal(super::Error::Config("a request broke off".to_owned()))))
}

impl IntoResponse for Denied {
    fn into_response(self) -> Response {
        match self {
            Self::Refused(refusal) => {
                tracing::info!(err = %refusal.err, description = refusal.description, "refused");
                refusal_response(StatusCode::BAD_REQUEST, refusal)
            }
            Self::NotFound(refusal) => refusal_response(StatusCode::NOT_FOUND, refusal),
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE.into_response(),
            Self::Internal(error) => {
                tracing::error!(%error, "request failed");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }
}

fn refusal_response(status: StatusCode, refusal: Refusal) -> Response {
    (status, NO_STORE, Json(refusal)).into_response()
}
