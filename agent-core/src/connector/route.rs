//! The way to the connector: that of the enrolment, changed by signed settings and by nothing else.
//!
//! Settings may name other origins (tried in order), other pins and other signing keys. Names do not change: the issuer
//! strings of the enrolment go into every token, whatever origin is in use.

use url::Url;

use super::limits::{MAX_CONNECTOR_KEYS, MAX_ORIGINS, MAX_PINS};
use super::payload::origin;
use super::wire::Enrolment;
use crate::model::{Jwk, Settings, SpkiPin, TransportSettings};
use crate::report::jwk::PublicKey;

/// What settings say of the way to the connector.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Route {
    transport: TransportSettings,
    inspection_roots: Vec<SpkiPin>,
}

impl Route {
    /// The way by the settings in force.
    pub fn of(settings: &Settings) -> Self {
        Self {
            transport: settings.transport.clone().unwrap_or_default(),
            inspection_roots: settings.network.inspection_roots.clone(),
        }
    }

    /// Where the connector answers, the first choice first.
    pub fn origins<'a>(&'a self, enrolment: &'a Enrolment) -> Vec<&'a str> {
        match self.transport.urls.as_slice() {
            [] => vec![enrolment.connector_url.as_str()],
            urls => urls.iter().map(String::as_str).collect(),
        }
    }

    /// Keys of which one must be in the connector's certificate chain.
    pub fn pins<'a>(&'a self, enrolment: &'a Enrolment) -> &'a [SpkiPin] {
        match self.transport.spki_pins.as_slice() {
            [] => &enrolment.spki_pins,
            pins => pins,
        }
    }

    /// Where reports are pushed to: the audience's URL at the first origin.
    pub fn report_url(&self, enrolment: &Enrolment) -> String {
        let first = self.origins(enrolment).first().copied().unwrap_or(&enrolment.connector_url);
        beneath(first, &enrolment.aud, enrolment)
    }

    pub(super) fn announced(&self) -> &[Jwk] {
        &self.transport.connector_keys
    }

    pub(super) fn trust(&self, enrolment: &Enrolment) -> Trust {
        Trust {
            pins: self.pins(enrolment).to_vec(),
            inspection_roots: self.inspection_roots.clone(),
            relaxed: self.transport.pins_relaxed_under_inspection,
        }
    }
}

/// `url`, which is beneath the origin of the enrolment, beneath `origin`.
pub(super) fn beneath(origin: &str, url: &str, enrolment: &Enrolment) -> String {
    match url.strip_prefix(&enrolment.connector_url) {
        Some(path) => format!("{origin}{path}"),
        None => url.to_owned(),
    }
}

/// By what a TLS server is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Trust {
    pub pins: Vec<SpkiPin>,
    /// Roots under which the organisation says that it inspects TLS.
    pub inspection_roots: Vec<SpkiPin>,
    /// Whether a chain under one of them is taken in the place of a pinned one.
    pub relaxed: bool,
}

impl Trust {
    /// By pins alone.
    pub(super) fn pinned(pins: &[SpkiPin]) -> Self {
        Self { pins: pins.to_vec(), ..Self::default() }
    }
}

/// Why the transport section of settings cannot be obeyed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RouteError {
    /// Too many origins, or one that is none.
    #[error(
        "transport.urls must be at most {MAX_ORIGINS} origins: https://host or https://host:port and nothing more"
    )]
    Urls,
    /// One pin alone, too many, or one twice.
    #[error("transport.spki_pins must be 2 to {MAX_PINS} different pins, a reserve among them")]
    Pins,
    /// Too many keys, one twice, or one that is no P-256 key.
    #[error("transport.connector_keys must be at most {MAX_CONNECTOR_KEYS} different P-256 public keys")]
    Keys,
    /// Pins that are relaxed for nobody.
    #[error("transport.pins_relaxed_under_inspection needs network.inspection_roots, which are empty")]
    NoInspection,
}

/// Whether the transport section of `settings` can be obeyed.
pub fn check_transport(settings: &Settings) -> Result<(), RouteError> {
    let Some(transport) = &settings.transport else { return Ok(()) };
    let is_origin = |url: &String| origin(url).is_ok_and(|origin| origin == *url);
    if transport.urls.len() > MAX_ORIGINS || !transport.urls.iter().all(is_origin) {
        return Err(RouteError::Urls);
    }
    let pins = &transport.spki_pins;
    if !pins.is_empty() && !(2..=MAX_PINS).contains(&distinct(pins).len())
        || distinct(pins).len() != pins.len()
    {
        return Err(RouteError::Pins);
    }
    let keys: Vec<_> = transport.connector_keys.iter().map(|jwk| PublicKey::from_jwk(jwk).ok()).collect();
    let names: Vec<_> = keys.iter().flatten().map(PublicKey::thumbprint).collect();
    if names.len() != keys.len() || distinct(&names).len() != names.len() || names.len() > MAX_CONNECTOR_KEYS
    {
        return Err(RouteError::Keys);
    }
    if transport.pins_relaxed_under_inspection && settings.network.inspection_roots.is_empty() {
        return Err(RouteError::NoInspection);
    }
    Ok(())
}

fn distinct<T: Ord + Clone>(items: &[T]) -> std::collections::BTreeSet<T> {
    items.iter().cloned().collect()
}

/// The host and port of an origin, for messages.
pub(super) fn shown(origin: &str) -> String {
    Url::parse(origin).map_or_else(|_| origin.to_owned(), |url| url.authority().to_owned())
}
