//! The agent as a host app sees it: one object, opened once, that collects, checks, classifies, signs, reports.
//!
//! This is the only module that wires the others. Every call takes a deadline, stops in time and keeps what it
//! has. The agent owns its runtime (one thread, asleep between calls); its futures may be awaited on any
//! executor, dropped at any time, and the agent itself may be dropped on any thread.

mod apps;
mod backlog;
mod delivery;
mod download;
mod enrolment;
mod error;
mod events;
mod hints;
mod intel;
mod last_scan;
mod path;
mod planning;
mod policies;
mod portal;
mod redact;
mod reporting;
mod result;
mod runtime;
mod scan;
mod settle;
mod signing;
mod smaller;
mod trouble;
mod upload;
mod upload_files;
mod web;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use tokio::time::timeout_at;

pub use error::AgentError;
pub use events::AgentEvent;
pub use hints::DeliveryHints;
pub use intel::IntelStatus;
pub use result::{
    DeliverySummary, DownloadProgress, EnrolmentStatus, IntelDownload, NetworkCost, PreviewedReport,
    Quarantined, Replacement, ScanResult, Status,
};
pub use trouble::{EnrolAgain, KeyTrouble};
pub use upload::{Upload, UploadAnswer, UploadOutcome};
pub use web::UrlVerdict;

pub use crate::connector::RawAnswer;
pub use crate::schedule::{Plan, Reason, ScanTrigger};
pub use crate::store::StoreError;

use crate::connector::{Client, ConnectorKeys, Decision, Enrolment, EnrolmentPayload, Route};
use crate::model::{BundleKey, Depth, Jwk, Platform, PolicyOverride, Settings};
use crate::platform::{Clock, DeviceHost, DeviceKey, Entropy, SecretStore};
use crate::policy::{self, Explanation, Language, Recorded};
use crate::report::jwk::PublicKey;
use crate::report::{ReportError, public_key_of};
use crate::schedule::Scheduler;
use crate::store::{self, ReadTx, ReportState, Slot, Store};
use events::Events;
use intel::Intelligence;
use last_scan::LastScan;
use policies::Policies;
use runtime::AgentRuntime;
use upload_files::UploadFolder;

/// The version of this library, told in every report.
pub const AGENT_VERSION: &str = env!("CARGO_PKG_VERSION");

/// Where the agent keeps its data, and what holds before an organisation has said anything.
#[derive(Clone, Debug)]
pub struct AgentConfig {
    /// The operating system that the host runs on.
    pub platform: Platform,
    /// The SQLite file. Its folder must exist and belong to the app alone.
    pub store: PathBuf,
    /// Settings of a device that is not enrolled. An enrolled device obeys its signed settings only.
    pub unenrolled_settings: Settings,
    /// Who signs intelligence bundles, as long as the settings in force name nobody.
    pub intel_key: Option<BundleKey>,
}

impl AgentConfig {
    /// The folder in which [`Agent::next_upload`] puts reports, beside the store: readable by the app alone, and for the
    /// host to keep out of backups as it does with the store.
    pub fn uploads(&self) -> PathBuf {
        UploadFolder::beside(&self.store).path().to_owned()
    }
}

/// Everything that the platform does for the agent.
#[derive(Clone)]
pub struct Host {
    /// Facts.
    pub device: Arc<dyn DeviceHost>,
    /// The key that signs reports.
    pub key: Arc<dyn DeviceKey>,
    /// Keeps the key that seals the store.
    pub secrets: Arc<dyn SecretStore>,
    /// The wall clock.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
}

/// The agent. Every call after [`Self::close`] fails with [`AgentError::Closed`].
pub struct Agent {
    runtime: AgentRuntime,
    /// `None` once closed.
    inner: RwLock<Option<Arc<Inner>>>,
}

/// What the agent's tasks share.
struct Inner {
    config: AgentConfig,
    host: Host,
    policies: Policies,
    store: Store,
    intelligence: Intelligence,
    uploads: UploadFolder,
    events: Events,
    scheduler: Mutex<Scheduler>,
    /// Held by whoever talks with the connector as this device: its key must not change meanwhile.
    exchange: tokio::sync::Mutex<()>,
    opened: Instant,
}

impl Agent {
    /// Opens the store and starts the agent's thread. Sends nothing and asks the host nothing but to unwrap the
    /// store's key.
    pub fn open(config: AgentConfig, host: Host) -> Result<Self, AgentError> {
        let policies = Policies::embedded()?;
        let store = Store::open(&config.store, host.secrets.clone(), host.entropy.clone())?;
        // Whatever keeps it from being done now, the next start tries again.
        if let Err(error) = store.rotate_data_key_when_due(host.clock.now()) {
            log::warn!("the store's key is due to be replaced, and was not: {error}");
        }
        let (intelligence, uploads) =
            (Intelligence::beside(&config.store), UploadFolder::beside(&config.store));
        let (events, scheduler, opened) = (Events::new(), Mutex::default(), Instant::now());
        let inner = Inner {
            config,
            host,
            policies,
            store,
            intelligence,
            uploads,
            events,
            scheduler,
            exchange: tokio::sync::Mutex::default(),
            opened,
        };
        upload::clean_up(&inner);
        Ok(Self { runtime: AgentRuntime::new()?, inner: RwLock::new(Some(Arc::new(inner))) })
    }

    /// Begins anew on a device whose store cannot be opened any more ([`StoreError::KeyGone`], [`StoreError::Damaged`]):
    /// erases the store, the intelligence bundle beside it and the files of uploads, and opens an agent that is not enrolled.
    /// What was queued is lost, and cannot be read again by anyone.
    ///
    /// For the host to call, on purpose, when no other process has the store open; never by itself on an error that may pass
    /// ([`StoreError::KeyUnavailable`], [`StoreError::Busy`]). The device key is the host's and stays.
    pub fn start_over(config: AgentConfig, host: Host) -> Result<Self, AgentError> {
        store::erase(&config.store)?;
        UploadFolder::beside(&config.store).erase()?;
        Intelligence::beside(&config.store).erase()?;
        download::erase(&config.store)?;
        log::warn!("started over: the store was erased, this device is not enrolled");
        let agent = Self::open(config, host)?;
        settle::note_start_over(&*agent.inner()?)?;
        Ok(agent)
    }

    /// [`Self::open`] on a thread of its own: the keystore and the file system may take their time, and the caller's
    /// thread may be the one that draws. Stops waiting for them after `limit`.
    pub async fn open_off_thread(
        config: AgentConfig,
        host: Host,
        limit: Duration,
    ) -> Result<Self, AgentError> {
        runtime::opened_within(limit, move || Self::open(config, host)).await
    }

    /// [`Self::start_over`] on a thread of its own.
    pub async fn start_over_off_thread(
        config: AgentConfig,
        host: Host,
        limit: Duration,
    ) -> Result<Self, AgentError> {
        runtime::opened_within(limit, move || Self::start_over(config, host)).await
    }

    /// Enrols this device with the organisation that made `payload`. A device that was enrolled before starts a
    /// new epoch; reports that were still queued for the old one are set aside, because nobody could accept them. It keeps
    /// its name where its key still works.
    ///
    /// May be called again with the same `payload` after a failure: an enrolment that the connector had accepted goes on.
    pub async fn enroll(
        &self,
        payload: EnrolmentPayload,
        limit: Duration,
    ) -> Result<EnrolmentStatus, AgentError> {
        let inner = self.inner()?;
        self.within(limit, async move { enrolment::enrol(&inner, &payload).await }).await
    }

    /// Signs with a new key from now on: the old one authorises it, the connector takes it, and the old one is deleted.
    /// Name, epoch and chain of the device go on. A change that broke off is taken up again. Processes that share a store
    /// take turns.
    pub async fn rotate_key(&self, limit: Duration) -> Result<EnrolmentStatus, AgentError> {
        let inner = self.inner()?;
        self.within(limit, async move { enrolment::rotate(&inner).await }).await
    }

    /// Checks apps, network and device, classifies, and queues signed reports if the device is enrolled. What
    /// is not known by the deadline is unknown, never clean.
    pub async fn scan(&self, trigger: ScanTrigger, limit: Duration) -> Result<ScanResult, AgentError> {
        self.scan_to(Depth::Everything, trigger, limit).await
    }

    /// [`Self::scan`], looking at the network to `depth`, and deeper where that finds anything out of the ordinary.
    pub async fn scan_to(
        &self,
        depth: Depth,
        trigger: ScanTrigger,
        limit: Duration,
    ) -> Result<ScanResult, AgentError> {
        let deadline = runtime::deadline(limit);
        self.runtime.run(scan::scan(self.inner()?, depth, trigger, deadline)).await
    }

    /// Tells that something happened which may ask for a scan, and what to do about it: [`Plan::Now`] is to be
    /// answered by [`Self::scan_to`], [`Plan::Later`] by one alarm, which replaces the one before, and [`Self::due`]
    /// when it rings. See [`crate::schedule`] for the rules.
    ///
    /// Asks the host for the network, on the caller's thread.
    pub fn plan(&self, trigger: ScanTrigger) -> Result<Plan, AgentError> {
        planning::plan(&*self.inner()?, Some(trigger))
    }

    /// What to do now that the time of a [`Plan::Later`] has come.
    pub fn due(&self) -> Result<Plan, AgentError> {
        planning::plan(&*self.inner()?, None)
    }

    /// Delivers queued reports, then fetches settings, the policy, the connector's decision and threat intelligence.
    /// Whatever the deadline or the network leaves undone stays queued.
    pub async fn deliver(&self, limit: Duration) -> Result<DeliverySummary, AgentError> {
        self.deliver_with(limit, DeliveryHints::default()).await
    }

    /// [`Self::deliver`] by what the host knows of the moment: what can wait for a better one does so, within bounds.
    pub async fn deliver_with(
        &self,
        limit: Duration,
        hints: DeliveryHints,
    ) -> Result<DeliverySummary, AgentError> {
        let deadline = runtime::deadline(limit);
        let inner = self.inner()?;
        let work = async move {
            let waited = timeout_at(deadline, inner.exchange.lock()).await;
            let _alone = waited.map_err(|_| AgentError::Deadline(limit.as_secs()))?;
            delivery::deliver(inner.clone(), hints, deadline).await
        };
        self.runtime.run(work).await
    }

    /// Puts the intelligence bundle in `candidate` in force: a copy of it, once it is verified whole, at once or not at
    /// all. An older one is refused, and on every error what was in force stays so.
    pub fn install_intel(&self, candidate: &Path) -> Result<IntelStatus, AgentError> {
        intel::install(&*self.inner()?, candidate)
    }

    /// Judges a URL, or a bare host, before somebody goes there: by the threat intelligence, and by its likeness to the
    /// organisation's own domains. Keeps and sends nothing of it.
    pub fn check_url(&self, url: &str, language: Language) -> Result<UrlVerdict, AgentError> {
        web::check_url(&*self.inner()?, url, language)
    }

    /// Takes the hosts that the device was in contact with, where the app sees them (a DNS filter, a VPN of its own).
    /// Gives how many of them are found fault with: a scan then tells. Only the indicators that were met are kept.
    pub fn contacted<S: AsRef<str>>(&self, hosts: &[S]) -> Result<usize, AgentError> {
        web::contacted(&*self.inner()?, hosts)
    }

    /// Where the agent stands.
    pub fn status(&self) -> Result<Status, AgentError> {
        let inner = self.inner()?;
        inner.store.read(|tx| {
            let enrolment: Option<Enrolment> = tx.get(Slot::Enrolment)?;
            let settings = inner.settings(tx)?;
            let last: Option<LastScan> = tx.get(Slot::LastScan)?;
            let now = inner.host.clock.now();
            let policy = inner.policy(tx, &settings, now)?;
            let assessment = last.as_ref().map(|scan| scan.as_of(now, &policy, &settings));
            Ok(Status {
                level: assessment.as_ref().map(|assessment| assessment.level),
                at_least: assessment.as_ref().map(|assessment| assessment.at_least),
                is_stale: last.as_ref().is_some_and(|scan| scan.is_stale(now, &policy)),
                last_scan_at: last.as_ref().map(|scan| scan.at),
                enrolment: enrolment.map(|enrolment| EnrolmentStatus::new(&enrolment, &settings)),
                enrol_again: tx.get(Slot::Disowned)?,
                queued: tx.reports(ReportState::Queued)?.len(),
                unsigned: backlog::waiting(tx)?,
                key_trouble: tx.get(Slot::KeyTrouble)?,
                dropped: tx.dropped()?,
                intel: inner.intel(tx, &settings)?.bundle.as_deref().map(IntelStatus::from),
                intel_download: download::progress(&inner, tx)?
                    .map(|(received, total)| DownloadProgress { received, total }),
                behind_portal_since: path::portal_since(tx)?,
                decision: tx.get::<Decision>(Slot::Decision)?,
            })
        })
    }

    /// Why the level of the last scan is what it is, and what would change it; `None` before the first scan. The level
    /// of a scan that is too old is unknown.
    pub fn explain(&self, language: Language) -> Result<Option<Explanation>, AgentError> {
        let inner = self.inner()?;
        inner.store.read(|tx| {
            let Some(last) = tx.get::<LastScan>(Slot::LastScan)? else { return Ok(None) };
            let (settings, now) = (inner.settings(tx)?, inner.host.clock.now());
            let policy = inner.policy(tx, &settings, now)?;
            let assessment = last.as_of(now, &policy, &settings);
            let findings = tx.findings()?;
            let system = last.system(inner.config.platform);
            Ok(Some(policy::explain(&assessment, &findings, &policy, language, &system)))
        })
    }

    /// The last scan as [`policy::simulate`] replays it; `None` before the first.
    pub fn recorded(&self) -> Result<Option<Recorded>, AgentError> {
        self.inner()?.store.read(|tx| {
            let Some(LastScan { at, assessment, .. }) = tx.get(Slot::LastScan)? else { return Ok(None) };
            let findings = tx.findings()?;
            Ok(Some(Recorded { at, level: assessment.level, findings, gaps: assessment.gaps }))
        })
    }

    /// The changes of the policy that the settings in force have.
    pub fn policy_overrides(&self) -> Result<Vec<PolicyOverride>, AgentError> {
        let inner = self.inner()?;
        inner.store.read(|tx| Ok(inner.settings(tx)?.policy_overrides))
    }

    /// The reports that wait for delivery, exactly as they will be sent.
    pub fn preview_report(&self) -> Result<Vec<PreviewedReport>, AgentError> {
        self.inner()?.store.read(|tx| {
            let queued = tx.reports(ReportState::Queued)?;
            queued.iter().filter_map(|report| PreviewedReport::of(report, tx).transpose()).collect()
        })
    }

    /// The public half of the key that signs this device's reports.
    pub fn public_key(&self) -> Result<PublicKey, AgentError> {
        let inner = self.inner()?;
        let enrolment: Option<Enrolment> = inner.store.read(|tx| tx.get(Slot::Enrolment))?;
        // No name stands for the key in use.
        let kid = enrolment.map(|enrolment| enrolment.kid).unwrap_or_default();
        Ok(public_key_of(inner.host.key.as_ref(), &kid).map_err(ReportError::from)?)
    }

    /// The public halves of the keys that signed this device's reports since it was enrolled, in order: the one in use is
    /// the last.
    pub fn public_keys(&self) -> Result<Vec<PublicKey>, AgentError> {
        let former: Option<Vec<Jwk>> = self.inner()?.store.read(|tx| tx.get(Slot::FormerKeys))?;
        let former = former.unwrap_or_default();
        let mut keys: Vec<_> = former.iter().filter_map(|jwk| PublicKey::from_jwk(jwk).ok()).collect();
        keys.push(self.public_key()?);
        Ok(keys)
    }

    /// The report that a transfer outside this process is to deliver (iOS background `URLSession`), in a file, exactly as it
    /// is to be sent; `None` where none is due. The same one, in the same file, until [`Self::upload_result`] has told what
    /// became of it, in this process or another.
    pub fn next_upload(&self) -> Result<Option<Upload>, AgentError> {
        upload::next(&*self.inner()?)
    }

    /// Tells what came of the [`Upload`] called `id`. The report leaves the queue on the connector's receipt, and on
    /// nothing else.
    pub fn upload_result(&self, id: &str, answer: UploadAnswer) -> Result<UploadOutcome, AgentError> {
        upload::settle(&*self.inner()?, id, answer)
    }

    /// The next event, as soon as there is one; `None` once the agent is closed.
    pub async fn next_event(&self) -> Option<AgentEvent> {
        let inner = self.inner().ok()?;
        inner.events.next().await
    }

    /// Ends every call under way with [`AgentError::Cancelled`]. What they had stored stays stored.
    pub fn cancel(&self) {
        self.runtime.cancel();
    }

    /// Ends every call under way with [`AgentError::Closed`], the agent's thread, and the stream of events. What was
    /// stored stays stored; a second call does nothing. Does not wait for a host that still thinks about an answer.
    pub fn close(&self) {
        let open = self.inner.write().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(inner) = open {
            inner.events.close();
        }
        self.runtime.shut_down();
    }

    /// Does `work`, a call of this agent that blocks, on a thread of its own, and stops waiting for it after `limit`:
    /// for a caller whose thread must not block.
    pub async fn off_thread<T: Send + 'static>(
        self: Arc<Self>,
        limit: Duration,
        work: impl FnOnce(&Self) -> Result<T, AgentError> + Send + 'static,
    ) -> Result<T, AgentError> {
        let agent = self.clone();
        self.within(limit, async move { runtime::on_own_thread(move || work(&agent)).await? }).await
    }

    /// What the agent works with, while it is open.
    fn inner(&self) -> Result<Arc<Inner>, AgentError> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner).clone().ok_or(AgentError::Closed)
    }

    async fn within<T: Send + 'static>(
        &self,
        limit: Duration,
        work: impl Future<Output = Result<T, AgentError>> + Send + 'static,
    ) -> Result<T, AgentError> {
        let deadline = runtime::deadline(limit);
        let timed = async move {
            timeout_at(deadline, work).await.unwrap_or_else(|_| Err(AgentError::Deadline(limit.as_secs())))
        };
        self.runtime.run(timed).await
    }
}

impl Inner {
    /// The way to the connector.
    fn client(&self) -> Client {
        Client::new(self.host.key.clone(), self.host.clock.clone(), self.host.entropy.clone())
    }

    /// The way to the connector that this device is enrolled with, as the settings in force have it. Not to be called in
    /// a transaction.
    fn client_by_settings(&self) -> Result<Client, AgentError> {
        let (settings, keys) = self.store.read(|tx| {
            let keys: Option<ConnectorKeys> = tx.get(Slot::ConnectorKeys)?;
            Ok::<_, AgentError>((self.settings(tx)?, keys.unwrap_or_default()))
        })?;
        Ok(self.client().through(Route::of(&settings), keys))
    }

    /// The settings in force: the signed ones of an enrolled device.
    fn settings(&self, tx: &ReadTx<'_>) -> Result<Settings, AgentError> {
        match tx.get::<Enrolment>(Slot::Enrolment)? {
            Some(_) => Ok(tx.get(Slot::Settings)?.unwrap_or_default()),
            None => Ok(self.config.unenrolled_settings.clone()),
        }
    }
}
