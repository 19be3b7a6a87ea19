//! What people read, in their language. `texts/en.toml` documents the files for translators.
//!
//! A language is English with its own texts laid over it, so that a missing translation is read in English.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::error::PolicyError;
use super::total::Total;
use crate::model::{CheckId, Detection, Level, OsVersion, Platform, Severity, Verdict};

/// A language that there are texts in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// English.
    #[default]
    En,
    /// Korean.
    Ko,
}

impl Language {
    /// Every language that there are texts in.
    pub const ALL: &'static [Self] = &[Self::En, Self::Ko];

    /// The best language for a BCP 47 tag (`ko-KR`) or a POSIX locale (`ko_KR.UTF-8`): English where there is
    /// none.
    pub fn from_tag(tag: &str) -> Self {
        let primary = tag.split(['-', '_', '.', '@']).next().unwrap_or_default();
        if primary.eq_ignore_ascii_case("ko") { Self::Ko } else { Self::En }
    }

    /// The BCP 47 tag.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Ko => "ko",
        }
    }
}

/// The operating system that a fix is for: menus differ between systems, and move between their versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct System {
    /// Which one.
    pub platform: Platform,
    /// Its version, where that is known.
    pub version: Option<OsVersion>,
}

/// The texts of every language. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Texts {
    en: Arc<LanguageTexts>,
    ko: Arc<LanguageTexts>,
}

impl Texts {
    /// The texts that are part of the library. A test proves that they parse.
    pub(super) fn embedded() -> Result<Self, PolicyError> {
        let en = read("en.toml", ENGLISH)?;
        let ko = laid_over(en.clone(), read("ko.toml", KOREAN)?);
        Ok(Self { en: Arc::new(parse("en.toml", en)?), ko: Arc::new(parse("ko.toml", ko)?) })
    }

    pub(super) fn of(&self, language: Language) -> &LanguageTexts {
        match language {
            Language::En => &self.en,
            Language::Ko => &self.ko,
        }
    }
}

pub(super) const ENGLISH: &str = include_str!("texts/en.toml");
pub(super) const KOREAN: &str = include_str!("texts/ko.toml");

/// All texts of one language.
#[derive(Clone, Debug)]
pub(super) struct LanguageTexts {
    levels: Levels,
    severities: Severities,
    verdicts: Verdicts,
    checks: Total<CheckId, CheckTexts>,
    detections: Total<Detection, DetectionTexts>,
    pub(super) phrases: Phrases,
}

impl LanguageTexts {
    pub(super) fn level(&self, level: Level) -> &str {
        match level {
            Level::Secured => &self.levels.secured,
            Level::Low => &self.levels.low,
            Level::Medium => &self.levels.medium,
            Level::High => &self.levels.high,
            Level::Unknown => &self.levels.unknown,
            Level::Misconfigured => &self.levels.misconfigured,
        }
    }

    pub(super) fn severity(&self, severity: Severity) -> &str {
        match severity {
            Severity::None => &self.severities.none,
            Severity::Low => &self.severities.low,
            Severity::Medium => &self.severities.medium,
            Severity::High => &self.severities.high,
        }
    }

    pub(super) fn verdict(&self, verdict: Verdict) -> &str {
        match verdict {
            Verdict::Clean => &self.verdicts.clean,
            Verdict::Benign => &self.verdicts.benign,
            Verdict::Inconclusive => &self.verdicts.inconclusive,
            Verdict::Suspicious => &self.verdicts.suspicious,
            Verdict::Confirmed => &self.verdicts.confirmed,
        }
    }

    pub(super) fn check(&self, check: CheckId) -> &CheckTexts {
        self.checks.get(check)
    }

    pub(super) fn detection(&self, detection: Detection) -> &DetectionTexts {
        self.detections.get(detection)
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Levels {
    secured: String,
    low: String,
    medium: String,
    high: String,
    unknown: String,
    misconfigured: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Severities {
    none: String,
    low: String,
    medium: String,
    high: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Verdicts {
    clean: String,
    benign: String,
    inconclusive: String,
    suspicious: String,
    confirmed: String,
}

/// The texts of one check.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CheckTexts {
    /// What is checked, fit for a list.
    pub(super) name: String,
    /// What to do when a permission or setting is missing.
    pub(super) allow: String,
}

/// The texts of one detection.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DetectionTexts {
    pub(super) title: String,
    pub(super) meaning: String,
    /// What the user does now, in a few words.
    pub(super) action: String,
    fix: String,
    fix_ios: Option<String>,
    fix_android: Option<String>,
    fix_linux: Option<String>,
    #[serde(default)]
    fix_ios_from: BTreeMap<OsVersion, String>,
    #[serde(default)]
    fix_android_from: BTreeMap<OsVersion, String>,
    /// What an administrator checks or does.
    pub(super) admin: String,
}

impl DetectionTexts {
    /// What the user does now, step by step, on this system: as of the greatest version that its own has reached.
    pub(super) fn fix(&self, system: &System) -> &str {
        let (of_platform, by_version) = match system.platform {
            Platform::Ios => (&self.fix_ios, Some(&self.fix_ios_from)),
            Platform::Android => (&self.fix_android, Some(&self.fix_android_from)),
            Platform::Linux => (&self.fix_linux, None),
        };
        let known = system.version.as_ref().zip(by_version);
        let of_version = known
            .and_then(|(version, fixes)| fixes.range::<OsVersion, _>(..=version).next_back())
            .map(|(_, fix)| fix);
        of_version.or(of_platform.as_ref()).unwrap_or(&self.fix)
    }
}

/// The phrases that an explanation is made of.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Phrases {
    pub(super) headline_secured: String,
    pub(super) headline_risk: String,
    pub(super) headline_gap: String,
    pub(super) headline_gap_and_risk: String,
    pub(super) about: String,
    pub(super) more: String,
    pub(super) unnamed: String,
    pub(super) gap_unknown_fix: String,
    pub(super) gap_not_permitted_fix: String,
    pub(super) step_check: String,
    pub(super) recorded_no_severity: String,
    pub(super) recorded_ignored: String,
    pub(super) recorded_grace: String,
}

/// `template` with each `{name}` replaced by its value. What a value holds is never looked at again, and a name
/// without a value stays as it is.
pub(super) fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let value = after.split_once('}').and_then(|(name, tail)| {
            values.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value, tail))
        });
        match value {
            Some((value, tail)) => {
                filled.push_str(value);
                rest = tail;
            }
            None => {
                filled.push('{');
                rest = after;
            }
        }
    }
    filled + rest
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    level: Levels,
    severity: Severities,
    verdict: Verdicts,
    phrase: Phrases,
    check: BTreeMap<CheckId, CheckTexts>,
    detection: BTreeMap<Detection, DetectionTexts>,
}

fn read(file: &'static str, text: &str) -> Result<toml::Table, PolicyError> {
    text.parse().map_err(|error: toml::de::Error| texts_error(file, error.message()))
}

pub(super) fn parse(file: &'static str, table: toml::Table) -> Result<LanguageTexts, PolicyError> {
    let texts = File::deserialize(table).map_err(|error| texts_error(file, &error.to_string()))?;
    let no_check = |check: CheckId| texts_error(file, &format!("no texts for check \"{check}\""));
    let no_detection =
        |detection: Detection| texts_error(file, &format!("no texts for detection \"{detection}\""));
    Ok(LanguageTexts {
        levels: texts.level,
        severities: texts.severity,
        verdicts: texts.verdict,
        phrases: texts.phrase,
        checks: Total::from_map(texts.check).map_err(no_check)?,
        detections: Total::from_map(texts.detection).map_err(no_detection)?,
    })
}

/// `base` with every value of `top` in place of its own; tables are joined.
pub(super) fn laid_over(mut base: toml::Table, top: toml::Table) -> toml::Table {
    for (key, value) in top {
        let joined = match (base.remove(&key), value) {
            (Some(toml::Value::Table(below)), toml::Value::Table(above)) => laid_over(below, above).into(),
            (_, value) => value,
        };
        base.insert(key, joined);
    }
    base
}

fn texts_error(file: &'static str, message: &str) -> PolicyError {
    PolicyError::Texts { file, message: message.split_whitespace().collect::<Vec<_>>().join(" ") }
}
