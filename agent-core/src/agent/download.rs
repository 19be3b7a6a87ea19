//! The download of an intelligence bundle: kept beside the store until it is whole, then verified and put in force.
//!
//! ```text
//! agent.mtdi        in force
//! agent.mtdi.part   what has come so far, mode 0600
//! ```
//!
//! Which file the parts are of is remembered, sealed, before the first of them is written; how much of it is there is
//! what the file system says. A crash at any point leaves a file that goes on, or one that fails its verification and is
//! fetched again. Nothing counts before `intel::install` has verified all of it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, timeout_at};

use super::Inner;
use super::error::AgentError;
use super::hints::{DeliveryHints, intel_can_wait};
use super::intel;
use super::result::IntelDownload;
use super::runtime::on_own_thread;
use crate::connector::{Client, ConnectorError, DownloadState, Downloaded, Enrolment, Partial};
use crate::files;
use crate::intel::bundle::BundleError;
use crate::model::{Settings, Sha256, Timestamp};
use crate::store::{ReadTx, Slot, StoreError};

/// How long a download that found the disk full waits before it is tried again, in seconds.
const FULL_DISK_WAIT: i64 = 60 * 60;

/// Bytes that are read at once.
const PIECE: usize = 64 * 1024;

/// What is remembered between exchanges.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Memory {
    /// The entity tag of the bundle in force; absent where it did not come from the connector.
    #[serde(default)]
    in_force: Option<String>,
    /// The entity tag of a bundle that was refused: not fetched again.
    #[serde(default)]
    refused: Option<String>,
    /// The entity tag of a file that came otherwise than its tag says: fetched once more.
    #[serde(default)]
    damaged: Option<String>,
    /// What is being fetched.
    #[serde(default)]
    partial: Option<DownloadState>,
    /// Not before.
    #[serde(default)]
    not_before: Option<Timestamp>,
}

impl Memory {
    /// The files that are not wanted, for `If-None-Match`.
    fn unwanted(&self) -> Option<String> {
        let tags: Vec<_> = [&self.in_force, &self.refused].into_iter().flatten().cloned().collect();
        (!tags.is_empty()).then(|| tags.join(", "))
    }
}

/// How far a download is, in bytes.
pub(super) fn progress(inner: &Inner, tx: &ReadTx<'_>) -> Result<Option<(u64, u64)>, AgentError> {
    let memory: Option<Memory> = tx.get(Slot::IntelDownload)?;
    let Some(partial) = memory.and_then(|memory| memory.partial) else { return Ok(None) };
    let received = fs::metadata(part_path(&inner.config.store)).map_or(0, |metadata| metadata.len());
    Ok(Some((received.min(partial.total), partial.total)))
}

/// Fetches what there is to fetch until `deadline`, and puts in force what is whole. `None` where there is nothing to tell.
/// A folder that takes no file costs the download, never the exchange.
pub(super) async fn fetch(
    inner: &Arc<Inner>,
    client: &Client,
    enrolment: &Enrolment,
    hints: DeliveryHints,
    deadline: Instant,
) -> Result<Option<IntelDownload>, AgentError> {
    match try_to_fetch(inner, client, enrolment, hints, deadline).await {
        Err(AgentError::Connector(error @ ConnectorError::Storage { .. })) => {
            postpone(inner)?;
            Ok(Some(IntelDownload::Failed { why: error.to_string() }))
        }
        other => other,
    }
}

/// Leaves a folder that takes nothing alone for a while, and begins anew then.
fn postpone(inner: &Inner) -> Result<(), AgentError> {
    let again = inner.host.clock.now().plus_seconds(FULL_DISK_WAIT);
    inner.store.write(|tx| {
        let memory: Memory = tx.get(Slot::IntelDownload)?.unwrap_or_default();
        let memory = Memory { partial: None, not_before: Some(again), ..memory };
        Ok(tx.put(Slot::IntelDownload, &memory)?)
    })
}

async fn try_to_fetch(
    inner: &Arc<Inner>,
    client: &Client,
    enrolment: &Enrolment,
    hints: DeliveryHints,
    deadline: Instant,
) -> Result<Option<IntelDownload>, AgentError> {
    let now = inner.host.clock.now();
    let (memory, has_key, in_force) = inner.store.read(|tx| {
        let settings: Settings = inner.settings(tx)?;
        let memory: Memory = tx.get(Slot::IntelDownload)?.unwrap_or_default();
        let bundle = inner.intel(tx, &settings)?.bundle;
        Ok::<_, AgentError>((memory, inner.intel_key(&settings).is_some(), bundle))
    })?;
    if !has_key || memory.not_before.is_some_and(|at| at > now && at <= now.plus_seconds(FULL_DISK_WAIT)) {
        return Ok(None);
    }
    let can_wait = in_force.as_ref().is_some_and(|bundle| intel_can_wait(bundle.built_at(), now));
    if let Some(why) = hints.reason().filter(|_| can_wait) {
        return Ok(Some(IntelDownload::Waiting { why: why.to_owned() }));
    }
    let mut part = PartFile::open(inner, memory)?;
    loop {
        let unwanted = part.memory.unwanted();
        let step = client.download_intel(enrolment, unwanted.as_deref(), &mut part);
        let step = match timeout_at(deadline, step).await {
            Ok(Ok(step)) => step,
            Ok(Err(error)) => return part.failed(&error).map(Some),
            Err(_) => return Ok(part.so_far()),
        };
        match step {
            Downloaded::Unchanged | Downloaded::Nothing => return Ok(None),
            Downloaded::Part { .. } => {}
            Downloaded::Whole(state) => return part.put_in_force(inner.clone(), state).await.map(Some),
        }
    }
}

/// Removes what has come so far of a bundle for the store in `store`.
pub(super) fn erase(store: &Path) -> Result<(), StoreError> {
    Ok(files::remove(&part_path(store))?)
}

fn part_path(store: &Path) -> PathBuf {
    store.with_extension("mtdi.part")
}

/// The file that has come so far.
struct PartFile {
    inner: Arc<Inner>,
    path: PathBuf,
    memory: Memory,
    received: u64,
    file: Option<File>,
}

impl PartFile {
    fn open(inner: &Arc<Inner>, memory: Memory) -> Result<Self, AgentError> {
        let path = part_path(&inner.config.store);
        let received = fs::metadata(&path).map_or(0, |metadata| metadata.len());
        let mut part = Self { inner: inner.clone(), path, memory, received, file: None };
        let fits = part.memory.partial.as_ref().is_some_and(|state| received <= state.total);
        if !fits && (received > 0 || part.memory.partial.is_some()) {
            part.discard()?;
        }
        Ok(part)
    }

    fn remember(&mut self, change: impl FnOnce(&mut Memory)) -> Result<(), AgentError> {
        change(&mut self.memory);
        self.inner.store.write(|tx| Ok(tx.put(Slot::IntelDownload, &self.memory)?))
    }

    fn so_far(&self) -> Option<IntelDownload> {
        let (state, received) = self.kept()?;
        Some(IntelDownload::Part { received, total: state.total })
    }

    /// What is told of a failure. A full disk gets its space back.
    fn failed(&mut self, error: &ConnectorError) -> Result<IntelDownload, AgentError> {
        if matches!(error, ConnectorError::Storage { .. }) {
            // First the space, which the note of it needs too.
            self.remove()?;
            postpone(&self.inner)?;
        }
        Ok(IntelDownload::Failed { why: error.to_string() })
    }

    async fn put_in_force(
        mut self,
        inner: Arc<Inner>,
        state: DownloadState,
    ) -> Result<IntelDownload, AgentError> {
        // What the process wrote is not yet what a power cut leaves.
        if let Some(file) = self.file.take() {
            file.sync_all().map_err(|error| storage(&error))?;
        }
        let (path, etag) = (self.path.clone(), state.etag.clone());
        let checked = on_own_thread(move || {
            let is_whole = offered_digest(&etag).is_none_or(|digest| is_digest_of(&path, digest));
            is_whole.then(|| intel::install(&inner, &path))
        });
        let Some(installed) = checked.await? else { return self.came_damaged(state) };
        match installed {
            Ok(status) => {
                self.remember(|memory| {
                    *memory = Memory { in_force: Some(state.etag), ..Memory::default() };
                })?;
                self.remove()?;
                Ok(IntelDownload::Installed { version: status.version })
            }
            Err(AgentError::Intel(BundleError::Io(error))) => {
                let told = storage(&error);
                self.failed(&told)
            }
            Err(AgentError::Intel(error)) => {
                log::warn!("an intelligence bundle that was fetched is refused: {error}");
                self.discard()?;
                self.remember(|memory| memory.refused = Some(state.etag))?;
                Ok(IntelDownload::Refused { why: error.to_string() })
            }
            Err(error) => Err(error),
        }
    }

    /// What came is not the file of its tag: pages that a power cut kept from the disk. It is fetched once more.
    fn came_damaged(&mut self, state: DownloadState) -> Result<IntelDownload, AgentError> {
        let again = self.memory.damaged.as_ref() != Some(&state.etag);
        self.discard()?;
        self.remember(|memory| {
            if again {
                memory.damaged = Some(state.etag);
            } else {
                memory.refused = Some(state.etag);
            }
        })?;
        let why = "what came of the threat intelligence is damaged".to_owned();
        Ok(match again {
            true => IntelDownload::Failed { why: format!("{why}; it is fetched anew") },
            false => IntelDownload::Refused { why },
        })
    }

    fn remove(&mut self) -> Result<(), AgentError> {
        (self.file, self.received) = (None, 0);
        files::remove(&self.path).map_err(|error| storage(&error).into())
    }
}

impl Partial for PartFile {
    fn kept(&self) -> Option<(DownloadState, u64)> {
        self.memory.partial.clone().map(|state| (state, self.received))
    }

    fn begin(&mut self, state: DownloadState) -> Result<(), ConnectorError> {
        let known = self.inner.store.read(|tx| tx.get::<u64>(Slot::IntelVersion)).map_err(kept_back)?;
        match (known, offered_version(&state.etag)) {
            (Some(known), Some(offered)) if offered < known => {
                return Err(ConnectorError::IntelRollback { known, offered });
            }
            _ => {}
        }
        self.remember(|memory| (memory.partial, memory.not_before) = (Some(state), None))
            .map_err(kept_back)?;
        self.file = Some(
            files::private().create(true).truncate(true).open(&self.path).map_err(|error| storage(&error))?,
        );
        self.received = 0;
        Ok(())
    }

    fn append(&mut self, piece: &[u8]) -> Result<(), ConnectorError> {
        if self.file.is_none() {
            let opened = OpenOptions::new().append(true).open(&self.path);
            self.file = Some(opened.map_err(|error| storage(&error))?);
        }
        let Some(file) = &mut self.file else { return Ok(()) };
        file.write_all(piece).map_err(|error| storage(&error))?;
        self.received += piece.len() as u64;
        Ok(())
    }

    fn discard(&mut self) -> Result<(), ConnectorError> {
        self.remember(|memory| memory.partial = None).map_err(kept_back)?;
        self.remove().map_err(kept_back)
    }
}

/// The version of a bundle by the entity tag that the connector gives it: `"17-<digest>"`. Another form tells none.
fn offered_version(etag: &str) -> Option<u64> {
    etag.strip_prefix('"')?.split_once('-')?.0.parse().ok()
}

/// The digest of the file by that tag.
fn offered_digest(etag: &str) -> Option<Sha256> {
    etag.trim_matches('"').split_once('-')?.1.parse().ok()
}

/// Whether the file in `path` has that digest; one that cannot be read is left to who puts it in force.
fn is_digest_of(path: &Path, expected: Sha256) -> bool {
    let mut context = Context::new(&SHA256);
    let read = File::open(path).and_then(|mut file| {
        let mut buffer = vec![0; PIECE];
        loop {
            match file.read(&mut buffer)? {
                0 => return Ok(()),
                read => context.update(buffer.get(..read).unwrap_or_default()),
            }
        }
    });
    read.is_err() || context.finish().as_ref() == expected.as_bytes()
}

fn storage(error: &io::Error) -> ConnectorError {
    let why = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "the disk is full: make room, it is tried again in an hour".to_owned()
        }
        _ => error.to_string(),
    };
    ConnectorError::Storage { what: "threat intelligence", why }
}

fn kept_back(error: impl ToString) -> ConnectorError {
    ConnectorError::Storage { what: "threat intelligence", why: error.to_string() }
}
