//! What a host gives to the agent. Everything that a desktop, an iPhone and an Android phone do differently
//! is behind these traits; the core itself knows no platform.
//!
//! All calls are synchronous and may block: the core calls them off its own worker threads and stops waiting
//! at its deadline. An implementation must not call back into the agent.

mod apple_mdm;
mod error;
mod key;
mod plist_tree;
mod system;

pub use crate::model::KeyProtection;
pub use apple_mdm::{MdmError, profiles_from_mdm, roots_from_mdm};
pub use error::{FailureKind, PlatformError};
pub use key::{DeviceKey, Es256Signature, KeyAttestation, KeySlot, Signer, SlotSigner};
pub use plist_tree::TreeError;
pub use system::{SystemClock, SystemEntropy};

use crate::model::{DevicePosture, Fact, Inventory, NetworkSnapshot, Timestamp, TrustVerdict};

/// Facts about the device.
pub trait DeviceHost: Send + Sync {
    /// The installed apps.
    fn installed_apps(&self) -> Fact<Inventory>;

    /// The state of the device.
    fn device_posture(&self) -> DevicePosture;

    /// The network in use, without sending a packet.
    fn network_snapshot(&self) -> NetworkSnapshot;

    /// Asks the platform's verifier about `chain` (DER, leaf first) for the host name `host`.
    fn evaluate_trust(&self, chain: &[Vec<u8>], host: &str) -> Fact<TrustVerdict>;
}

/// Keeps the key that seals the agent's data at rest.
pub trait SecretStore: Send + Sync {
    /// Encrypts `data_key` under a key that only this platform and app can use.
    fn wrap(&self, data_key: &[u8]) -> Result<Vec<u8>, PlatformError>;

    /// Reverses [`Self::wrap`]. A wrapping key that is gone for good fails with [`FailureKind::Gone`], one that the user
    /// has to unlock first with [`FailureKind::Locked`]: the difference decides whether the store is lost.
    fn unwrap(&self, wrapped: &[u8]) -> Result<Vec<u8>, PlatformError>;
}

/// The wall clock. Never used for intervals.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// Random bytes fit for keys and nonces.
pub trait Entropy: Send + Sync {
    /// Fills `buffer`.
    fn fill(&self, buffer: &mut [u8]) -> Result<(), PlatformError>;
}

#[cfg(test)]
pub(crate) mod testing;
