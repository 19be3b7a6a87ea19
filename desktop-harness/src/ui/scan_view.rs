//! A scan on one screen: what was checked, what was found, what it means.

use agent_core::agent::ScanResult;
use agent_core::model::{CheckId, CheckOutcome, Coverage, Exposure, Fact, Verdict};
use agent_core::policy::Explanation;

use super::{Ui, clean, explanation_view, folded, plural};

/// Columns in front of a check's sentence.
const INDENT: usize = 27;

pub(crate) fn show(ui: &Ui, scan: &ScanResult, explanation: &Explanation) {
    let seconds = format!("{}.{} s", scan.elapsed_ms / 1000, scan.elapsed_ms % 1000 / 100);
    network(ui, &known(&scan.network.name), &scan.checks, &scan.exposure);
    for (title, about, group) in [
        ("Apps", plural(scan.inventory.apps.len(), "app"), "apps."),
        (
            "Device",
            format!("{} {}", known(&scan.posture.os_name), known(&scan.posture.os_version)),
            "device.",
        ),
        ("Hosts", String::new(), "web."),
    ] {
        section(ui, title, &about, group, &scan.checks);
    }
    ui.line("");
    explanation_view::show(ui, explanation);
    if let Some(trouble) = &scan.key_trouble {
        ui.line(ui.paint.warning(format!(
            "The device key does not sign ({}): {}. {} for it, nothing is lost.",
            clean(&trouble.why),
            trouble.advice(),
            waits(scan.unsigned)
        )));
    }
    ui.line(ui.paint.dim(match scan.queued_reports.len() {
        0 if scan.unsigned > 0 => format!("Scanned in {seconds}."),
        0 => format!(
            "Scanned in {seconds}. Not enrolled: nothing is sent, and no host is contacted but those of --probe,\n\
             --captive and --settings (`mtd scan --help`)."
        ),
        count => format!(
            "Scanned in {seconds}; {} queued: `mtd preview` shows them, `mtd deliver` sends them.",
            plural(count, "report")
        ),
    }));
}

fn waits(reports: usize) -> String {
    match reports {
        1 => "1 report waits".to_owned(),
        count => format!("{count} reports wait"),
    }
}

/// The network part of a scan: `about` is the network's name.
pub(crate) fn network(ui: &Ui, about: &str, checks: &[CheckOutcome], exposure: &[Exposure]) {
    section(ui, "Network", about, "network.", checks);
    for weakness in exposure {
        let text = format!("  ! {:<22} {}", "exposure", exposed(*weakness));
        ui.line(ui.paint.warning(&text));
    }
}

fn section(ui: &Ui, title: &str, about: &str, group: &str, checks: &[CheckOutcome]) {
    ui.line(format!("{}  {about}", ui.paint.bold(format!("{title:<7}"))));
    for outcome in checks.iter().filter(|outcome| outcome.check.as_str().starts_with(group)) {
        check(ui, outcome);
    }
}

const fn exposed(weakness: Exposure) -> &'static str {
    match weakness {
        Exposure::Open => {
            "this Wi-Fi is not encrypted: whoever is near can listen to what apps do not encrypt"
        }
        Exposure::Wep => "this Wi-Fi is protected by WEP, which is broken in minutes",
        Exposure::Wpa => "this Wi-Fi is protected by the first WPA, which is outdated",
    }
}

/// One line for the check, one for each judgement that is more than a label.
fn check(ui: &Ui, outcome: &CheckOutcome) {
    let sentence = match &outcome.coverage {
        Coverage::Complete => outcome.summary.clone(),
        Coverage::Unknown { why } => format!("not checked: {why}"),
        Coverage::NotPermitted { why } => format!("not permitted: {why}"),
    };
    let text = folded(&sentence, INDENT);
    let text =
        if outcome.verdict() == Verdict::Clean { text } else { dim_unless_alarming(ui, outcome, &text) };
    ui.line(format!("  {} {:<22} {text}", ui.paint.mark(outcome), name(outcome.check)));
    for judgement in outcome.judgements.iter().filter(|judgement| judgement.verdict >= Verdict::Suspicious) {
        let about =
            if judgement.subject.is_empty() { String::new() } else { format!("{}: ", judgement.subject) };
        let text = format!("{}: {about}{}", judgement.verdict, judgement.reason);
        ui.line(format!("{:INDENT$}{}", "", folded(&text, INDENT)));
    }
}

fn dim_unless_alarming(ui: &Ui, outcome: &CheckOutcome, text: &str) -> String {
    match outcome.verdict() {
        Verdict::Inconclusive => ui.paint.dim(text),
        _ => text.to_owned(),
    }
}

fn name(check: CheckId) -> &'static str {
    match check {
        CheckId::Inventory => "installed apps",
        CheckId::AppIndicators => "threat intelligence",
        CheckId::AppChanges => "changes",
        CheckId::Captive => "captive portal",
        CheckId::TlsChain => "TLS interception",
        CheckId::TlsBinding => "TLS to the canary",
        CheckId::TlsPins => "pinned keys",
        CheckId::TlsSct => "transparency logs",
        CheckId::TlsDowngrade => "TLS downgrade",
        CheckId::HttpStrip => "redirect to HTTPS",
        CheckId::HttpTamper => "content over HTTP",
        CheckId::HttpProxy => "hidden HTTP proxy",
        CheckId::DnsAnswer => "DNS answers",
        CheckId::DnsPath => "DNS path",
        CheckId::DnsPrivate => "private DNS",
        CheckId::LinkNeighbour => "hardware addresses",
        CheckId::LinkPath => "first hops",
        CheckId::LinkDrift => "network configuration",
        CheckId::WifiExposure => "Wi-Fi protection",
        CheckId::WifiTwin => "Wi-Fi twin",
        CheckId::ConnectorPath => "way to connector",
        CheckId::OsVersion => "system and patches",
        CheckId::StorageEncryption => "storage encryption",
        CheckId::ScreenLock => "screen lock",
        CheckId::Integrity => "root and jailbreak",
        CheckId::Debugging => "debugging",
        CheckId::NetworkPath => "proxies and VPN",
        CheckId::AppOrigin => "origin and signers",
        CheckId::AppBuild => "builds and permissions",
        CheckId::AppRules => "organisation's rules",
        CheckId::WebContacts => "contacted hosts",
        CheckId::SystemIntegrity => "system files",
        CheckId::Runtime => "hooks and emulator",
        CheckId::VerifiedBoot => "verified boot",
        CheckId::KeyAttestation => "signing key",
        CheckId::AppSources => "app sources",
        CheckId::SpecialAccess => "special access",
        CheckId::Certificates => "added certificates",
        CheckId::Profiles => "profiles",
        CheckId::AgentVersion => "agent version",
        CheckId::Composite => "combinations",
    }
}

pub(crate) fn known(fact: &Fact<String>) -> String {
    fact.value().map_or_else(|| "unknown".to_owned(), |value| clean(value))
}
