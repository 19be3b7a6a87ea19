//! Values of which there is one each.

use rusqlite::OptionalExtension as _;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::StoreError;
use super::seal::Place;
use super::{ReadTx, WriteTx};

pub(super) const TABLE: &str = "slots";

/// The name of a value. The type that is put must be the type that is got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// Who this device is to its connector.
    Enrolment,
    /// A key that is being enrolled, or rotated to.
    Candidate,
    /// Public keys that this device signed with before, in this enrolment.
    FormerKeys,
    /// What happened and waits for the device key to sign it.
    Unsigned,
    /// What keeps the device key from signing.
    KeyTrouble,
    /// The organisation's signed settings.
    Settings,
    /// The apps at the last scan, for changes between scans. Never leaves the device as it is.
    Inventory,
    /// The apps as the connector last received them, which a delta starts from.
    SharedInventory,
    /// The level that was last reported.
    LastLevel,
    /// What the last scan covered.
    LastScan,
    /// The connector's last decision on this device.
    Decision,
    /// Past scans, as far as they decide on the next.
    Schedule,
    /// The highest version of an intelligence bundle that was in force.
    IntelVersion,
    /// The organisation's policy file.
    Policy,
    /// Hosts of the threat intelligence that the device was in contact with.
    Contacts,
    /// Why the connector does not know this device any more.
    Disowned,
    /// The size of token that got through where a larger one did not.
    TokenLimit,
    /// The connector's keys, as far as they were seen to follow one another.
    ConnectorKeys,
    /// What was met on the way to the connector.
    ConnectorPath,
    /// The download of an intelligence bundle.
    IntelDownload,
}

impl Slot {
    const fn name(self) -> &'static str {
        match self {
            Self::Enrolment => "enrolment",
            Self::Candidate => "candidate",
            Self::FormerKeys => "former_keys",
            Self::Unsigned => "unsigned",
            Self::KeyTrouble => "key_trouble",
            Self::Settings => "settings",
            Self::Inventory => "inventory",
            Self::SharedInventory => "shared_inventory",
            Self::LastLevel => "last_level",
            Self::LastScan => "last_scan",
            Self::Decision => "decision",
            Self::Schedule => "schedule",
            Self::IntelVersion => "intel_version",
            Self::Policy => "policy",
            Self::Contacts => "contacts",
            Self::Disowned => "disowned",
            Self::TokenLimit => "token_limit",
            Self::ConnectorKeys => "connector_keys",
            Self::ConnectorPath => "connector_path",
            Self::IntelDownload => "intel_download",
        }
    }
}

impl ReadTx<'_> {
    /// The value of `slot`, if there is one.
    pub fn get<T: DeserializeOwned>(&self, slot: Slot) -> Result<Option<T>, StoreError> {
        self.get_named(slot.name())
    }

    pub(super) fn get_named<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, StoreError> {
        let sealed: Option<Vec<u8>> = self
            .tx
            .prepare_cached("SELECT sealed FROM slots WHERE name = ?1")?
            .query_row([name], |row| row.get(0))
            .optional()?;
        sealed.map(|sealed| self.sealer.open(Place { table: TABLE, row: name }, &sealed)).transpose()
    }
}

impl WriteTx<'_> {
    /// Sets the value of `slot`.
    pub fn put<T: Serialize>(&self, slot: Slot, value: &T) -> Result<(), StoreError> {
        self.put_named(slot.name(), value)
    }

    /// Removes the value of `slot`, if there is one.
    pub fn delete(&self, slot: Slot) -> Result<(), StoreError> {
        self.tx.prepare_cached("DELETE FROM slots WHERE name = ?1")?.execute([slot.name()])?;
        Ok(())
    }

    pub(super) fn put_named<T: Serialize>(&self, name: &str, value: &T) -> Result<(), StoreError> {
        let sealed = self.sealer.seal(Place { table: TABLE, row: name }, value)?;
        self.tx
            .prepare_cached("INSERT OR REPLACE INTO slots (name, sealed) VALUES (?1, ?2)")?
            .execute((name, sealed))?;
        Ok(())
    }
}
