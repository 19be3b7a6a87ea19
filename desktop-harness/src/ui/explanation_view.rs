//! A level in words: the findings that make it, what hides behind gaps, what would change it.

use agent_core::model::{Coverage, RiskLevel};
use agent_core::policy::{ExplainedFinding, Explanation, Step};

use super::{Ui, clean, folded};

/// Everything: findings with their meaning, fix, reason, rule and what an administrator does, gaps, the way to a better level, what does not count.
pub(crate) fn show(ui: &Ui, explanation: &Explanation) {
    headline(ui, "", explanation);
    for finding in &explanation.findings {
        named(ui, "  ", finding);
        ui.line(format!("    {}", folded(&finding.meaning, 4)));
        ui.line(format!("    → {}", folded(&finding.fix, 6)));
        ui.line(ui.paint.dim(format!("    {}", folded(&finding.reason, 4))));
        ui.line(ui.paint.dim(format!("    {}", folded(&rule(finding), 4))));
        ui.line(ui.paint.dim(format!("    ⚙ {}", folded(&finding.admin_note, 6))));
    }
    for gap in &explanation.gaps {
        let why = match &gap.coverage {
            Coverage::Complete => "no result",
            Coverage::Unknown { why } | Coverage::NotPermitted { why } => why,
        };
        ui.line(format!("  {} {}", ui.paint.dim("–"), folded(&format!("{}: {why}", gap.name), 4)));
    }
    if let Some(target) = explanation.to_reach.iter().find(|target| target.level <= RiskLevel::Low) {
        ui.line(format!("  → {}", ui.paint.bold(&target.level_name)));
        for Step::Resolve { text, .. } | Step::Cover { text, .. } in &target.steps {
            ui.line(format!("    • {}", folded(text, 6)));
        }
    }
    for recorded in &explanation.recorded {
        let text = format!("{}: {}", title(&recorded.finding), recorded.because);
        ui.line(ui.paint.dim(format!("  · {}", folded(&text, 4))));
    }
}

/// The level, its findings and their fixes: one screen, whatever else there is.
pub(crate) fn show_short(ui: &Ui, explanation: &Explanation) {
    headline(ui, "   ", explanation);
    findings(ui, &explanation.findings);
}

/// Findings and their fixes.
pub(crate) fn findings(ui: &Ui, findings: &[ExplainedFinding]) {
    for finding in findings {
        named(ui, "   ", finding);
        ui.line(ui.paint.dim(format!("     {}", folded(&finding.reason, 5))));
        ui.line(format!("     → {}", folded(&finding.fix, 7)));
    }
}

fn headline(ui: &Ui, margin: &str, explanation: &Explanation) {
    let text = folded(&explanation.headline, margin.len() + 2);
    ui.line(format!("{margin}{}", ui.paint.by_level(explanation.level, text)));
}

fn named(ui: &Ui, margin: &str, finding: &ExplainedFinding) {
    let head = format!("{} ({}, {})", title(finding), finding.severity_name, finding.verdict_name);
    ui.line(format!("{margin}{} {}", ui.paint.severity(finding.severity, "✗"), ui.paint.bold(head)));
}

fn title(finding: &ExplainedFinding) -> String {
    match finding.subject.as_str() {
        "" => finding.title.clone(),
        subject => format!("{}: {}", finding.title, clean(subject)),
    }
}

/// Where the severity comes from: `network.tls_interception, ATT&CK T1638; Jamf: HIGHEST`.
fn rule(finding: &ExplainedFinding) -> String {
    let rule = &finding.rule;
    let attack = rule.attack.as_ref().map_or_else(String::new, |id| format!(", ATT&CK {id}"));
    let source = rule.changed_because.as_ref().unwrap_or(&rule.source);
    let until = rule.changed_until.map_or_else(String::new, |until| format!(" (until {until})"));
    format!("{}{attack}; {source}{until}", rule.id)
}
