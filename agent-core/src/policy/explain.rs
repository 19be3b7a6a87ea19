//! Why the level is what it is, in a person's language.

use std::borrow::Cow;
use std::cmp::Reverse;

use serde::Serialize;

use super::Assessment;
use super::rows::Policy;
use super::targets::{Step, Target, better_than};
use super::texts::{Language, LanguageTexts, System, fill};
use crate::model::{
    CheckId, Coverage, CoverageItem, Detection, Evidence, Finding, FindingState, Judgement, Level, RiskLevel,
    Severity, Timestamp, Verdict,
};

/// Most findings or checks that a headline names. It is one line on a lock screen.
const MAX_NAMED: usize = 3;

/// A level, and everything that a person needs to understand and to change it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The language of all texts but `reason`, `why` and evidence, which come from the checks.
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
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
    /// Why it counts what it counts.
    pub rule: Rule,
    /// What it means for the user.
    pub meaning: String,
    /// What the user does now, with where to tap on this version of the system where that is known.
    pub fix: String,
    /// What an administrator checks or does.
    pub admin_note: String,
    /// When it was first seen.
    pub detected_at: Timestamp,
    /// From when on it counts, where the organisation gives time to mend it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counts_from: Option<Timestamp>,
}

/// Where a severity comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// The row of the policy.
    pub id: Detection,
    /// Where its default comes from.
    pub source: String,
    /// MITRE ATT&CK for Mobile technique.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attack: Option<String>,
    /// Why the organisation changed the row, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed_because: Option<String>,
    /// When that change ends, if it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed_until: Option<Timestamp>,
}

/// A required check without a result, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExplainedGap {
    /// The check.
    pub check: CheckId,
    /// The same, for a person.
    pub name: String,
    /// How far it got, and why no further, in the check's English.
    #[serde(flatten)]
    pub coverage: Coverage,
    /// What the user does now.
    pub fix: String,
}

/// A finding that does not count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RecordedFinding {
    /// The finding.
    #[serde(flatten)]
    pub finding: ExplainedFinding,
    /// Why it does not count.
    pub because: String,
}

/// Explains an assessment that was made of these findings under this policy.
///
/// Resolved findings are not told.
pub fn explain(
    assessment: &Assessment,
    findings: &[Finding],
    policy: &Policy,
    language: Language,
    system: &System,
) -> Explanation {
    let teller = Teller { policy, texts: policy.texts(language), system };
    let mut sorted: Vec<_> = findings.iter().collect();
    sorted.sort_by(|a, b| rank(a).cmp(&rank(b)));
    let counted: Vec<_> = sorted.iter().copied().filter(|finding| counts(finding)).collect();

    Explanation {
        language,
        level: assessment.level,
        level_name: teller.texts.level(assessment.level).to_owned(),
        at_least: assessment.at_least,
        headline: teller.headline(assessment, &counted),
        policy_version: policy.version(),
        findings: counted.iter().map(|finding| teller.finding(finding)).collect(),
        gaps: assessment.gaps.iter().map(|gap| teller.gap(gap)).collect(),
        to_reach: teller.targets(assessment, &counted),
        recorded: sorted.iter().filter_map(|finding| teller.recorded(finding)).collect(),
    }
}

fn counts(finding: &Finding) -> bool {
    finding.is_open() && finding.severity > Severity::None
}

/// The order in which findings are told: the gravest, then the surest, first.
fn rank(finding: &Finding) -> impl Ord + '_ {
    let judgement = &finding.judgement;
    (Reverse(finding.severity), Reverse(judgement.verdict), judgement.detection, judgement.subject.as_str())
}

/// Finds the words.
struct Teller<'a> {
    policy: &'a Policy,
    texts: &'a LanguageTexts,
    system: &'a System,
}

impl Teller<'_> {
    fn headline(&self, assessment: &Assessment, counted: &[&Finding]) -> String {
        let worst = counted.iter().filter(|finding| RiskLevel::from(finding.severity) == assessment.at_least);
        let causes = self.listed(worst.map(|finding| Cow::Owned(self.about(finding))));
        let checks = assessment.gaps.iter().map(|gap| self.texts.check(gap.check).name.as_str().into());

        let phrases = &self.texts.phrases;
        let template = match (assessment.level.risk(), assessment.at_least) {
            (Some(RiskLevel::Secured), _) => &phrases.headline_secured,
            (Some(_), _) => &phrases.headline_risk,
            (None, RiskLevel::Secured) => &phrases.headline_gap,
            (None, _) => &phrases.headline_gap_and_risk,
        };
        let values = [
            ("level", self.texts.level(assessment.level)),
            ("at_least", self.texts.level(assessment.at_least.into())),
            ("causes", &causes),
            ("checks", &self.listed(checks)),
        ];
        fill(template, &values)
    }

    /// The first few, and how many more there are.
    fn listed<'b>(&self, items: impl Iterator<Item = Cow<'b, str>>) -> String {
        let mut items: Vec<_> = items.collect();
        let more = items.len().saturating_sub(MAX_NAMED);
        items.truncate(MAX_NAMED);
        let list = items.join(", ");
        match more {
            0 => list,
            more => fill(&self.texts.phrases.more, &[("list", &list), ("count", &more.to_string())]),
        }
    }

    /// `TLS interception`, or `Harmful app (com.example.tracker)`.
    fn about(&self, finding: &Finding) -> String {
        let title = &self.texts.detection(finding.judgement.detection).title;
        if finding.judgement.subject.is_empty() {
            return title.clone();
        }
        fill(&self.texts.phrases.about, &[("title", title), ("subject", &finding.judgement.subject)])
    }

    fn finding(&self, finding: &Finding) -> ExplainedFinding {
        let judgement = &finding.judgement;
        let texts = self.texts.detection(judgement.detection);
        ExplainedFinding {
            detection: judgement.detection,
            title: texts.title.clone(),
            subject: judgement.subject.clone(),
            severity: finding.severity,
            severity_name: self.texts.severity(finding.severity).to_owned(),
            verdict: judgement.verdict,
            verdict_name: self.texts.verdict(judgement.verdict).to_owned(),
            reason: judgement.reason.clone(),
            evidence: judgement.evidence.clone(),
            rule: self.rule(judgement),
            meaning: self.with_subject(&texts.meaning, finding),
            fix: self.with_subject(texts.fix(self.system), finding),
            admin_note: texts.admin.clone(),
            detected_at: finding.detected_at,
            counts_from: self.policy.counts_from(finding),
        }
    }

    fn rule(&self, judgement: &Judgement) -> Rule {
        let row = self.policy.row(judgement.detection);
        let change = self.policy.changed(judgement);
        Rule {
            id: judgement.detection,
            source: row.source.clone(),
            attack: row.attack.clone(),
            changed_because: change.map(|change| change.reason.clone()),
            changed_until: change.and_then(|change| change.expires),
        }
    }

    fn with_subject(&self, template: &str, finding: &Finding) -> String {
        let subject = match finding.judgement.subject.as_str() {
            "" => &self.texts.phrases.unnamed,
            subject => subject,
        };
        fill(template, &[("subject", subject)])
    }

    fn gap(&self, gap: &CoverageItem) -> ExplainedGap {
        ExplainedGap {
            check: gap.check,
            name: self.texts.check(gap.check).name.clone(),
            coverage: gap.coverage.clone(),
            fix: self.gap_fix(gap),
        }
    }

    fn gap_fix(&self, gap: &CoverageItem) -> String {
        match gap.coverage {
            Coverage::NotPermitted { .. } => {
                let allow = &self.texts.check(gap.check).allow;
                fill(&self.texts.phrases.gap_not_permitted_fix, &[("allow", allow)])
            }
            Coverage::Unknown { .. } | Coverage::Complete => self.texts.phrases.gap_unknown_fix.clone(),
        }
    }

    fn targets(&self, assessment: &Assessment, counted: &[&Finding]) -> Vec<Target> {
        let target = |level: &RiskLevel| Target {
            level: *level,
            level_name: self.texts.level((*level).into()).to_owned(),
            steps: self.steps(*level, assessment, counted),
        };
        better_than(assessment.level).iter().map(target).collect()
    }

    /// What has to go for a level below high: every finding above it, and every gap.
    fn steps(&self, level: RiskLevel, assessment: &Assessment, counted: &[&Finding]) -> Vec<Step> {
        let above = counted.iter().filter(|finding| RiskLevel::from(finding.severity) > level);
        let resolve = above.map(|finding| Step::Resolve {
            detection: finding.judgement.detection,
            subject: finding.judgement.subject.clone(),
            text: self.with_subject(&self.texts.detection(finding.judgement.detection).action, finding),
        });
        let cover = assessment.gaps.iter().map(|gap| Step::Cover {
            check: gap.check,
            text: fill(&self.texts.phrases.step_check, &[("check", &self.texts.check(gap.check).name)]),
        });
        resolve.chain(cover).collect()
    }

    fn recorded(&self, finding: &Finding) -> Option<RecordedFinding> {
        let because = match &finding.state {
            FindingState::Ignored { reason, .. } => {
                fill(&self.texts.phrases.recorded_ignored, &[("reason", reason)])
            }
            FindingState::Open if finding.severity == Severity::None => self.why_it_counts_nothing(finding),
            FindingState::Open | FindingState::Resolved { .. } => return None,
        };
        Some(RecordedFinding { finding: self.finding(finding), because })
    }

    fn why_it_counts_nothing(&self, finding: &Finding) -> String {
        let phrases = &self.texts.phrases;
        match (self.policy.counts_from(finding), self.policy.changed(&finding.judgement)) {
            (Some(from), Some(change)) => {
                let values = [("counts_from", from.to_string()), ("reason", change.reason.clone())];
                fill(&phrases.recorded_grace, &values.each_ref().map(|(name, value)| (*name, value.as_str())))
            }
            _ => phrases.recorded_no_severity.clone(),
        }
    }
}
