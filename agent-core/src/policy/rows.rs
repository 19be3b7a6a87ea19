//! The policy in force: the rows of the file, and what the organisation changed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::document;
use super::error::PolicyError;
use super::texts::{Language, LanguageTexts, Texts};
use super::total::Total;
use crate::model::{Detection, PolicyOverride, Severity, Verdict};

/// What counts, and how much. Cheap to keep, not to make: parse it once.
#[derive(Clone, Debug)]
pub struct Policy {
    pub(super) version: u32,
    pub(super) parameters: Parameters,
    pub(super) rows: Total<Detection, DetectionRow>,
    pub(super) overrides: BTreeMap<Detection, PolicyOverride>,
    pub(super) texts: Texts,
}

impl Policy {
    /// The policy that is part of the library. A test proves that it parses.
    pub fn embedded() -> Result<Self, PolicyError> {
        Self::parse(include_str!("default.toml"))
    }

    /// Reads a policy file. Its texts are those of the library.
    pub fn parse(toml: &str) -> Result<Self, PolicyError> {
        let document = document::parse(toml)?;
        Ok(Self {
            version: document.version,
            parameters: document.parameters,
            rows: document.rows,
            overrides: BTreeMap::new(),
            texts: Texts::embedded()?,
        })
    }

    /// This policy with the organisation's changes in place of any earlier ones. Of two changes of one row the
    /// later holds.
    #[must_use]
    pub fn with_overrides(&self, overrides: &[PolicyOverride]) -> Self {
        let overrides = overrides.iter().map(|change| (change.detection, change.clone())).collect();
        Self { overrides, ..self.clone() }
    }

    /// The version of the file, told in every report.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// Numbers that the analyses take.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// The row of the file, without the organisation's changes.
    pub fn row(&self, detection: Detection) -> &DetectionRow {
        self.rows.get(detection)
    }

    /// Every row of the file, in the order of [`Detection::ALL`].
    pub fn rows(&self) -> impl Iterator<Item = &DetectionRow> {
        self.rows.values()
    }

    /// What a judgement counts. Only confirmed and suspicious verdicts do; an organisation's change sets both.
    pub fn severity(&self, detection: Detection, verdict: Verdict) -> Severity {
        let row = self.row(detection);
        let default = match verdict {
            Verdict::Clean | Verdict::Benign | Verdict::Inconclusive => return Severity::None,
            Verdict::Suspicious => row.suspicious,
            Verdict::Confirmed => row.confirmed,
        };
        self.changed(detection).and_then(|change| change.severity).unwrap_or(default)
    }

    /// Why findings of this detection are set aside, if the organisation does so.
    pub fn ignored(&self, detection: Detection) -> Option<&str> {
        self.changed(detection).filter(|change| change.ignore).map(|change| change.reason.as_str())
    }

    /// The organisation's change of this row.
    pub fn changed(&self, detection: Detection) -> Option<&PolicyOverride> {
        self.overrides.get(&detection)
    }

    pub(super) fn texts(&self, language: Language) -> &LanguageTexts {
        self.texts.of(language)
    }
}

/// One detection, as the policy file sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DetectionRow {
    /// Which.
    pub id: Detection,
    /// What a proved finding counts.
    pub confirmed: Severity,
    /// What a finding without proof counts; never more than `confirmed`.
    pub suspicious: Severity,
    /// Where these defaults come from.
    pub source: String,
    /// MITRE ATT&CK for Mobile technique: `T1638`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attack: Option<String>,
    /// What can make a finding go away; never empty.
    pub resolved_by: Vec<ResolvingEvent>,
}

/// An event after which another look is worth while.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResolvingEvent {
    /// Any later scan.
    Rescan,
    /// The device is on another network.
    NetworkChanged,
    /// An app was removed.
    AppRemoved,
    /// An app was updated.
    AppUpdated,
    /// An app came under management.
    AppManaged,
    /// A setting of the device changed.
    SettingChanged,
    /// The operating system was updated or restored.
    SystemUpdated,
}

/// Numbers that the analyses take from the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// Days since the newest security patch after which it is late: suspicious.
    pub patch_max_age_days: u32,
    /// Days since the newest security patch after which nothing explains it: confirmed. Not below
    /// `patch_max_age_days`.
    pub patch_overdue_days: u32,
    /// Lowest Android `targetSdkVersion` that is not very old.
    pub minimum_target_sdk: u32,
    /// Days for which contact with a host of the threat intelligence counts.
    pub contact_days: u32,
}
