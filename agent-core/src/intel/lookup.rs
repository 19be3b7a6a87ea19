//! What indicators mean: the rules by which an observation meets them.
//!
//! Host names meet themselves and everything below them; a public suffix only itself. Addresses are compared as addresses.
//! A URL meets by its host, and by host, path up to whole components, and query up to whole parameters. File paths
//! meet by whole components. App identifiers meet exactly, and weakly where they differ in upper and lower case.
//! Digests are bytes. What has lapsed, or does not hold yet, meets nothing.

use std::cmp::Reverse;

use serde::Serialize;

use super::bundle::{Attribution, Bundle, BundleError, Met};
use super::value::{Digest, HostName, Network, UrlParts, Value, ValueKind, host};
use crate::model::{AppRecord, SignerDigest, Timestamp};

/// Most components of a path, and parameters of a query, that are compared one by one.
const MAX_PARTS: usize = 64;

/// One indicator that an observation met.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct IntelHit {
    /// What was compared.
    pub kind: ValueKind,
    /// The indicator, in canonical form.
    pub indicator: String,
    /// Equal but for upper and lower case: a weaker match.
    pub weak: bool,
    /// Family, source, confidence, severity, reference.
    #[serde(flatten)]
    pub attribution: Attribution,
}

/// An observation that is not what it should be.
#[derive(Debug, thiserror::Error)]
pub enum LookupError {
    /// The observation.
    #[error("{0}")]
    Value(&'static str),
    /// The bundle.
    #[error("the intelligence bundle: {0}")]
    Bundle(#[from] BundleError),
}

impl Bundle {
    /// What is known of a URL (a bare host is one too), the gravest first.
    pub fn check_url(&self, url: &str, now: Timestamp) -> Result<Vec<IntelHit>, LookupError> {
        let parts = UrlParts::parse(url).map_err(LookupError::Value)?;
        let mut hits = self.host_hits(&parts.host, now)?;
        if self.may_know_urls_at(&parts.host_text()) {
            for key in url_keys(&parts) {
                hits.extend(self.exact(&Value::Url(key), now)?);
            }
        }
        Ok(ordered(hits))
    }

    /// What is known of a host name or address.
    pub fn check_host(&self, text: &str, now: Timestamp) -> Result<Vec<IntelHit>, LookupError> {
        Ok(ordered(self.host_hits(&host(text).map_err(LookupError::Value)?, now)?))
    }

    /// What is known of an installed app.
    pub fn check_app(&self, app: &AppRecord, now: Timestamp) -> Result<Vec<IntelHit>, BundleError> {
        let mut hits = Vec::new();
        let id = app.id.as_ref();
        if let Some(id) = id {
            hits.extend(self.exact(&Value::AppId(id.to_string()), now)?);
        }
        for digest in app.signers.iter().filter_map(comparable) {
            if let Some(id) = id {
                hits.extend(self.exact(&Value::SignedApp(format!("{id} {}", digest.hex())), now)?);
            }
            hits.extend(self.exact(&Value::Certificate(digest), now)?);
        }
        if let Some(package) = app.package_sha256 {
            hits.extend(self.exact(&Value::FileHash(Digest::Sha256(*package.as_bytes())), now)?);
        }
        Ok(ordered(hits))
    }

    /// What is known of a value of `kind`.
    pub fn check(&self, kind: ValueKind, text: &str, now: Timestamp) -> Result<Vec<IntelHit>, LookupError> {
        let hits = match kind {
            ValueKind::Url => return self.check_url(text, now),
            ValueKind::Domain => return self.check_host(text, now),
            ValueKind::FilePath => self.path_hits(text.trim(), now)?,
            ValueKind::Process => {
                // Some platforms tell a process by its path.
                let name = text.trim().rsplit('/').next().unwrap_or_default();
                self.exact(&Value::parse(kind, name).map_err(LookupError::Value)?, now)?
            }
            _ => match Value::parse(kind, text).map_err(LookupError::Value)? {
                Value::Network(network) => self.network_hits(network, now)?,
                value => self.exact(&value, now)?,
            },
        };
        Ok(ordered(hits))
    }

    fn host_hits(&self, host: &HostName, now: Timestamp) -> Result<Vec<IntelHit>, BundleError> {
        let name = match host {
            HostName::Address(address) => return self.network_hits(Network::of(*address), now),
            HostName::Name(name) => name,
        };
        let mut hits = Vec::new();
        for parent in parents(name) {
            if self.may_know(parent) {
                let is_itself = parent.len() == name.len();
                let found = self.exact(&Value::Domain(parent.to_owned()), now)?;
                hits.extend(found.into_iter().filter(|hit| is_itself || !hit.attribution.only_itself));
            }
        }
        Ok(hits)
    }

    fn network_hits(&self, network: Network, now: Timestamp) -> Result<Vec<IntelHit>, BundleError> {
        let found = self.find_networks(network)?;
        Ok(in_force(found, now).map(|met| hit(ValueKind::Network, None, met)).collect())
    }

    /// Indicators of the path itself and of the folders it is in; and of its last component as a file name.
    fn path_hits(&self, path: &str, now: Timestamp) -> Result<Vec<IntelHit>, BundleError> {
        let path = path.trim_end_matches('/');
        let mut hits = Vec::new();
        for ancestor in prefixes(path, '/') {
            hits.extend(self.exact(&Value::FilePath(ancestor.to_owned()), now)?);
        }
        if let Some(name) = path.rsplit('/').next().filter(|name| !name.is_empty()) {
            hits.extend(self.exact(&Value::FileName(name.to_owned()), now)?);
        }
        Ok(hits)
    }

    fn exact(&self, value: &Value, now: Timestamp) -> Result<Vec<IntelHit>, BundleError> {
        let asked = match value {
            Value::AppId(text) => Some(text.as_str()),
            _ => None,
        };
        Ok(in_force(self.find(value)?, now).map(|met| hit(value.kind(), asked, met)).collect())
    }
}

fn in_force(found: Vec<Met<'_>>, now: Timestamp) -> impl Iterator<Item = Met<'_>> {
    found.into_iter().filter(move |met| met.attribution.holds_at(now))
}

fn hit(kind: ValueKind, asked: Option<&str>, met: Met<'_>) -> IntelHit {
    let weak = asked.is_some_and(|asked| asked != met.value);
    IntelHit { kind, weak, indicator: met.value, attribution: met.attribution.clone() }
}

/// The gravest and surest first.
fn ordered(mut hits: Vec<IntelHit>) -> Vec<IntelHit> {
    hits.sort_by(|a, b| {
        let rank = |hit: &IntelHit| (Reverse(hit.attribution.severity), hit.weak);
        rank(a)
            .cmp(&rank(b))
            .then_with(|| (a.kind, &a.indicator, &a.attribution).cmp(&(b.kind, &b.indicator, &b.attribution)))
    });
    hits.dedup();
    hits
}

fn comparable(signer: &SignerDigest) -> Option<Digest> {
    match signer {
        SignerDigest::Sha256(digest) => Some(Digest::Sha256(*digest.as_bytes())),
        SignerDigest::Sha1(digest) => Some(Digest::Sha1(*digest)),
        SignerDigest::HashCode(_) => None,
    }
}

/// `a.b.c`, `b.c`, `c`.
fn parents(name: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(name), |name| name.split_once('.').map(|(_, parent)| parent))
}

/// The keys of the indicators that a URL meets.
fn url_keys(parts: &UrlParts) -> Vec<String> {
    let host = parts.host_text();
    let with_port = parts.port.map(|port| format!("{host} {port}"));
    let mut keys = Vec::new();
    for start in std::iter::once(host).chain(with_port) {
        keys.push(start.clone());
        keys.extend(
            prefixes(&parts.path, '/').filter(|path| !path.is_empty()).map(|path| format!("{start}{path}")),
        );
        let queries = parts.query.iter().flat_map(|query| prefixes(query, '&'));
        keys.extend(queries.map(|query| format!("{start}{}?{query}", parts.path)));
    }
    keys
}

/// `text` up to each `separator` (not the one it may start with), and `text` itself.
fn prefixes(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let ends = text.char_indices().filter(move |(at, c)| *c == separator && *at > 0).map(|(at, _)| at);
    let parts = ends.take(MAX_PARTS).filter_map(|at| text.get(..at));
    parts.chain(std::iter::once(text))
}
