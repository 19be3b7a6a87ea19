//! What an app calls.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use agent_core::agent as core;
use agent_core::connector::EnrolmentPayload;
use agent_core::model::{Platform, Settings};
use agent_core::platform::{SystemClock, SystemEntropy};

use crate::adapter::{HostAdapter, KeyAdapter, SecretsAdapter};
use crate::error::AgentError;
use crate::host::{DeviceHost, DeviceKey, SecretStore};
use crate::scope::Scope;
use crate::types::{
    AgentEvent, CheckId, DeliveryHints, DeliverySummary, Depth, Detection, EnrolmentStatus, Explanation,
    IntelStatus, Language, Plan, PreviewedReport, ScanResult, ScanTrigger, Status, Upload, UploadAnswer,
    UploadOutcome, UrlVerdict, count,
};

/// Everything that an [`Agent`] is opened with.
#[derive(uniffi::Record)]
pub struct AgentOptions {
    /// The operating system that the host runs on.
    pub platform: Platform,
    /// Path of the agent's database, which is made at first use. Its folder must exist, belong to the app alone, and be
    /// left out of backups (Android `noBackupFilesDir`, iOS Application Support with `isExcludedFromBackup`).
    pub store_path: String,
    /// Settings of a device that is not enrolled: JSON as in `docs/wire.md`, or absent for the default, which shares
    /// nothing and contacts nobody. An enrolled device obeys its signed settings only.
    #[uniffi(default = None)]
    pub unenrolled_settings_json: Option<String>,
    /// Who signs intelligence bundles, as long as the organisation's settings name nobody: `ed25519/` and base64, as
    /// `mtd intel build` prints it.
    #[uniffi(default = None)]
    pub intel_key: Option<String>,
    /// Facts about the device.
    pub device: Arc<dyn DeviceHost>,
    /// The key that signs reports.
    pub key: Arc<dyn DeviceKey>,
    /// Keeps the key that seals the database.
    pub secrets: Arc<dyn SecretStore>,
}

/// The agent: collects, checks, classifies, signs, reports. One object for the life of the app's process.
///
/// Every call after `shut_down` fails with `Closed`. Calls may be made from any thread and at once; each is cancelled by
/// cancelling its coroutine or task, which leaves stored what was stored.
#[derive(uniffi::Object)]
pub struct Agent {
    core: Arc<core::Agent>,
    /// What `cancel` ends; absent in the agent that was opened, where it ends every call.
    scope: Option<Scope>,
}

#[uniffi::export]
impl Agent {
    /// Opens the database and starts the agent's thread, which sleeps between calls. Sends nothing, and asks the host
    /// nothing but to unwrap the database's key. The platform's keystore and storage are waited for no longer than `limit`.
    #[uniffi::constructor]
    pub async fn open(options: AgentOptions, limit: Duration) -> Result<Arc<Self>, AgentError> {
        let (config, host) = prepare(options)?;
        Ok(Self::of(core::Agent::open_off_thread(config, host, limit).await?))
    }

    /// Begins anew where `open` fails with `KeyGone`, or with a database that is damaged: erases the database and what is
    /// beside it, and opens an agent that is not enrolled. What was queued is lost. On purpose, and when no other process has
    /// the database open; never on an error that may pass (`KeyUnavailable`).
    #[uniffi::constructor]
    pub async fn start_over(options: AgentOptions, limit: Duration) -> Result<Arc<Self>, AgentError> {
        let (config, host) = prepare(options)?;
        Ok(Self::of(core::Agent::start_over_off_thread(config, host, limit).await?))
    }

    /// This agent, as one whose `cancel` ends the calls made through it, now and later, and no others. For Swift, where the
    /// cancelling of a task does not reach the call by itself; the calls of Kotlin's coroutines are cancelled with them.
    pub fn scope(&self) -> Arc<Self> {
        Arc::new(Self { core: self.core.clone(), scope: Some(Scope::new()) })
    }

    /// Enrols this device by `payload`: the text of the organisation's QR code or managed app configuration, JSON or
    /// `mtd-enrol:…`. A device that was enrolled before starts anew, and keeps its name where its key still works. May be called
    /// again with the same payload after a failure: an enrolment that the connector had accepted goes on.
    pub async fn enroll(&self, payload: String, limit: Duration) -> Result<EnrolmentStatus, AgentError> {
        let payload: EnrolmentPayload = payload.parse()?;
        Ok(self.run(self.core.enroll(payload, limit)).await?.into())
    }

    /// Signs with a new key from now on: the old one authorises it, the connector takes it, and the old one is deleted.
    /// Name, epoch and chain of the device go on. May be called again after a failure.
    pub async fn rotate_key(&self, limit: Duration) -> Result<EnrolmentStatus, AgentError> {
        Ok(self.run(self.core.rotate_key(limit)).await?.into())
    }

    /// Checks apps, network and device, classifies, and queues signed reports if the device is enrolled. What is not
    /// known when `limit` is over is unknown, never clean. `depth` is that of a plan, or `EVERYTHING`.
    pub async fn scan(
        &self,
        trigger: ScanTrigger,
        depth: Depth,
        limit: Duration,
    ) -> Result<ScanResult, AgentError> {
        Ok(self.run(self.core.scan_to(depth, trigger, limit)).await?.into())
    }

    /// Tells that something happened which may ask for a scan, and what to do about it: see `docs/scheduling.md`.
    pub async fn plan(&self, trigger: ScanTrigger, limit: Duration) -> Result<Plan, AgentError> {
        Ok(self.run(self.core.clone().off_thread(limit, move |agent| agent.plan(trigger))).await?.into())
    }

    /// What to do now that the time of a `Plan.Later` has come.
    pub async fn due(&self, limit: Duration) -> Result<Plan, AgentError> {
        Ok(self.run(self.core.clone().off_thread(limit, core::Agent::due)).await?.into())
    }

    /// Delivers queued reports, then fetches settings, the policy, the connector's decision and threat intelligence. What
    /// `limit` or the network leaves undone stays queued. By `hints` of the moment, what can wait for a better one does so,
    /// within bounds; without them nothing waits.
    #[uniffi::method(default(hints = None))]
    pub async fn deliver(
        &self,
        limit: Duration,
        hints: Option<DeliveryHints>,
    ) -> Result<DeliverySummary, AgentError> {
        let hints = hints.map_or_else(core::DeliveryHints::default, Into::into);
        Ok(self.run(self.core.deliver_with(limit, hints)).await?.into())
    }

    /// The report that a transfer outside this process is to deliver (iOS background `URLSession`), in a file, exactly as it
    /// is to be sent; absent where none is due. The same one until `upload_result` has told what became of it.
    pub async fn next_upload(&self, limit: Duration) -> Result<Option<Upload>, AgentError> {
        Ok(self.run(self.core.clone().off_thread(limit, core::Agent::next_upload)).await?.map(Into::into))
    }

    /// Tells what came of the upload called `id`, in this process or a later one. The report leaves the queue on the connector's receipt, and on nothing
    /// else.
    pub async fn upload_result(
        &self,
        id: String,
        answer: UploadAnswer,
        limit: Duration,
    ) -> Result<UploadOutcome, AgentError> {
        let settle = move |agent: &core::Agent| agent.upload_result(&id, answer.into());
        Ok(self.run(self.core.clone().off_thread(limit, settle)).await?.into())
    }

    /// Judges a URL, or a bare host, before somebody goes there: by the threat intelligence, and by its likeness to the
    /// organisation's own domains. Keeps and sends nothing of it. `InvalidUrl` is said of what is neither.
    pub async fn check_url(
        &self,
        url: String,
        language: Language,
        limit: Duration,
    ) -> Result<UrlVerdict, AgentError> {
        let check = move |agent: &core::Agent| agent.check_url(&url, language);
        Ok(self.run(self.core.clone().off_thread(limit, check)).await?.into())
    }

    /// Takes the hosts that the device was in contact with, where the app sees them (a DNS filter, a VPN of its own). Gives
    /// how many of them are found fault with: a scan then tells. Only the indicators that were met are kept.
    pub async fn contacted(&self, hosts: Vec<String>, limit: Duration) -> Result<u64, AgentError> {
        let note = move |agent: &core::Agent| agent.contacted(&hosts);
        Ok(count(self.run(self.core.clone().off_thread(limit, note)).await?))
    }

    /// Puts the intelligence bundle in the file `path` in force: a copy of it, once it is verified whole, at once or not at
    /// all. An older one is refused, and on every error what was in force stays so.
    pub async fn install_intel(&self, path: String, limit: Duration) -> Result<IntelStatus, AgentError> {
        let install = move |agent: &core::Agent| agent.install_intel(Path::new(&path));
        Ok(self.run(self.core.clone().off_thread(limit, install)).await?.into())
    }

    /// Where the agent stands, without scanning.
    pub async fn status(&self, limit: Duration) -> Result<Status, AgentError> {
        Ok(self.run(self.core.clone().off_thread(limit, core::Agent::status)).await?.into())
    }

    /// Why the level of the last scan is what it is, and what would change it; absent before the first scan.
    pub async fn explain(
        &self,
        language: Language,
        limit: Duration,
    ) -> Result<Option<Explanation>, AgentError> {
        let explain = move |agent: &core::Agent| agent.explain(language);
        Ok(self.run(self.core.clone().off_thread(limit, explain)).await?.map(Into::into))
    }

    /// The reports that wait for delivery, exactly as they will be sent: what the user can look at before they leave.
    pub async fn preview_report(&self, limit: Duration) -> Result<Vec<PreviewedReport>, AgentError> {
        let reports = self.run(self.core.clone().off_thread(limit, core::Agent::preview_report)).await?;
        Ok(reports.into_iter().map(Into::into).collect())
    }

    /// The next event, as soon as there is one; absent once the agent is shut down.
    pub async fn next_event(&self) -> Option<AgentEvent> {
        self.core.next_event().await.map(Into::into)
    }

    /// Ends every call under way with `Cancelled`. What they had stored stays stored.
    pub fn cancel(&self) {
        match &self.scope {
            Some(scope) => scope.cancel(),
            None => self.core.cancel(),
        }
    }

    /// Ends every call under way with `Closed`, the agent's thread, and the events. A second call does nothing.
    pub fn shut_down(&self) {
        self.core.close();
    }
}

impl Agent {
    fn of(core: core::Agent) -> Arc<Self> {
        Arc::new(Self { core: Arc::new(core), scope: None })
    }

    async fn run<T>(
        &self,
        call: impl Future<Output = Result<T, core::AgentError>>,
    ) -> Result<T, core::AgentError> {
        match &self.scope {
            Some(scope) => scope.run(call).await,
            None => call.await,
        }
    }
}

/// The version of this library, told in every report.
#[uniffi::export]
pub fn agent_version() -> String {
    core::AGENT_VERSION.to_owned()
}

/// The identifier of a detection, as the policy file, reports and findings write it: `network.tls_interception`.
#[uniffi::export]
pub fn detection_id(detection: Detection) -> String {
    detection.as_str().to_owned()
}

/// The identifier of a check, as reports write it: `network.tls_chain`.
#[uniffi::export]
pub fn check_id(check: CheckId) -> String {
    check.as_str().to_owned()
}

fn prepare(options: AgentOptions) -> Result<(core::AgentConfig, core::Host), AgentError> {
    let unenrolled_settings = match &options.unenrolled_settings_json {
        Some(json) => Settings::from_json(json)
            .map_err(|error| AgentError::configuration("unenrolled settings", &error))?,
        None => Settings::default(),
    };
    let intel_key = match &options.intel_key {
        Some(text) => Some(text.parse().map_err(|why| AgentError::configuration("intel_key", &why))?),
        None => None,
    };
    let config = core::AgentConfig {
        platform: options.platform,
        store: PathBuf::from(options.store_path),
        unenrolled_settings,
        intel_key,
    };
    let host = core::Host {
        device: Arc::new(HostAdapter::new(options.device, options.platform)),
        key: Arc::new(KeyAdapter(options.key)),
        secrets: Arc::new(SecretsAdapter(options.secrets)),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
    };
    Ok((config, host))
}
