//! The policy in force: the organisation's, where it sent one that this agent understands; else the embedded one.
//!
//! The store keeps the file as it came. It was verified and read before it was put there, and is read again, over the
//! rows of the agent that reads it: what an older agent had to leave out counts from its update on.

use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::Inner;
use super::error::AgentError;
use crate::model::{Settings, Sha256, Timestamp};
use crate::policy::{Policy, PolicyError};
use crate::store::{ReadTx, Slot};

/// A policy file of the organisation, as the store keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StoredPolicy {
    /// Its version. An older one is refused.
    pub(super) version: u32,
    /// The file.
    pub(super) document: String,
}

/// The policies of this process, read once each.
#[derive(Debug)]
pub(super) struct Policies {
    embedded: Policy,
    read: Mutex<Option<Read>>,
}

#[derive(Debug)]
struct Read {
    digest: Sha256,
    policy: Arc<Policy>,
}

impl Policies {
    /// The policy that is part of the library, and no other yet.
    pub(super) fn embedded() -> Result<Self, PolicyError> {
        Ok(Self { embedded: Policy::embedded()?, read: Mutex::default() })
    }

    /// Whether a file that was signed as `version` can be used: what of it this agent leaves out or fills in.
    pub(super) fn read_signed(&self, version: u32, document: &str) -> Result<Vec<PolicyError>, PolicyError> {
        let (policy, notes) = self.embedded.replaced_by(document)?;
        match policy.version() {
            stated if stated == version => Ok(notes),
            stated => Err(PolicyError::Version { stated, signed: version }),
        }
    }

    fn cached(&self, document: &str) -> Result<Arc<Policy>, PolicyError> {
        let digest = Sha256::of(document.as_bytes());
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = read.as_ref().filter(|known| known.digest == digest) {
            return Ok(known.policy.clone());
        }
        let policy = Arc::new(self.embedded.replaced_by(document)?.0);
        *read = Some(Read { digest, policy: policy.clone() });
        Ok(policy)
    }
}

impl Inner {
    /// The policy in force at `now` under `settings`.
    pub(super) fn policy(
        &self,
        tx: &ReadTx<'_>,
        settings: &Settings,
        now: Timestamp,
    ) -> Result<Policy, AgentError> {
        let overrides = &settings.policy_overrides;
        let Some(stored) = tx.get::<StoredPolicy>(Slot::Policy)? else {
            return Ok(self.policies.embedded.with_overrides(overrides, now));
        };
        Ok(match self.policies.cached(&stored.document) {
            Ok(policy) => policy.with_overrides(overrides, now),
            // An agent that was set back to a version from before the file's format.
            Err(error) => {
                log::warn!("policy version {} is not in force: {error}", stored.version);
                self.policies.embedded.with_overrides(overrides, now)
            }
        })
    }
}
