//! `mtd check-url`.

use agent_core::agent::UrlVerdict;
use agent_core::model::{Coverage, RiskLevel, Severity};
use serde::Serialize;

use super::folder::data_dir;
use super::{Global, Outcome};
use crate::CliError;
use crate::device::{Overrides, open_agent};
use crate::ui::{Ui, clean, explanation_view};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mtd check-url https://login.example.com/a
  mtd check-url --own-domain paypal.com раураl.com --lang ko
  mtd check-url --json https://a.example http://203.0.113.7/

Judges by the bundle in force (mtd intel install) and by the organisation's domains. Nothing is kept or sent.
Exit status 3 if a URL is bad, 4 if that cannot be told.")]
pub(crate) struct Args {
    /// URLs, or bare hosts
    #[arg(required = true, value_name = "URL")]
    urls: Vec<String>,
    /// A domain of one's own, which look-alikes are compared with, on a machine that is not enrolled; repeatable
    #[arg(long, value_name = "DOMAIN")]
    own_domain: Vec<String>,
}

#[derive(Serialize)]
struct Checked<'a> {
    url: &'a str,
    #[serde(flatten)]
    verdict: UrlVerdict,
}

pub(crate) fn run(args: &Args, global: &Global, ui: &Ui) -> Result<Outcome, CliError> {
    let mut overrides = Overrides::default();
    overrides.unenrolled_settings.web.own_domains.clone_from(&args.own_domain);
    let agent = open_agent(data_dir(global)?, overrides)?;
    let mut checked = Vec::new();
    for url in &args.urls {
        let verdict =
            agent.check_url(url, global.lang.into()).map_err(|error| format!("{}: {error}", clean(url)))?;
        checked.push(Checked { url, verdict });
    }
    if ui.json {
        ui.json(&checked)?;
    } else {
        checked.iter().for_each(|checked| show(checked, ui));
    }
    let is_bad = |checked: &Checked<'_>| checked.verdict.severity > Severity::None;
    let is_open = |checked: &Checked<'_>| checked.verdict.coverage != Coverage::Complete;
    Ok(if checked.iter().any(is_bad) {
        Outcome::SaysNo
    } else if checked.iter().any(is_open) {
        Outcome::CannotTell
    } else {
        Outcome::Done
    })
}

fn show(checked: &Checked<'_>, ui: &Ui) {
    let UrlVerdict { severity, coverage, findings } = &checked.verdict;
    let word = match (severity, coverage) {
        (Severity::None, Coverage::Complete) => "nothing known against it".to_owned(),
        (Severity::None, Coverage::Unknown { why } | Coverage::NotPermitted { why }) => {
            format!("unknown: {why}")
        }
        (severity, _) => RiskLevel::from(*severity).to_string(),
    };
    ui.line(clean(&format!("{}: {word}", checked.url)));
    explanation_view::findings(ui, findings);
}
