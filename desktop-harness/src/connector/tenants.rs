//! What an organisation has set.

use agent_core::model::{RiskLevel, Settings, UnknownLevelAccess};
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use serde::{Deserialize, Serialize};

use super::database::Json;
use super::error::Error;
use super::key_rules::KeyRules;

/// The settings of one organisation. A change of what devices are sent raises `device.version`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantSettings {
    /// What its devices are sent. `ownership` is set for each device.
    pub device: Settings,
    /// How devices are treated whose level is unknown or misconfigured.
    pub unknown_level_access: UnknownLevelAccess,
    /// Days without a report after which a device counts as unresponsive; absent: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unresponsive_after_days: Option<u32>,
    /// How unresponsive devices are treated: by their last level where they are let in.
    #[serde(default = "block")]
    pub unresponsive_access: UnknownLevelAccess,
    /// Which device keys it takes.
    #[serde(default)]
    pub keys: KeyRules,
    /// What is blocked or allowed.
    pub resources: Vec<Resource>,
}

impl Default for TenantSettings {
    /// What holds for a new organisation: nothing is shared, only secured devices are let in.
    fn default() -> Self {
        let resource =
            |name: &str| Resource { name: name.to_owned(), allowed_level: None, grace_hours: None };
        Self {
            device: Settings { version: 1, ..Settings::default() },
            unknown_level_access: UnknownLevelAccess::Block,
            unresponsive_after_days: None,
            unresponsive_access: block(),
            keys: KeyRules::default(),
            resources: vec![resource("mail"), resource("files")],
        }
    }
}

/// Something that devices are let into, or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resource {
    /// Its name: `mail`.
    pub name: String,
    /// The highest level that is let in; the organisation's when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_level: Option<RiskLevel>,
    /// Hours for which access is kept after the level rose above the allowed one; absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grace_hours: Option<u32>,
}

const fn block() -> UnknownLevelAccess {
    UnknownLevelAccess::Block
}

/// Makes an organisation with default settings, unless it is there.
pub fn ensure(transaction: &Transaction<'_>, tenant: &str) -> Result<(), Error> {
    let sql = "INSERT INTO tenant (name, settings) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    transaction.execute(sql, params![tenant, Json(TenantSettings::default())])?;
    Ok(())
}

/// The settings of an organisation; `None` when there is no such.
pub fn load(connection: &Connection, tenant: &str) -> Result<Option<TenantSettings>, Error> {
    let sql = "SELECT settings FROM tenant WHERE name = ?1";
    let found =
        connection.query_row(sql, [tenant], |row| row.get::<_, Json<TenantSettings>>(0)).optional()?;
    Ok(found.map(|Json(settings)| settings))
}

/// The organisations.
pub fn names(connection: &Connection) -> Result<Vec<String>, Error> {
    let mut statement = connection.prepare("SELECT name FROM tenant ORDER BY name")?;
    let names = statement.query_map([], |row| row.get(0))?;
    Ok(names.collect::<Result<_, _>>()?)
}

/// Replaces the settings of an organisation.
pub fn save(transaction: &Transaction<'_>, tenant: &str, settings: &TenantSettings) -> Result<(), Error> {
    let sql = "UPDATE tenant SET settings = ?2 WHERE name = ?1";
    transaction.execute(sql, params![tenant, Json(settings)])?;
    Ok(())
}
