//! The story, step by step.

use std::path::Path;
use std::time::{Duration, Instant};

use agent_core::agent::{Agent, DeliverySummary, ScanResult, ScanTrigger};
use agent_core::connector::{Access, Decision};
use agent_core::model::{Detection, Finding, Level, Ownership, Severity};
use agent_core::policy::Language;
use agent_core::report::{Expected, verify_chain};
use serde::Serialize;

use super::apps::Apps;
use super::keep::Kept;
use crate::CliError;
use crate::device::{Overrides, open_agent};
use crate::host::InventorySource;
use crate::ui::{Ui, access_view, explanation_view, plural};
use crate::world::{Place, TRACKER, World};

/// Longest time for one step; all of them together take under a second on a desktop.
const STEP: Duration = Duration::from_secs(10);

/// Tells the story, and fails at the first thing that is not as told.
pub(crate) async fn tell(ui: &Ui, language: Language, keep: Option<&Path>) -> Result<(), CliError> {
    let started = Instant::now();
    let folder = tempfile::Builder::new().prefix("mtd-demo-").tempdir()?;
    let mut teller = Teller { ui, language, stage: Stage::build(folder.path()).await?, steps: Vec::new() };
    teller.enrolled().await?;
    teller.nothing_is_shared().await?;
    teller.app_sync_is_turned_on().await?;
    teller.attacked().await?;
    teller.repaired().await?;
    teller.verified(keep)?;

    let Teller { stage, steps, .. } = teller;
    stage.world.end().await;
    drop(stage.agent);
    folder.close()?;
    if ui.json {
        return ui.json(&steps);
    }
    ui.line(ui.paint.dim(format!("{:.1} s; the demo's folder is removed.", started.elapsed().as_secs_f32())));
    Ok(())
}

/// Everything that the story is played with.
struct Stage {
    world: World,
    apps: Apps,
    agent: Agent,
}

impl Stage {
    async fn build(folder: &Path) -> Result<Self, CliError> {
        let world = World::build(folder, &Place::on_loopback()).await?;
        let apps = Apps::copy_of_this_machine(folder)?;
        let source = InventorySource::Export { inventory: apps.path.clone(), managed: None };
        let overrides = Overrides { apps: source, ..Overrides::default() };
        let agent = open_agent(folder.join("agent"), overrides)?;
        Ok(Self { world, apps, agent })
    }
}

/// One step, for `--json`.
#[derive(Serialize)]
struct Told {
    step: &'static str,
    level: Level,
    open_findings: Vec<Detection>,
    delivered: Vec<u64>,
    decision: Decision,
}

struct Teller<'a> {
    ui: &'a Ui,
    language: Language,
    stage: Stage,
    steps: Vec<Told>,
}

impl Teller<'_> {
    async fn enrolled(&mut self) -> Result<(), CliError> {
        let payload = self.stage.world.connector.create_token(Ownership::Corporate, STEP)?;
        let enrolment = self.stage.agent.enroll(payload, STEP).await?;
        self.heading("1", "Enrol");
        self.say(format!("connector   {} (TLS 1.3, pinned), organisation \"acme\"", self.stage.world.url));
        self.say(format!("this device {}, allowed up to {}", enrolment.device_id, enrolment.allowed_level));
        Ok(())
    }

    async fn nothing_is_shared(&mut self) -> Result<(), CliError> {
        self.heading("2", "App sync is off: nothing about apps leaves the device");
        let scan = self.scan().await?;
        ensure(counted(&scan).is_empty() && scan.assessment.level == Level::Secured, "a clean start", &scan)?;
        let reports = self.stage.agent.preview_report()?;
        let names_an_app = |payload: &str| payload.contains("\"bundle_size\"") || payload.contains(TRACKER);
        ensure(!reports.iter().any(|report| names_an_app(&report.payload)), "no app in any report", &scan)?;
        self.say(format!(
            "{} seen on the device, 0 shared; risk {}",
            plural(scan.inventory.apps.len(), "app"),
            self.ui.paint.level(scan.assessment.level)
        ));
        self.deliver("app_sync_off", &scan, Access::Allow).await
    }

    async fn app_sync_is_turned_on(&mut self) -> Result<(), CliError> {
        self.heading("3", "The administrator turns app sync on");
        self.stage.world.set_app_sync(true)?;
        let summary = self.exchange().await?;
        let version = summary.new_settings.ok_or("demo: the new settings did not arrive")?;
        self.say(format!("signed settings, version {version}, received and verified"));
        Ok(())
    }

    async fn attacked(&mut self) -> Result<(), CliError> {
        self.heading("4", "An app is installed; the café's router forges certificates");
        self.stage.apps.install_tracker()?;
        self.stage.world.join_cafe().await?;
        let scan = self.scan().await?;
        let expected = [Detection::TlsInterception, Detection::MaliciousApp];
        ensure(
            counted(&scan) == expected && scan.assessment.level == Level::High,
            "two findings, high",
            &scan,
        )?;
        self.explain()?;
        self.deliver("attacked", &scan, Access::Block).await
    }

    async fn repaired(&mut self) -> Result<(), CliError> {
        self.heading("5", "The user follows the fix: app removed, network left");
        self.stage.apps.remove_tracker()?;
        self.stage.world.join_home().await?;
        let scan = self.scan().await?;
        ensure(counted(&scan).is_empty() && scan.assessment.level == Level::Secured, "both resolved", &scan)?;
        self.say(format!("both findings resolved; risk {}", self.ui.paint.level(scan.assessment.level)));
        self.deliver("repaired", &scan, Access::Allow).await
    }

    fn verified(&self, keep: Option<&Path>) -> Result<(), CliError> {
        self.heading("6", "Anyone can verify it, offline");
        let connector = &self.stage.world.connector;
        let device = connector.devices()?.pop().ok_or("demo: the connector lists no device")?;
        let reports = connector.tokens(&device.id)?;
        let key = self.stage.agent.public_key()?;
        let tokens: Vec<_> = reports.iter().map(String::as_str).collect();
        if !verify_chain(&tokens, &key, Expected::default()).is_sound() {
            return Err("demo: the delivered reports do not verify".into());
        }
        self.say(format!("{} (ES256), one hash chain, unbroken", plural(reports.len(), "signed report")));
        if let Some(folder) = keep {
            let (device_jwk, connector_jwk) = (key.to_jwk(), connector.public_key()?.to_jwk());
            let receipts = connector.receipts(&device.id)?;
            let kept = Kept {
                reports: &reports,
                receipts: &receipts,
                device: &device_jwk,
                connector: &connector_jwk,
            };
            kept.write_to(folder)?;
            self.say(format!("kept in {}", folder.display()));
        }
        Ok(())
    }

    async fn scan(&self) -> Result<ScanResult, CliError> {
        Ok(self.stage.agent.scan(ScanTrigger::Requested, STEP).await?)
    }

    async fn exchange(&self) -> Result<DeliverySummary, CliError> {
        let summary = self.stage.agent.deliver(STEP).await?;
        match summary.stopped {
            Some(why) => Err(format!("demo: delivery stopped: {why}").into()),
            None => Ok(summary),
        }
    }

    /// Delivers the reports of `scan` and checks what the connector makes of them.
    async fn deliver(
        &mut self,
        step: &'static str,
        scan: &ScanResult,
        expected: Access,
    ) -> Result<(), CliError> {
        let summary = self.exchange().await?;
        ensure(summary.delivered == scan.queued_reports, "every report delivered", scan)?;
        let decision = summary.decision.ok_or("demo: the connector gave no decision")?;
        let as_expected = decision.resources.iter().all(|resource| resource.access == expected);
        ensure(as_expected, "the connector to decide so", scan)?;
        self.say(format!(
            "{} delivered, receipts verified",
            plural(summary.delivered.len(), "signed report")
        ));
        if !self.ui.json {
            access_view::show(self.ui, &decision.resources);
        }
        self.steps.push(Told {
            step,
            level: scan.assessment.level,
            open_findings: counted(scan),
            delivered: summary.delivered,
            decision,
        });
        Ok(())
    }

    fn explain(&self) -> Result<(), CliError> {
        let explanation = self.stage.agent.explain(self.language)?.ok_or("demo: nothing to explain")?;
        if !self.ui.json {
            explanation_view::show_short(self.ui, &explanation);
        }
        Ok(())
    }

    fn heading(&self, number: &str, text: &str) {
        if !self.ui.json {
            self.ui.line(self.ui.paint.bold(format!("{number}  {text}")));
        }
    }

    fn say(&self, text: String) {
        if !self.ui.json {
            self.ui.line(format!("   {text}"));
        }
    }
}

/// The detections of the open findings that count.
fn counted(scan: &ScanResult) -> Vec<Detection> {
    let counts = |finding: &&Finding| finding.is_open() && finding.severity > Severity::None;
    let mut detections: Vec<_> =
        scan.findings.iter().filter(counts).map(|finding| finding.judgement.detection).collect();
    detections.sort_unstable();
    detections
}

fn ensure(holds: bool, expected: &str, scan: &ScanResult) -> Result<(), CliError> {
    if holds {
        return Ok(());
    }
    let gaps: Vec<_> = scan.assessment.gaps.iter().map(|gap| gap.check.as_str()).collect();
    Err(format!(
        "demo: expected {expected}; got level {}, findings {:?}, gaps {gaps:?}. Please report this with the \
         output of `mtd scan --json`",
        scan.assessment.level,
        counted(scan)
    )
    .into())
}
