//! URLs before somebody goes there, and hosts that the device was in contact with.

use serde::{Deserialize, Serialize};

use super::Inner;
use super::error::AgentError;
use super::intel::Intel;
use super::last_scan::LastScan;
use crate::intel::lookup::LookupError;
use crate::intel::web::WebJudge;
use crate::model::{
    CheckId, CheckOutcome, Coverage, Finding, Judgement, RiskLevel, Settings, Severity, Timestamp, WebRules,
    Weight,
};
use crate::policy::{self, Assessment, ExplainedFinding, Language, System};
use crate::store::{self, Looked, ReadTx, Slot};

/// Most contacts that are kept, the latest. Each is another indicator; a device that met more has a worse problem.
const MAX_CONTACTS: usize = 256;

const DAY: i64 = 24 * 60 * 60;

/// Said where there is neither a bundle nor a domain to compare with.
const NOTHING_TO_COMPARE: &str =
    "no threat intelligence is loaded, and the organisation has named no domains of its own";

/// What is known of a URL.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UrlVerdict {
    /// How bad going there is, under the policy in force.
    pub severity: Severity,
    /// How far the look-up got. What is not complete is not clean.
    pub coverage: Coverage,
    /// What was found, the gravest first.
    pub findings: Vec<ExplainedFinding>,
}

/// Judges `url`. The error is that it is none.
pub(super) fn check_url(inner: &Inner, url: &str, language: Language) -> Result<UrlVerdict, AgentError> {
    inner.store.read(|tx| {
        let settings = inner.settings(tx)?;
        let now = inner.host.clock.now();
        let policy = inner.policy(tx, &settings, now)?;
        let intel = inner.intel(tx, &settings)?;
        let (judgements, coverage) = match web_judge(&intel, &settings.web, now).url(url) {
            Ok(judgements) => (judgements, coverage(&intel, &settings.web)),
            Err(LookupError::Value(why)) => return Err(AgentError::NotAUrl(why)),
            Err(LookupError::Bundle(error)) => {
                let without = WebJudge { bundle: None, ..web_judge(&intel, &settings.web, now) };
                (without.url(url).unwrap_or_default(), Coverage::Unknown { why: error.to_string() })
            }
        };
        let outcome = CheckOutcome::judged(CheckId::WebContacts, String::new(), judgements);
        let looked = Looked { outcomes: &[outcome], network: None, now };
        // Time to mend something is no time to walk into it: no grace here.
        let findings = store::advance(&[], &looked, |Finding { judgement, .. }| Weight {
            severity: policy.severity(judgement),
            ignored: policy.ignored(judgement).map(str::to_owned),
        });
        let severity = findings.iter().filter(|finding| finding.is_open()).map(|finding| finding.severity);
        let severity = severity.max().unwrap_or(Severity::None);
        let at_least = RiskLevel::from(severity);
        let assessment = Assessment { level: at_least.into(), at_least, gaps: Vec::new() };
        let last: Option<LastScan> = tx.get(Slot::LastScan)?;
        let host = inner.config.platform;
        let system = last.map_or(System { platform: host, version: None }, |scan| scan.system(host));
        let told = policy::explain(&assessment, &findings, &policy, language, &system);
        Ok(UrlVerdict { severity, coverage, findings: told.findings })
    })
}

/// The contacts that count, and when the app last told any.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Contacts {
    told_at: Option<Timestamp>,
    met: Vec<Contact>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Contact {
    judgement: Judgement,
    last_at: Timestamp,
}

impl Contacts {
    fn note(&mut self, judgement: Judgement, now: Timestamp) {
        let identity = |it: &Judgement| (it.detection, it.subject.clone());
        self.met.retain(|contact| identity(&contact.judgement) != identity(&judgement));
        self.met.push(Contact { judgement, last_at: now });
        let superfluous = self.met.len().saturating_sub(MAX_CONTACTS);
        self.met.drain(..superfluous);
    }
}

/// Notes the hosts that are found fault with, and forgets the others. A text that is no host is none.
pub(super) fn contacted<S: AsRef<str>>(inner: &Inner, hosts: &[S]) -> Result<usize, AgentError> {
    inner.store.write(|tx| {
        let settings = inner.settings(tx)?;
        let intel = inner.intel(tx, &settings)?;
        let now = inner.host.clock.now();
        let judge = web_judge(&intel, &settings.web, now);
        let mut contacts: Contacts = tx.get(Slot::Contacts)?.unwrap_or_default();
        contacts.told_at = Some(now);
        let mut met = 0;
        for host in hosts {
            let judgements = match judge.contact(host.as_ref()) {
                Ok(judgements) => judgements,
                Err(LookupError::Value(_)) => continue,
                Err(LookupError::Bundle(error)) => return Err(AgentError::Intel(error)),
            };
            met += usize::from(!judgements.is_empty());
            judgements.into_iter().for_each(|judgement| contacts.note(judgement, now));
        }
        tx.put(Slot::Contacts, &contacts)?;
        Ok(met)
    })
}

/// The check of the contacts of the last `days`.
pub(super) fn judge(
    tx: &ReadTx<'_>,
    intel: &Intel,
    settings: &Settings,
    days: u32,
    now: Timestamp,
) -> Result<CheckOutcome, AgentError> {
    const CHECK: CheckId = CheckId::WebContacts;
    let span = i64::from(days) * DAY;
    let is_recent = |at: Timestamp| (now.unix().saturating_sub(at.unix())).abs() < span;
    let contacts = tx.get::<Contacts>(Slot::Contacts)?;
    let Some(contacts) = contacts.filter(|contacts| contacts.told_at.is_some_and(is_recent)) else {
        return Ok(CheckOutcome::unknown(
            CHECK,
            "this app does not tell which hosts the device is in contact with",
        ));
    };
    let judge = web_judge(intel, &settings.web, now);
    let mut judgements = Vec::new();
    let mut coverage = coverage(intel, &settings.web);
    for contact in contacts.met.iter().filter(|contact| is_recent(contact.last_at)) {
        match judge.again(&contact.judgement) {
            Ok(today) => judgements.extend(today),
            Err(error) => {
                coverage = Coverage::Unknown { why: error.to_string() };
                judgements.push(contact.judgement.clone());
            }
        }
    }
    let summary = match judgements.len() {
        0 => format!("no host of the threat intelligence in {days} days"),
        count => format!("hosts of the threat intelligence that this device was in contact with: {count}"),
    };
    Ok(CheckOutcome { coverage, ..CheckOutcome::judged(CHECK, summary, judgements) })
}

fn web_judge<'a>(intel: &'a Intel, rules: &'a WebRules, now: Timestamp) -> WebJudge<'a> {
    let suffixes = if rules.own_domains.is_empty() { None } else { intel.suffixes() };
    WebJudge { bundle: intel.bundle.as_deref(), rules, suffixes, now }
}

/// Whether everything was compared that there is to compare.
fn coverage(intel: &Intel, rules: &WebRules) -> Coverage {
    match &intel.fault {
        Some(why) => Coverage::Unknown { why: why.clone() },
        None if intel.bundle.is_none() && rules.own_domains.is_empty() => {
            Coverage::Unknown { why: NOTHING_TO_COMPARE.to_owned() }
        }
        None => Coverage::Complete,
    }
}
