//! Hosts that a device goes to, judged: by the threat intelligence, and by their likeness to the organisation's own.
//!
//! What is told of a visit is the indicator that it met, never the address that was visited: no browsing history leaves
//! the device.

use std::collections::BTreeMap;

use publicsuffix::List;

use super::bundle::{Bundle, BundleError};
use super::lookalike;
use super::lookup::{IntelHit, LookupError};
use super::value::{HostName, UrlParts, ValueKind, host};
use crate::model::{Detection, Evidence, Judgement, ThreatCategory, Timestamp, Verdict, WebRules};

/// The evidence that names what was compared: by it a contact is looked up again.
const MATCHED_KIND: &str = "matched_kind";

/// Most indicators beside the gravest that a judgement names.
const MAX_OTHERS_TOLD: usize = 7;

/// The rules of the public suffix list in `bundle`; `None` where it has none.
pub fn suffixes(bundle: &Bundle) -> Result<Option<List>, BundleError> {
    let unreadable = || BundleError::Malformed("its public suffix list cannot be read".to_owned());
    bundle.suffixes()?.map(|rules| rules.parse().map_err(|_| unreadable())).transpose()
}

/// What hosts are judged by.
#[derive(Clone, Copy, Debug)]
pub struct WebJudge<'a> {
    /// The threat intelligence, where there is any.
    pub bundle: Option<&'a Bundle>,
    /// What is the organisation's own.
    pub rules: &'a WebRules,
    /// The public suffix list.
    pub suffixes: Option<&'a List>,
    /// When.
    pub now: Timestamp,
}

impl WebJudge<'_> {
    /// Judges a URL, or a bare host, before somebody goes there. At most one judgement for each detection and subject.
    pub fn url(&self, url: &str) -> Result<Vec<Judgement>, LookupError> {
        let parts = UrlParts::parse(url).map_err(LookupError::Value)?;
        let hits = match self.bundle {
            Some(bundle) => bundle.check_url(url, self.now)?,
            None => Vec::new(),
        };
        let mut judgements = of_hits(hits);
        judgements.extend(match &parts.host {
            HostName::Address(_) => Some(bare_address()),
            HostName::Name(name) => lookalike::judge(name, &self.rules.own_domains, self.suffixes),
        });
        Ok(judgements)
    }

    /// Judges a host that the device was in contact with. Apps go to bare addresses for good reasons, so these alone are
    /// nothing.
    pub fn contact(&self, text: &str) -> Result<Vec<Judgement>, LookupError> {
        let hits = match self.bundle {
            Some(bundle) => bundle.check_host(text, self.now)?,
            None => Vec::new(),
        };
        let mut judgements = of_hits(hits);
        if let HostName::Name(name) = host(text).map_err(LookupError::Value)? {
            judgements.extend(lookalike::judge(&name, &self.rules.own_domains, self.suffixes));
        }
        Ok(judgements)
    }

    /// `judgement` of an earlier [`Self::contact`] as it is today; `None` where nobody says so any longer.
    pub fn again(&self, judgement: &Judgement) -> Result<Option<Judgement>, LookupError> {
        let subject = judgement.subject.as_str();
        if judgement.detection == Detection::LookalikeDomain {
            return Ok(lookalike::judge(subject, &self.rules.own_domains, self.suffixes));
        }
        let Some(bundle) = self.bundle else { return Ok(Some(judgement.clone())) };
        let is_address = judgement.evidence.contains(&Evidence::new(MATCHED_KIND, ValueKind::Network));
        let kind = if is_address { ValueKind::Network } else { ValueKind::Domain };
        let today = of_hits(bundle.check(kind, subject, self.now)?);
        Ok(today.into_iter().find(|it| it.subject == subject && it.detection == judgement.detection))
    }
}

/// One judgement for each detection and indicator; `hits` are the gravest first.
fn of_hits(hits: Vec<IntelHit>) -> Vec<Judgement> {
    let mut found: BTreeMap<(Detection, String), (IntelHit, Vec<String>)> = BTreeMap::new();
    for hit in hits {
        let key = (detection(hit.attribution.category), hit.indicator.clone());
        match found.get_mut(&key) {
            Some((_, others)) => others.push(reason(&hit)),
            None => _ = found.insert(key, (hit, Vec::new())),
        }
    }
    found
        .into_iter()
        .map(|((detection, indicator), (hit, others))| judgement(detection, indicator, &hit, &others))
        .collect()
}

fn judgement(detection: Detection, indicator: String, hit: &IntelHit, others: &[String]) -> Judgement {
    let about = &hit.attribution;
    let verdict = if about.is_sure() { Verdict::Confirmed } else { Verdict::Suspicious };
    let mut judgement = Judgement::new(detection, verdict)
        .about(indicator)
        .because(reason(hit))
        .with("family", &about.family)
        .with("source", &about.source)
        .with("category", about.category)
        .with(MATCHED_KIND, hit.kind);
    if let Some(confidence) = about.confidence {
        judgement = judgement.with("confidence", confidence);
    }
    if let Some(reference) = &about.reference {
        judgement = judgement.with("reference", reference);
    }
    others.iter().take(MAX_OTHERS_TOLD).fold(judgement, |judgement, other| judgement.with("also", other))
}

fn reason(hit: &IntelHit) -> String {
    let about = &hit.attribution;
    format!("{} lists {} as {} ({})", about.source, hit.indicator, about.category.in_words(), about.family)
}

fn bare_address() -> Judgement {
    Judgement::new(Detection::RiskyHost, Verdict::Suspicious)
        .because("the link leads to a bare address, which no organisation gives its visitors")
}

const fn detection(category: ThreatCategory) -> Detection {
    match category {
        ThreatCategory::Phishing => Detection::PhishingSite,
        ThreatCategory::Malware
        | ThreatCategory::Spyware
        | ThreatCategory::Stalkerware
        | ThreatCategory::Banker
        | ThreatCategory::Ransomware
        | ThreatCategory::RootingTool
        | ThreatCategory::CommandAndControl => Detection::MaliciousSite,
        ThreatCategory::Scam
        | ThreatCategory::Cryptojacking
        | ThreatCategory::DualUse
        | ThreatCategory::Adware => Detection::UnwantedSite,
        ThreatCategory::NewlyListed => Detection::RiskyHost,
    }
}

#[cfg(test)]
mod tests;
