//! Why the level is what it is, in a person's language.

use std::time::SystemTime;

use agent_core::policy as core;

use super::{
    CheckId, Coverage, Detection, Evidence, Language, Level, RiskLevel, Severity, Verdict, system_time,
};

/// A level, and everything that a person needs to understand and to change it.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Explanation {
    /// The language of all texts but `reason`, `why` and evidence, which come from the checks in English.
    pub language: Language,
    /// The level.
    pub level: Level,
    /// Its name.
    pub level_name: String,
    /// The worst open finding, which a gap may hide.
    pub at_least: RiskLevel,
    /// One line: the level and its cause.
    pub headline: String,
    /// The version of the policy file.
    pub policy_version: u32,
    /// The findings that count, the gravest first.
    pub findings: Vec<ExplainedFinding>,
    /// The required checks without a result.
    pub gaps: Vec<ExplainedGap>,
    /// For each better level, what would bring it; the nearest first.
    pub to_reach: Vec<Target>,
    /// The findings that do not count, and why not.
    pub recorded: Vec<RecordedFinding>,
}

/// A finding in words.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct ExplainedFinding {
    /// What was found.
    pub detection: Detection,
    /// The same, for a person.
    pub title: String,
    /// Of what; empty where the device or the network as a whole is meant.
    pub subject: String,
    /// How bad it is.
    pub severity: Severity,
    /// The same, for a person.
    pub severity_name: String,
    /// How sure it is.
    pub verdict: Verdict,
    /// The same, for a person.
    pub verdict_name: String,
    /// Why, in the analysis' English.
    pub reason: String,
    /// What it rests on.
    pub evidence: Vec<Evidence>,
    /// Where its severity comes from.
    pub rule: Rule,
    /// What it means for the user.
    pub meaning: String,
    /// What the user does now, with where to tap on this version of the system where that is known.
    pub fix: String,
    /// What an administrator checks or does.
    pub admin_note: String,
    /// When it was first seen.
    pub detected_at: SystemTime,
    /// From when on it counts, where the organisation gives time to mend it.
    pub counts_from: Option<SystemTime>,
}

/// Where a severity comes from.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Rule {
    /// The row of the policy file, by its name there: `network.tls_interception`.
    pub id: String,
    /// Where its default comes from.
    pub source: String,
    /// MITRE ATT&CK for Mobile technique, such as `T1638`.
    pub attack: Option<String>,
    /// Why the organisation changed the row, if it did.
    pub changed_because: Option<String>,
    /// When that change ends, if it does.
    pub changed_until: Option<SystemTime>,
}

/// A required check without a result, in words.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct ExplainedGap {
    /// The check.
    pub check: CheckId,
    /// The same, for a person.
    pub name: String,
    /// How far it got, and why no further, in the check's English.
    pub coverage: Coverage,
    /// What the user does now.
    pub fix: String,
}

/// A finding that does not count.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct RecordedFinding {
    /// The finding.
    pub finding: ExplainedFinding,
    /// Why it does not count.
    pub because: String,
}

/// A better level, and everything that has to happen for it.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Target {
    /// The level that is reached, or a better one.
    pub level: RiskLevel,
    /// Its name.
    pub level_name: String,
    /// All of these, and nothing else: the gravest findings first, then the gaps.
    pub steps: Vec<Step>,
}

/// One thing that has to go.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Step {
    /// A finding that must be resolved.
    Resolve {
        /// What was found.
        detection: Detection,
        /// Of what; empty where the device or the network as a whole is meant.
        subject: String,
        /// What to do, in a few words.
        text: String,
    },
    /// A required check that must come to a result.
    Cover {
        /// The check.
        check: CheckId,
        /// What to do, in a few words.
        text: String,
    },
}

/// The best language for a BCP 47 tag (`ko-KR`): English where there is none.
#[uniffi::export]
pub fn language_for(tag: &str) -> Language {
    Language::from_tag(tag)
}

impl From<core::Explanation> for Explanation {
    fn from(explanation: core::Explanation) -> Self {
        Self {
            language: explanation.language,
            level: explanation.level,
            level_name: explanation.level_name,
            at_least: explanation.at_least,
            headline: explanation.headline,
            policy_version: explanation.policy_version,
            findings: explanation.findings.into_iter().map(Into::into).collect(),
            gaps: explanation.gaps.into_iter().map(Into::into).collect(),
            to_reach: explanation.to_reach.into_iter().map(Into::into).collect(),
            recorded: explanation.recorded.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<core::ExplainedFinding> for ExplainedFinding {
    fn from(finding: core::ExplainedFinding) -> Self {
        Self {
            detection: finding.detection,
            title: finding.title,
            subject: finding.subject,
            severity: finding.severity,
            severity_name: finding.severity_name,
            verdict: finding.verdict,
            verdict_name: finding.verdict_name,
            reason: finding.reason,
            evidence: finding.evidence.into_iter().map(Into::into).collect(),
            rule: finding.rule.into(),
            meaning: finding.meaning,
            fix: finding.fix,
            admin_note: finding.admin_note,
            detected_at: system_time(finding.detected_at),
            counts_from: finding.counts_from.map(system_time),
        }
    }
}

impl From<core::Rule> for Rule {
    fn from(rule: core::Rule) -> Self {
        Self {
            id: rule.id.to_string(),
            source: rule.source,
            attack: rule.attack,
            changed_because: rule.changed_because,
            changed_until: rule.changed_until.map(system_time),
        }
    }
}

impl From<core::ExplainedGap> for ExplainedGap {
    fn from(gap: core::ExplainedGap) -> Self {
        Self { check: gap.check, name: gap.name, coverage: gap.coverage.into(), fix: gap.fix }
    }
}

impl From<core::RecordedFinding> for RecordedFinding {
    fn from(recorded: core::RecordedFinding) -> Self {
        Self { finding: recorded.finding.into(), because: recorded.because }
    }
}

impl From<core::Target> for Target {
    fn from(target: core::Target) -> Self {
        let steps = target.steps.into_iter().map(Into::into).collect();
        Self { level: target.level, level_name: target.level_name, steps }
    }
}

impl From<core::Step> for Step {
    fn from(step: core::Step) -> Self {
        match step {
            core::Step::Resolve { detection, subject, text } => Self::Resolve { detection, subject, text },
            core::Step::Cover { check, text } => Self::Cover { check, text },
        }
    }
}

/// What is known of a URL.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct UrlVerdict {
    /// How bad going there is, under the policy in force.
    pub severity: Severity,
    /// How far the look-up got. What is not complete is not clean.
    pub coverage: Coverage,
    /// What was found, the gravest first.
    pub findings: Vec<ExplainedFinding>,
}

impl From<agent_core::agent::UrlVerdict> for UrlVerdict {
    fn from(verdict: agent_core::agent::UrlVerdict) -> Self {
        Self {
            severity: verdict.severity,
            coverage: verdict.coverage.into(),
            findings: verdict.findings.into_iter().map(Into::into).collect(),
        }
    }
}
