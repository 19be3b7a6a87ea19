//! Indicators, sorted for looking apps up in them.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{AppId, AppRecord, Indicator, IndicatorKind, SignerDigest, Verdict};

/// An indicator that cannot be matched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    /// The indicator.
    pub indicator: Indicator,
    /// What is wrong with its value.
    pub why: &'static str,
}

/// What of an app an indicator met, and how well. Ordered by how well.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Hit<'a> {
    pub(super) matched: Matched,
    pub(super) indicator: &'a Indicator,
    /// The app's own value, which differs from the indicator's in form.
    pub(super) value: String,
}

/// How an indicator met an app, the weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Matched {
    /// The identifier, but for upper and lower case.
    AppIdButForCase,
    /// The identifier.
    AppId,
    /// A signing certificate.
    Signer,
    /// The identifier under a signing certificate.
    SignedApp,
    /// The package file.
    Package,
}

impl Matched {
    pub(super) const fn verdict(self) -> Verdict {
        match self {
            Self::AppIdButForCase => Verdict::Suspicious,
            Self::AppId | Self::Signer | Self::SignedApp | Self::Package => Verdict::Confirmed,
        }
    }

    /// The word that evidence calls it by.
    pub(super) const fn kind(self) -> &'static str {
        match self {
            Self::AppId | Self::AppIdButForCase => "app_id",
            Self::Signer => "signer",
            Self::SignedApp => "signed_app",
            Self::Package => "file_hash",
        }
    }
}

/// The usable indicators by what they are compared with. Duplicates count once.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    by_app_id: BTreeMap<AppId, BTreeSet<Indicator>>,
    /// Lower-cased identifiers, to the identifiers as they are written.
    by_lower_case: BTreeMap<String, BTreeSet<AppId>>,
    by_signer: BTreeMap<SignerDigest, BTreeSet<Indicator>>,
}

impl Index {
    /// Adds one; the error says what is wrong with its value.
    pub(super) fn insert(&mut self, indicator: &Indicator) -> Result<(), &'static str> {
        match indicator.kind {
            IndicatorKind::AppId => {
                let id = AppId::new(&indicator.value).ok_or("the app identifier is empty")?;
                self.by_lower_case.entry(lower_case(&id)).or_default().insert(id.clone());
                self.by_app_id.entry(id).or_default().insert(indicator.clone());
            }
            IndicatorKind::Signer => {
                let digest = signer(&indicator.value)?;
                self.by_signer.entry(digest).or_default().insert(indicator.clone());
            }
        }
        Ok(())
    }

    /// How many indicators there are.
    pub(super) fn len(&self) -> usize {
        self.by_app_id.values().chain(self.by_signer.values()).map(BTreeSet::len).sum()
    }

    /// Every indicator that meets `app`.
    pub(super) fn hits<'a>(&'a self, app: &AppRecord) -> Vec<Hit<'a>> {
        let mut hits = Vec::new();
        if let Some(id) = &app.id {
            for known in self.by_lower_case.get(&lower_case(id)).into_iter().flatten() {
                let matched = if known == id { Matched::AppId } else { Matched::AppIdButForCase };
                let indicators = self.by_app_id.get(known).into_iter().flatten();
                hits.extend(indicators.map(|indicator| Hit { indicator, matched, value: id.to_string() }));
            }
        }
        for digest in &app.signers {
            let indicators = self.by_signer.get(digest).into_iter().flatten();
            hits.extend(indicators.map(|indicator| Hit {
                indicator,
                matched: Matched::Signer,
                value: digest.to_string(),
            }));
        }
        hits
    }
}

fn lower_case(id: &AppId) -> String {
    id.as_str().to_lowercase()
}

/// Reads `sha256:` or `sha1:` and digits, or the digits alone, with or without colons, in either case.
fn signer(value: &str) -> Result<SignerDigest, &'static str> {
    let value = value.trim().to_ascii_lowercase();
    let digest = match value.parse() {
        Ok(digest) => digest,
        Err(_) => bare_digest(&value).ok_or("the signer is neither a SHA-256 nor a SHA-1 digest")?,
    };
    match digest {
        SignerDigest::Sha256(_) | SignerDigest::Sha1(_) => Ok(digest),
        SignerDigest::HashCode(_) => Err("32 bits of a hash code do not identify a signer"),
    }
}

fn bare_digest(value: &str) -> Option<SignerDigest> {
    let digits: String = value.chars().filter(|c| *c != ':').collect();
    let algorithm = match digits.len() {
        64 => "sha256",
        40 => "sha1",
        _ => return None,
    };
    format!("{algorithm}:{digits}").parse().ok()
}
