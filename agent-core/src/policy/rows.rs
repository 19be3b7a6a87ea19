//! The policy in force: the rows of the file, and what the organisation changed.

use serde::{Deserialize, Serialize};

use super::composite::Composite;
use super::document::{self, Document};
use super::error::PolicyError;
use super::overrides::Overrides;
use super::texts::{Language, LanguageTexts, Texts};
use crate::model::{Detection, Finding, Judgement, PolicyOverride, Severity, Timestamp, Verdict, Weight};

/// The policy file that is part of the library.
pub const EMBEDDED: &str = include_str!("default.toml");

/// What counts, and how much. Cheap to keep, not to make: parse it once.
#[derive(Clone, Debug)]
pub struct Policy {
    document: Document,
    overrides: Overrides,
    texts: Texts,
}

impl Policy {
    /// The policy that is part of the library. A test proves that it parses.
    pub fn embedded() -> Result<Self, PolicyError> {
        Self::parse(EMBEDDED)
    }

    /// Reads a policy file. Its texts are those of the library.
    pub fn parse(toml: &str) -> Result<Self, PolicyError> {
        Ok(Self { document: document::parse(toml)?, overrides: Overrides::none(), texts: Texts::embedded()? })
    }

    /// Reads the policy file of an organisation, which may have been written for another version of the agent: what
    /// this agent does not know is left out and named, what the file lacks is as it is here. Everything else that is
    /// wrong with a file is an error.
    pub fn replaced_by(&self, toml: &str) -> Result<(Self, Vec<PolicyError>), PolicyError> {
        let (document, notes) = document::parse_over(toml, &self.document)?;
        Ok((Self { document, overrides: Overrides::none(), texts: self.texts.clone() }, notes))
    }

    /// This policy as it is in force at `now`: with the organisation's changes in place of any earlier ones. A change
    /// that has expired does not hold; of two changes of one row and subject the later holds.
    #[must_use]
    pub fn with_overrides(&self, overrides: &[PolicyOverride], now: Timestamp) -> Self {
        Self { overrides: Overrides::holding(overrides, now), ..self.clone() }
    }

    /// The version of the file, told in every report.
    pub fn version(&self) -> u32 {
        self.document.version
    }

    /// Numbers that the analyses take.
    pub fn parameters(&self) -> &Parameters {
        &self.document.parameters
    }

    /// The row of the file, without the organisation's changes.
    pub fn row(&self, detection: Detection) -> &DetectionRow {
        self.document.rows.get(detection)
    }

    /// Every row of the file, in the order of [`Detection::ALL`].
    pub fn rows(&self) -> impl Iterator<Item = &DetectionRow> {
        self.document.rows.values()
    }

    /// The findings that are made of others, in the order of the file.
    pub fn composites(&self) -> &[Composite] {
        &self.document.composites
    }

    /// What a finding counts: nothing while the organisation gives time to mend it, then what its judgement does.
    pub fn weigh(&self, finding: &Finding) -> Weight {
        let severity = match self.overrides.is_in_grace(finding) {
            true => Severity::None,
            false => self.severity(&finding.judgement),
        };
        Weight { severity, ignored: self.ignored(&finding.judgement).map(str::to_owned) }
    }

    /// What a judgement counts. Only confirmed and suspicious verdicts do; an organisation's change sets both.
    pub fn severity(&self, judgement: &Judgement) -> Severity {
        let row = self.row(judgement.detection);
        let default = match judgement.verdict {
            Verdict::Clean | Verdict::Benign | Verdict::Inconclusive => return Severity::None,
            Verdict::Suspicious => row.suspicious,
            Verdict::Confirmed => row.confirmed,
        };
        self.changed(judgement).and_then(|change| change.severity).unwrap_or(default)
    }

    /// Why the organisation sets a judgement aside, if it does.
    pub fn ignored(&self, judgement: &Judgement) -> Option<&str> {
        self.changed(judgement).filter(|change| change.ignore).map(|change| change.reason.as_str())
    }

    /// The organisation's change that holds for a judgement.
    pub fn changed(&self, judgement: &Judgement) -> Option<&PolicyOverride> {
        self.overrides.of(judgement.detection, &judgement.subject)
    }

    /// From when on a finding counts that does not count yet: the first scan after that moment raises the level.
    pub fn counts_from(&self, finding: &Finding) -> Option<Timestamp> {
        let waits = finding.severity == Severity::None && self.severity(&finding.judgement) > Severity::None;
        self.overrides.grace_ends(finding).filter(|_| waits && self.ignored(&finding.judgement).is_none())
    }

    /// The title of a detection.
    pub fn title(&self, detection: Detection, language: Language) -> &str {
        &self.texts(language).detection(detection).title
    }

    /// What a detection means for the user.
    pub fn meaning(&self, detection: Detection, language: Language) -> &str {
        &self.texts(language).detection(detection).meaning
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

/// Numbers that the agent takes from the policy.
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
    /// Hours after a scan from which on its results no longer tell the level. At least 1.
    pub stale_after_hours: u32,
}

impl Parameters {
    /// The names in the file.
    pub(super) const NAMES: &'static [&'static str] = &[
        "patch_max_age_days",
        "patch_overdue_days",
        "minimum_target_sdk",
        "contact_days",
        "stale_after_hours",
    ];

    /// These with the values of `table` in their place.
    pub(super) fn overlaid(&self, table: &toml::Table) -> Self {
        let value = |name: &str, here: u32| {
            let value = table.get(name).and_then(toml::Value::as_integer);
            value.and_then(|value| u32::try_from(value).ok()).unwrap_or(here)
        };
        Self {
            patch_max_age_days: value("patch_max_age_days", self.patch_max_age_days),
            patch_overdue_days: value("patch_overdue_days", self.patch_overdue_days),
            minimum_target_sdk: value("minimum_target_sdk", self.minimum_target_sdk),
            contact_days: value("contact_days", self.contact_days),
            stale_after_hours: value("stale_after_hours", self.stale_after_hours),
        }
    }
}
