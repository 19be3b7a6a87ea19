//! A connector for development, demonstrations and tests: what an MTD server does for one organisation.
//!
//! It enrols devices, verifies and stores their reports, compares their level with the allowed one, decides on
//! access, and signs receipts, settings and decisions. The messages are in `docs/wire.md`.
//!
//! ```text
//! DATA_DIR/                    mode 0700, everything in it 0600
//!   connector.db               SQLite: organisations, invitations, devices, reports
//!   ca-key.pem, ca.pem         its own certification authority
//!   ca-backup-key.pem          only pinned, to take the first key's place
//!   signing-key.p8             signs receipts, settings, decisions
//!   signing-key-….p8           a key that follows it (see `signing.rs`)
//!   intel-….mtdi               the intelligence bundle that devices fetch
//!   admin-token                for GET /admin/devices
//! ```
//!
//! The network side is [`Connector::start`]; administration works on the data directory and needs no running
//! server, nor does it mind one.

mod admin;
mod attestation;
mod bundles;
mod chain;
mod challenge;
mod config;
mod database;
mod decision;
mod device_keys;
mod devices;
mod enrol;
mod error;
mod http;
mod key_rules;
mod limits;
mod own;
mod policies;
mod random;
mod ranges;
mod receive;
mod reports;
mod rotate;
mod serve;
mod signing;
mod tenants;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use agent_core::model::{Sha256, SpkiPin, Timestamp};

use crate::authority::{self, Authority};
use crate::private_file;
use challenge::Challenges;
use database::Database;
use signing::SigningKeys;

pub use admin::{ChainRow, ChainStatus, DeviceRow};
pub use attestation::{AttestationFile, AttestationTrust, KeyFacts};
pub use bundles::ServedBundle;
pub use config::Config;
pub use device_keys::{KeyRow, KeyState};
pub use error::Error;
pub use key_rules::KeyRules;
pub use serve::{ProbeServer, Running};
pub use signing::KeyRotation;
pub use tenants::{Resource, TenantSettings};

/// A second key that devices pin. Should the authority's be lost or stolen, it takes its place without a visit to any
/// device.
const BACKUP_KEY: &str = "ca-backup-key.pem";

const ADMIN_TOKEN: &str = "admin-token";

/// The connector of one data directory. Cheap to clone.
#[derive(Clone)]
pub struct Connector(Arc<Inner>);

struct Inner {
    config: Config,
    authority: Authority,
    backup_pin: SpkiPin,
    keys: SigningKeys,
    admin_token: Sha256,
    challenges: Challenges,
    database: Database,
}

impl Connector {
    /// Opens a data directory, making keys, database and the organisation at first use.
    pub fn open(config: Config) -> Result<Self, Error> {
        config.check()?;
        let data_dir = &config.data_dir;
        private_file::make_directory(data_dir)?;
        let authority = Authority::open(data_dir, "mtd development connector CA", config.clock.now())?;
        let backup_pin = authority::key_pin(data_dir, BACKUP_KEY)?;
        let keys = SigningKeys::new(data_dir.clone());
        let admin_token = private_file::read_or_create(data_dir, ADMIN_TOKEN, || {
            Ok::<_, Error>(random::secret()?.into_bytes())
        })?;
        let database = Database::open(data_dir)?;
        database.write(|transaction| tenants::ensure(transaction, &config.tenant))?;
        let connector = Self(Arc::new(Inner {
            authority,
            backup_pin,
            keys,
            admin_token: Sha256::of(&admin_token),
            challenges: Challenges::new()?,
            database,
            config,
        }));
        // Now, so that a key that cannot be used is told at the start.
        connector.signing_key()?;
        Ok(connector)
    }

    fn now(&self) -> Timestamp {
        self.0.config.clock.now()
    }
}
