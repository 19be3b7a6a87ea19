//! A level in words: the findings that make it, what hides behind gaps, what would change it.

use agent_core::model::RiskLevel;
use agent_core::policy::{ExplainedFinding, Explanation, Step};

use super::scan_view::folded;
use super::{Ui, clean};

/// Columns of a line before it is folded.
const WIDTH: usize = 110;

pub(crate) fn show(ui: &Ui, explanation: &Explanation) {
    ui.line(format!("{} {}", ui.paint.bold("Risk:"), ui.paint.level(explanation.level)));
    ui.line(format!("  {}", folded(&explanation.headline, 2, WIDTH)));
    for finding in &explanation.findings {
        show_finding(ui, finding);
    }
    for gap in &explanation.gaps {
        ui.line(format!("  {} {}: {}", ui.paint.dim("–"), gap.name, folded(&gap.fix, 4, WIDTH)));
    }
    if let Some(target) = explanation.to_reach.iter().find(|target| target.level <= RiskLevel::Low) {
        ui.line(format!("  To reach {}:", ui.paint.bold(&target.level_name)));
        for Step::Resolve { text, .. } | Step::Cover { text, .. } in &target.steps {
            ui.line(format!("    • {}", folded(text, 6, WIDTH)));
        }
    }
    for recorded in &explanation.recorded {
        let text = format!("{}: {}", named(&recorded.finding), recorded.because);
        ui.line(ui.paint.dim(format!("  · {}", folded(&text, 4, WIDTH))));
    }
}

/// The level, its findings and what would bring it down: without reasons, gaps and what does not count.
pub(crate) fn show_short(ui: &Ui, explanation: &Explanation) {
    ui.line(format!("   {} {}", ui.paint.bold("Risk:"), ui.paint.level(explanation.level)));
    for finding in &explanation.findings {
        let head = format!("{} ({}, {})", named(finding), finding.severity_name, finding.verdict_name);
        ui.line(format!("   {} {}", ui.paint.severity(finding.severity, "✗"), ui.paint.bold(head)));
        ui.line(ui.paint.dim(format!("     {}", folded(&finding.reason, 5, WIDTH))));
        ui.line(format!("     → {}", folded(&finding.fix, 7, WIDTH)));
    }
}

fn show_finding(ui: &Ui, finding: &ExplainedFinding) {
    let head = format!("{} ({}, {})", named(finding), finding.severity_name, finding.verdict_name);
    ui.line(format!("  {} {}", ui.paint.severity(finding.severity, "✗"), ui.paint.bold(head)));
    ui.line(format!("    {}", folded(&finding.meaning, 4, WIDTH)));
    ui.line(ui.paint.dim(format!("    {}", folded(&finding.reason, 4, WIDTH))));
}

fn named(finding: &ExplainedFinding) -> String {
    match finding.subject.as_str() {
        "" => finding.title.clone(),
        subject => format!("{}: {}", finding.title, clean(subject)),
    }
}
