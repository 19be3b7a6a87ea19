//! Judges an inventory by the indicators.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::index::{Hit, Index, Matched, Reject};
use crate::model::{
    AppId, AppRecord, CheckId, CheckOutcome, Detection, Indicator, Inventory, Judgement, SignerDigest,
    ThreatCategory,
};

/// Most matches that a judgement tells beside the best one; the rest are counted. An app that is on every list is
/// no worse than one on a few.
const MAX_OTHERS_TOLD: usize = 7;

/// Looks apps up in threat intelligence.
#[derive(Clone, Debug, Default)]
pub struct Matcher {
    index: Index,
    rejects: Vec<Reject>,
}

impl Matcher {
    /// Takes the indicators that can be matched, and sets the others aside.
    pub fn new(indicators: &[Indicator]) -> Self {
        let mut matcher = Self::default();
        for indicator in indicators {
            if let Err(why) = matcher.index.insert(indicator) {
                matcher.rejects.push(Reject { indicator: indicator.clone(), why });
            }
        }
        matcher
    }

    /// The indicators that cannot be matched.
    pub fn rejects(&self) -> &[Reject] {
        &self.rejects
    }

    /// Judges every app: one judgement for each app and detection, the gravest first.
    ///
    /// Without a usable indicator there is nothing to say about any app.
    pub fn judge(&self, inventory: &Inventory) -> CheckOutcome {
        if self.index.len() == 0 {
            return CheckOutcome::unknown(CheckId::AppIndicators, self.why_unusable());
        }

        let mut found: BTreeMap<(Detection, String), Found> = BTreeMap::new();
        for app in &inventory.apps {
            for hit in self.index.hits(app) {
                match found.entry((detection(hit.indicator.category), subject(app))) {
                    Entry::Vacant(entry) => _ = entry.insert(Found { app, best: hit, others: Vec::new() }),
                    Entry::Occupied(entry) => entry.into_mut().add(hit),
                }
            }
        }
        let judgements = found.into_iter().map(|((detection, subject), it)| it.judgement(detection, subject));
        let mut judgements: Vec<_> = judgements.collect();
        judgements.sort_by_key(|it| (it.detection != Detection::MaliciousApp, Reverse(it.verdict)));

        let summary = self.summary(inventory, judgements.len());
        CheckOutcome::judged(CheckId::AppIndicators, summary, judgements)
    }

    fn why_unusable(&self) -> String {
        match self.rejects.len() {
            0 => "no threat intelligence is loaded: enrol this device, or give it indicators".to_owned(),
            count => format!("none of {count} indicators can be used: the threat intelligence is damaged"),
        }
    }

    fn summary(&self, inventory: &Inventory, judged: usize) -> String {
        let apps = counted(inventory.apps.len(), "app", "apps");
        let indicators = counted(self.index.len(), "indicator", "indicators");
        let mut summary = format!("{apps} against {indicators}: {}", counted(judged, "match", "matches"));

        let not_comparable = inventory.apps.iter().filter(|app| !is_comparable(app)).count();
        if not_comparable > 0 {
            summary += &format!("; {not_comparable} with neither identifier nor signer not compared");
        }
        if !self.rejects.is_empty() {
            summary += &format!("; {} not usable", counted(self.rejects.len(), "indicator", "indicators"));
        }
        summary
    }
}

fn counted(count: usize, one: &str, more: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { more })
}

/// The matches of one app in one detection.
struct Found<'a> {
    app: &'a AppRecord,
    best: Hit<'a>,
    others: Vec<Hit<'a>>,
}

impl<'a> Found<'a> {
    fn add(&mut self, mut hit: Hit<'a>) {
        if hit > self.best {
            std::mem::swap(&mut hit, &mut self.best);
        }
        self.others.push(hit);
    }

    fn judgement(mut self, detection: Detection, subject: String) -> Judgement {
        self.others.sort_by(|a, b| b.cmp(a));
        self.others.dedup();
        self.others.retain(|hit| *hit != self.best);

        let best = &self.best;
        let indicator = best.indicator;
        let mut judgement = Judgement::new(detection, best.matched.verdict())
            .about(subject)
            .because(reason(best))
            .with("family", &indicator.family)
            .with("source", &indicator.source)
            .with("category", indicator.category)
            .with("matched_kind", indicator.kind)
            .with("matched_value", &best.value);
        if let Some(installer) = &self.app.installer {
            let installer = if installer.is_empty() { "none" } else { installer };
            judgement = judgement.with("installer", installer);
        }
        if let Some(version) = self.app.short_version.as_ref().or(self.app.version.as_ref()) {
            judgement = judgement.with("version", version);
        }
        for other in self.others.iter().take(MAX_OTHERS_TOLD) {
            judgement = judgement.with("also", reason(other));
        }
        match self.others.len().saturating_sub(MAX_OTHERS_TOLD) {
            0 => judgement,
            more => judgement.with("not_listed", more),
        }
    }
}

fn reason(hit: &Hit) -> String {
    let Indicator { category, family, source, value, .. } = hit.indicator;
    let category = name(*category);
    match hit.matched {
        Matched::AppId => format!("{source} lists this app identifier as {category} ({family})"),
        Matched::Signer => format!("{source} lists the signer of this app as {category} ({family})"),
        Matched::AppIdButForCase => format!(
            "{source} lists \"{value}\" as {category} ({family}); this identifier differs in upper and lower case only"
        ),
    }
}

fn name(category: ThreatCategory) -> &'static str {
    match category {
        ThreatCategory::Malware => "malware",
        ThreatCategory::Spyware => "spyware",
        ThreatCategory::Stalkerware => "stalkerware",
        ThreatCategory::Banker => "a banking trojan",
        ThreatCategory::Ransomware => "ransomware",
        ThreatCategory::RootingTool => "a rooting tool",
        ThreatCategory::DualUse => "dual-use software",
        ThreatCategory::Adware => "adware",
        ThreatCategory::Phishing => "phishing",
        ThreatCategory::CommandAndControl => "command and control of malware",
        ThreatCategory::Scam => "a scam",
        ThreatCategory::Cryptojacking => "a hidden miner",
        ThreatCategory::NewlyListed => "newly listed",
    }
}

fn detection(category: ThreatCategory) -> Detection {
    match category {
        ThreatCategory::Malware
        | ThreatCategory::Spyware
        | ThreatCategory::Stalkerware
        | ThreatCategory::Banker
        | ThreatCategory::Ransomware
        | ThreatCategory::RootingTool
        | ThreatCategory::Phishing
        | ThreatCategory::CommandAndControl => Detection::MaliciousApp,
        ThreatCategory::DualUse
        | ThreatCategory::Adware
        | ThreatCategory::Scam
        | ThreatCategory::Cryptojacking
        | ThreatCategory::NewlyListed => Detection::UnwantedApp,
    }
}

fn subject(app: &AppRecord) -> String {
    app.id.as_ref().map_or(app.label(), AppId::as_str).to_owned()
}

fn is_comparable(app: &AppRecord) -> bool {
    let identifies = |signer: &SignerDigest| !matches!(signer, SignerDigest::HashCode(_));
    app.id.is_some() || app.signers.iter().any(identifies)
}
