//! The intelligence bundle in force: verified before its first use, never older than one that was in force before.
//!
//! It lies beside the store. The sealed store remembers the highest version, so that a file that was put back by hand is
//! refused as a roll-back is.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::SystemTime;

use publicsuffix::List;
use serde::Serialize;

use super::Inner;
use super::error::AgentError;
use crate::files;
use crate::intel::bundle::{self, Bundle, BundleError};
use crate::intel::{self, web};
use crate::model::{BundleKey, CheckId, CheckOutcome, Coverage, DevicePosture, Settings, Timestamp};
use crate::store::{ReadTx, Slot, StoreError};

/// The threat intelligence in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct IntelStatus {
    /// Its version.
    pub version: u64,
    /// When it was built.
    pub built_at: Timestamp,
    /// Its size, in bytes.
    pub size: u64,
}

impl From<&Bundle> for IntelStatus {
    fn from(bundle: &Bundle) -> Self {
        Self { version: bundle.version(), built_at: bundle.built_at(), size: bundle.size() }
    }
}

/// The bundle that lookups use, opened when it is first asked for.
#[derive(Debug)]
pub(super) struct Intelligence {
    path: PathBuf,
    opened: Mutex<Option<Opened>>,
}

#[derive(Debug)]
struct Opened {
    key: BundleKey,
    file: FileState,
    bundle: Arc<Bundle>,
    /// Read when it is first asked for: only look-alikes need it.
    suffixes: Arc<OnceLock<Option<List>>>,
}

/// What tells a file from one that replaced it, perhaps by another process.
#[derive(Debug, PartialEq, Eq)]
struct FileState {
    len: u64,
    modified: Option<SystemTime>,
}

impl FileState {
    fn of(path: &Path) -> Result<Self, BundleError> {
        let metadata = fs::metadata(path)?;
        Ok(Self { len: metadata.len(), modified: metadata.modified().ok() })
    }
}

impl Intelligence {
    /// The intelligence beside the store in `store`.
    pub(super) fn beside(store: &Path) -> Self {
        Self { path: store.with_extension("mtdi"), opened: Mutex::default() }
    }

    /// Removes the bundle, if there is one.
    pub(super) fn erase(&self) -> Result<(), StoreError> {
        Ok(files::remove(&self.path)?)
    }

    /// The bundle in the file, if there is one. One that is older than `at_least` has been put back, and is refused.
    fn bundle(&self, key: &BundleKey, at_least: u64) -> Result<Intel, BundleError> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        let file = match FileState::of(&self.path) {
            Err(BundleError::Io(error)) if error.kind() == std::io::ErrorKind::NotFound => {
                *opened = None;
                // A file that was taken away is no better than one that was put back.
                return if at_least == 0 { Ok(Intel::default()) } else { Err(BundleError::Io(error)) };
            }
            state => state?,
        };
        if let Some(known) = opened.as_ref().filter(|known| known.key == *key && known.file == file) {
            return Ok(known.intel());
        }
        *opened = None;
        let bundle = Arc::new(Bundle::open(&self.path, key)?);
        if bundle.version() < at_least {
            return Err(BundleError::Older { found: bundle.version(), have: at_least });
        }
        let known = opened.insert(Opened { key: *key, file, bundle, suffixes: Arc::default() });
        Ok(known.intel())
    }
}

/// What a scan or a look-up has of the intelligence bundle.
#[derive(Debug, Default)]
pub(super) struct Intel {
    /// The bundle in force.
    pub(super) bundle: Option<Arc<Bundle>>,
    /// Why there is none though there should be.
    pub(super) fault: Option<String>,
    suffixes: Arc<OnceLock<Option<List>>>,
}

impl Opened {
    fn intel(&self) -> Intel {
        Intel { bundle: Some(self.bundle.clone()), fault: None, suffixes: self.suffixes.clone() }
    }
}

impl Intel {
    /// Adds to the check of the configuration profiles what the bundle knows of them.
    pub(super) fn judge_profiles(
        &self,
        checks: &mut [CheckOutcome],
        posture: &DevicePosture,
        now: Timestamp,
    ) {
        let (Some(bundle), Some(profiles)) = (&self.bundle, posture.profiles.value()) else { return };
        let Some(check) = checks.iter_mut().find(|check| check.check == CheckId::Profiles) else { return };
        match intel::judge_profiles(bundle, profiles, now) {
            Ok(known) => {
                known.iter().for_each(|it| check.summary += &format!("; {}: {}", it.subject, it.reason));
                // First: of two that are as sure, this says more.
                check.judgements.splice(0..0, known);
            }
            Err(error) => check.coverage = Coverage::Unknown { why: error.to_string() },
        }
    }

    /// The public suffix list of the bundle; `None` where it has none that can be read.
    pub(super) fn suffixes(&self) -> Option<&List> {
        let read = || self.bundle.as_ref().and_then(|bundle| web::suffixes(bundle).ok().flatten());
        self.suffixes.get_or_init(read).as_ref()
    }
}

impl Inner {
    /// The intelligence in force under `settings`. That it cannot be used is a fact of a scan, not an error.
    pub(super) fn intel(&self, tx: &ReadTx<'_>, settings: &Settings) -> Result<Intel, AgentError> {
        let Some(key) = self.intel_key(settings) else { return Ok(Intel::default()) };
        let at_least = tx.get::<u64>(Slot::IntelVersion)?.unwrap_or(0);
        let intel = self.intelligence.bundle(&key, at_least);
        Ok(intel.unwrap_or_else(|error| Intel { fault: Some(error.to_string()), ..Intel::default() }))
    }

    /// Whose bundles are taken: the organisation's word comes before the app's.
    pub(super) fn intel_key(&self, settings: &Settings) -> Option<BundleKey> {
        settings.intel_key.or(self.config.intel_key)
    }
}

/// Puts the bundle in `candidate` in force.
pub(super) fn install(inner: &Inner, candidate: &Path) -> Result<IntelStatus, AgentError> {
    inner.store.write(|tx| {
        let settings = inner.settings(tx)?;
        let key = inner.intel_key(&settings).ok_or(AgentError::NoIntelKey)?;
        let at_least = tx.get::<u64>(Slot::IntelVersion)?.unwrap_or(0);
        let bundle = bundle::install(candidate, &inner.intelligence.path, &key, at_least)?;
        // After the file: a crash in between leaves a version that is remembered too low, never too high.
        tx.put(Slot::IntelVersion, &bundle.version())?;
        log::info!("intelligence bundle version {} is in force", bundle.version());
        Ok(IntelStatus::from(&bundle))
    })
}
