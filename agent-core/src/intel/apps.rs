//! Installed apps, judged by threat intelligence: the indicators of the settings, and those of the bundle.
//!
//! An app is judged once for each detection, by the surest and most exact statement; the others are told besides. How
//! grave a statement is decides which detection it becomes.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::bundle::{Attribution, Bundle, BundleError};
use super::index::{Hit, Matched};
use super::lookup::IntelHit;
use super::matcher::Matcher;
use super::value::ValueKind;
use crate::model::{
    AppId, AppRecord, CheckId, CheckOutcome, Coverage, Detection, Inventory, Judgement, Severity,
    SignerDigest, ThreatCategory, Timestamp, Verdict,
};

/// Most matches that a judgement tells beside the best one; the rest are counted. An app that is on every list is
/// no worse than one on a few.
const MAX_OTHERS_TOLD: usize = 7;

/// What apps are judged by.
#[derive(Clone, Copy, Debug)]
pub struct AppJudge<'a> {
    /// The indicators of the settings.
    pub matcher: &'a Matcher,
    /// The threat intelligence, where there is any.
    pub bundle: Option<&'a Bundle>,
    /// Why there is no bundle though there should be, in words.
    pub fault: Option<&'a str>,
    /// When.
    pub now: Timestamp,
}

impl AppJudge<'_> {
    /// Judges every app: one judgement for each app and detection, the gravest first.
    ///
    /// Without a usable indicator there is nothing to say about any app. Where the bundle cannot be read, what was found
    /// stands, and what was not found is not clean.
    pub fn judge(&self, inventory: &Inventory) -> CheckOutcome {
        if self.indicators() == 0 && self.bundle.is_none() {
            let why = self.fault.map_or_else(|| self.why_unusable(), bundle_unusable);
            return CheckOutcome::unknown(CheckId::AppIndicators, why);
        }

        let mut unreadable = None;
        let mut found: BTreeMap<(Detection, &str), Found<'_>> = BTreeMap::new();
        for app in &inventory.apps {
            let mut statements: Vec<_> =
                self.matcher.index.hits(app).iter().map(Statement::of_settings).collect();
            match self.of_bundle(app) {
                Ok(of_bundle) => statements.extend(of_bundle),
                Err(error) => unreadable = unreadable.or(Some(error.to_string())),
            }
            for statement in statements {
                let of_one = found.entry((statement.detection(), subject(app)));
                of_one.or_insert_with(|| Found { app, statements: Vec::new() }).statements.push(statement);
            }
        }
        let judgements = found.into_iter().filter_map(|((detection, _), it)| it.judgement(detection));
        let mut judgements: Vec<_> = judgements.collect();
        judgements.sort_by_key(|it| (it.detection != Detection::MaliciousApp, Reverse(it.verdict)));

        let summary = self.summary(inventory, judgements.len());
        let mut outcome = CheckOutcome::judged(CheckId::AppIndicators, summary, judgements);
        if let Some(why) = self.fault.or(unreadable.as_deref()).map(bundle_unusable) {
            outcome.summary += &format!("; {why}");
            outcome.coverage = Coverage::Unknown { why };
        }
        outcome
    }

    fn of_bundle(&self, app: &AppRecord) -> Result<Vec<Statement>, BundleError> {
        let hits = match self.bundle {
            Some(bundle) => bundle.check_app(app, self.now)?,
            None => Vec::new(),
        };
        Ok(hits.into_iter().map(|hit| Statement::of_bundle(hit, app)).collect())
    }

    fn indicators(&self) -> usize {
        self.matcher.index.len()
    }

    fn why_unusable(&self) -> String {
        match self.matcher.rejects().len() {
            0 => "no threat intelligence is loaded: enrol this device, or give it indicators".to_owned(),
            count => format!("none of {count} indicators can be used: the threat intelligence is damaged"),
        }
    }

    fn summary(&self, inventory: &Inventory, judged: usize) -> String {
        let apps = counted(inventory.apps.len(), "app", "apps");
        let indicators =
            (self.indicators() > 0).then(|| counted(self.indicators(), "indicator", "indicators"));
        let bundle = self.bundle.map(|bundle| format!("intelligence version {}", bundle.version()));
        let against: Vec<_> = indicators.into_iter().chain(bundle).collect();
        let matches = counted(judged, "match", "matches");
        let mut summary = format!("{apps} against {}: {matches}", against.join(" and "));

        let not_comparable = inventory.apps.iter().filter(|app| !is_comparable(app)).count();
        if not_comparable > 0 {
            summary += &format!("; {not_comparable} with neither identifier nor signer not compared");
        }
        let rejects = self.matcher.rejects().len();
        if rejects > 0 {
            summary += &format!("; {} not usable", counted(rejects, "indicator", "indicators"));
        }
        summary
    }
}

fn bundle_unusable(why: &str) -> String {
    format!("the intelligence bundle cannot be used: {why}")
}

fn counted(count: usize, one: &str, more: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { more })
}

/// What one source says of an app. The last in order is the one to be told first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Statement {
    verdict: Verdict,
    matched: Matched,
    severity: Severity,
    /// The indicator, as its source writes it.
    indicator: String,
    category: ThreatCategory,
    family: String,
    source: String,
    /// The app's own value, which differs from the indicator's in form.
    value: String,
    /// Of 100.
    confidence: Option<u8>,
    reference: Option<String>,
}

impl Statement {
    fn of_settings(hit: &Hit<'_>) -> Self {
        let of = hit.indicator;
        Self {
            verdict: hit.matched.verdict(),
            matched: hit.matched,
            severity: of.category.severity(),
            indicator: of.value.clone(),
            category: of.category,
            family: of.family.clone(),
            source: of.source.clone(),
            value: hit.value.clone(),
            confidence: None,
            reference: None,
        }
    }

    fn of_bundle(hit: IntelHit, app: &AppRecord) -> Self {
        let matched = match hit.kind {
            ValueKind::AppId if hit.weak => Matched::AppIdButForCase,
            ValueKind::AppId => Matched::AppId,
            ValueKind::SignedApp => Matched::SignedApp,
            ValueKind::FileHash => Matched::Package,
            _ => Matched::Signer,
        };
        let value = match matched {
            Matched::AppId | Matched::AppIdButForCase => subject(app).to_owned(),
            Matched::SignedApp | Matched::Signer | Matched::Package => hit.indicator.clone(),
        };
        let verdict = if hit.attribution.is_sure() { matched.verdict() } else { Verdict::Suspicious };
        let Attribution { category, family, source, severity, confidence, reference, .. } = hit.attribution;
        let indicator = hit.indicator;
        Self { verdict, matched, severity, indicator, category, family, source, value, confidence, reference }
    }

    /// What is legitimate in some hands is never malware, however grave a source calls it.
    fn detection(&self) -> Detection {
        if self.severity >= Severity::High && self.category != ThreatCategory::DualUse {
            Detection::MaliciousApp
        } else {
            Detection::UnwantedApp
        }
    }

    fn reason(&self) -> String {
        let Self { source, family, indicator, .. } = self;
        let category = self.category.in_words();
        match self.matched {
            Matched::AppId => format!("{source} lists this app identifier as {category} ({family})"),
            Matched::Signer => format!("{source} lists the signer of this app as {category} ({family})"),
            Matched::Package => {
                format!("{source} lists this app's very package file as {category} ({family})")
            }
            Matched::SignedApp => {
                format!("{source} lists this app identifier under this signer as {category} ({family})")
            }
            Matched::AppIdButForCase => format!(
                "{source} lists \"{indicator}\" as {category} ({family}); this identifier differs in upper and lower \
                 case only"
            ),
        }
    }
}

/// What is said of one app in one detection.
struct Found<'a> {
    app: &'a AppRecord,
    statements: Vec<Statement>,
}

impl Found<'_> {
    fn judgement(mut self, detection: Detection) -> Option<Judgement> {
        self.statements.sort_by(|a, b| b.cmp(a));
        let (best, others) = self.statements.split_first()?;
        let reason = best.reason();
        let mut told: Vec<String> = Vec::new();
        for other in others.iter().map(Statement::reason) {
            if other != reason && !told.contains(&other) {
                told.push(other);
            }
        }

        let mut judgement = Judgement::new(detection, best.verdict)
            .about(subject(self.app))
            .because(reason)
            .with("family", &best.family)
            .with("source", &best.source)
            .with("category", best.category)
            .with("matched_kind", best.matched.kind())
            .with("matched_value", &best.value);
        if let Some(confidence) = best.confidence {
            judgement = judgement.with("confidence", confidence);
        }
        if let Some(reference) = &best.reference {
            judgement = judgement.with("reference", reference);
        }
        if let Some(installer) = &self.app.installer {
            let installer = if installer.is_empty() { "none" } else { installer };
            judgement = judgement.with("installer", installer);
        }
        if let Some(version) = self.app.short_version.as_ref().or(self.app.version.as_ref()) {
            judgement = judgement.with("version", version);
        }
        for other in told.iter().take(MAX_OTHERS_TOLD) {
            judgement = judgement.with("also", other);
        }
        Some(match told.len().saturating_sub(MAX_OTHERS_TOLD) {
            0 => judgement,
            more => judgement.with("not_listed", more),
        })
    }
}

fn subject(app: &AppRecord) -> &str {
    app.id.as_ref().map_or(app.label(), AppId::as_str)
}

fn is_comparable(app: &AppRecord) -> bool {
    let identifies = |signer: &SignerDigest| !matches!(signer, SignerDigest::HashCode(_));
    app.id.is_some() || app.package_sha256.is_some() || app.signers.iter().any(identifies)
}

#[cfg(test)]
mod tests;
