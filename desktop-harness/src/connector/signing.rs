//! The keys that receipts, settings, policies and decisions are signed with, and how one follows another.
//!
//! ```text
//! prepare   a new key is made; settings signed by the one in use announce it
//! use       it signs from now on; the one before is kept for devices that have not heard of it
//! forget    the ones before are deleted
//! ```
//!
//! A device that was away for a whole rotation gets settings that are signed by the newest key which the settings it has
//! name, so that it hears of the newer ones by somebody it knows. Which key has which part is in the database, so that a
//! command changes it under a running server; the keys are files beside it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use agent_core::connector::wire::{JwkSet, PolicyClaims};
use agent_core::model::Settings;
use agent_core::report::jws::{self, typ};
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use serde::Serialize;

use super::Connector;
use super::database::Number;
use super::error::Error;
use super::policies::{self, StoredPolicy};
use super::{random, tenants};
use crate::software_key::SoftwareKey;

/// The first key. Devices pin it when they enrol, so losing the file means enrolling every device again.
pub(super) const FIRST: &str = "signing-key.p8";

/// The part of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Next,
    Current,
    Previous,
}

struct Row {
    /// Absent for the first key as long as there was no rotation.
    number: Option<i64>,
    file: String,
    state: State,
}

/// The keys of a data directory, each read once.
pub(super) struct SigningKeys {
    directory: PathBuf,
    open: Mutex<BTreeMap<String, Arc<SoftwareKey>>>,
}

impl SigningKeys {
    pub(super) fn new(directory: PathBuf) -> Self {
        Self { directory, open: Mutex::default() }
    }

    fn get(&self, file: &str) -> Result<Arc<SoftwareKey>, Error> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = open.get(file) {
            return Ok(Arc::clone(key));
        }
        let key = Arc::new(SoftwareKey::open(&self.directory, file)?);
        open.insert(file.to_owned(), Arc::clone(&key));
        Ok(key)
    }

    fn delete(&self, file: &str) -> Result<(), Error> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(file);
        let path = self.directory.join(file);
        std::fs::remove_file(&path).map_err(|error| Error::Config(format!("{}: {error}", path.display())))
    }
}

/// Where a rotation stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeyRotation {
    /// Thumbprint of the key in use.
    pub current: String,
    /// Thumbprint of the key that is to follow it, once it is prepared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// Thumbprints of the keys before, newest first.
    pub previous: Vec<String>,
    /// Version of this organisation's settings that announced the newest key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub announced_in: Option<u64>,
    /// Devices that are not known to have these settings.
    pub behind: Vec<String>,
}

impl Connector {
    /// The key in use.
    pub(super) fn signing_key(&self) -> Result<Arc<SoftwareKey>, Error> {
        let rows = rows(&self.0.database.read())?;
        self.0.keys.get(&current(&rows)?.file)
    }

    /// The key by which a device hears of newer ones that has version `known` of the settings of `tenant`.
    pub(super) fn key_known_by(&self, tenant: &str, known: u64) -> Result<Arc<SoftwareKey>, Error> {
        let file = {
            let database = self.0.database.read();
            let rows = rows(&database)?;
            let mut heard = current(&rows)?;
            for row in rows.iter().filter(|row| row.state != State::Next) {
                if announced(&database, row, tenant)?.is_none_or(|version| version <= known) {
                    heard = row;
                }
            }
            heard.file.clone()
        };
        self.0.keys.get(&file)
    }

    /// The public keys, the one in use first (RFC 7517, section 5).
    pub(super) fn key_set(&self) -> Result<JwkSet, Error> {
        let mut rows = rows(&self.0.database.read())?;
        rows.sort_by_key(|row| row.state != State::Current);
        let keys = rows.iter().map(|row| Ok(self.0.keys.get(&row.file)?.public().clone()));
        Ok(JwkSet::of(&keys.collect::<Result<Vec<_>, Error>>()?))
    }

    /// Where the rotation of the key stands.
    pub fn key_rotation(&self) -> Result<KeyRotation, Error> {
        let database = self.0.database.read();
        let rows = rows(&database)?;
        let name = |row: &Row| Ok::<_, Error>(self.0.keys.get(&row.file)?.public().thumbprint());
        let of = |state| rows.iter().filter(move |row| row.state == state);
        let newest = rows.last().filter(|row| row.number.is_some());
        let announced_in = newest.map(|row| announced(&database, row, self.tenant())).transpose()?.flatten();
        Ok(KeyRotation {
            current: name(current(&rows)?)?,
            next: of(State::Next).next().map(name).transpose()?,
            previous: of(State::Previous).rev().map(name).collect::<Result<_, _>>()?,
            behind: match announced_in {
                Some(version) => behind(&database, self.tenant(), version)?,
                None => Vec::new(),
            },
            announced_in,
        })
    }

    /// Makes the key that is to follow, and has the settings of all devices announce it. One that is prepared already
    /// stays.
    pub fn prepare_key(&self) -> Result<KeyRotation, Error> {
        let file = format!("signing-key-{}.p8", random::identifier()?);
        self.0.database.write(|transaction| {
            let rows = rows(transaction)?;
            if rows.iter().any(|row| row.state == State::Next) {
                return Ok(());
            }
            let in_use = current(&rows)?;
            if in_use.number.is_none() {
                insert(transaction, &in_use.file, "current", self.now().unix())?;
            }
            let number = insert(transaction, &file, "next", self.now().unix())?;
            let keys = [&in_use.file, &file].map(|file| self.0.keys.get(file));
            let keys = keys.into_iter().map(|key| Ok(key?.public().to_jwk()));
            let keys = keys.collect::<Result<Vec<_>, Error>>()?;
            in_all_settings(transaction, |transaction, tenant, settings| {
                settings.transport.get_or_insert_default().connector_keys.clone_from(&keys);
                let sql = "INSERT INTO announcement (key, tenant, version) VALUES (?1, ?2, ?3)";
                transaction.execute(sql, params![number, tenant, Number(settings.version)])?;
                Ok(())
            })
        })?;
        self.key_rotation()
    }

    /// Signs with the prepared key from now on. Unless `at_once`, not before all devices of all organisations have the
    /// settings that announce it.
    pub fn use_key(&self, at_once: bool) -> Result<KeyRotation, Error> {
        self.0.database.write(|transaction| {
            let rows = rows(transaction)?;
            let next = rows.iter().find(|row| row.state == State::Next);
            let next = next.ok_or_else(|| {
                Error::Config("no key is prepared: `mtd connector rotate-key` prepares one".to_owned())
            })?;
            let lagging = all_behind(transaction, next)?;
            if !lagging.is_empty() && !at_once {
                return Err(Error::Config(format!(
                    "{} of the devices have not fetched the settings that announce the new key ({}): wait for them, or \
                     use it --at-once; they then hear of it by settings that the former key signs",
                    lagging.len(),
                    lagging.join(", ")
                )));
            }
            let key = self.0.keys.get(&next.file)?;
            let former = self.0.keys.get(&current(&rows)?.file)?;
            let now = self.now().unix();
            let sql = "UPDATE signing_key SET state = 'previous', since = ?1 WHERE state = 'current'";
            transaction.execute(sql, [now])?;
            let sql = "UPDATE signing_key SET state = 'current', since = ?2 WHERE number = ?1";
            transaction.execute(sql, params![next.number, now])?;
            in_all_settings(transaction, |transaction, tenant, settings| {
                settings.transport.get_or_insert_default().connector_keys = vec![key.public().to_jwk()];
                sign_policy_anew(transaction, tenant, &former, &key)
            })
        })?;
        self.key_rotation()
    }

    /// Deletes the keys that are no longer in use. A device that has not heard of the one in use has to enrol again.
    pub fn forget_keys(&self) -> Result<KeyRotation, Error> {
        let gone = self.0.database.write(|transaction| {
            let rows = rows(transaction)?;
            transaction.execute("DELETE FROM signing_key WHERE state = 'previous'", [])?;
            let gone = rows.into_iter().filter(|row| row.state == State::Previous).map(|row| row.file);
            Ok::<_, Error>(gone.collect::<Vec<_>>())
        })?;
        gone.iter().try_for_each(|file| self.0.keys.delete(file))?;
        self.key_rotation()
    }
}

/// Notes which settings a device has.
pub(super) fn has_settings(connection: &Connection, device: &str, version: u64) -> Result<(), Error> {
    let sql = "UPDATE device SET settings_version = ?2 WHERE id = ?1 AND settings_version <> ?2";
    connection.execute(sql, params![device, Number(version)])?;
    Ok(())
}

/// The keys, oldest first.
fn rows(connection: &Connection) -> Result<Vec<Row>, Error> {
    let mut statement = connection.prepare("SELECT number, file, state FROM signing_key ORDER BY number")?;
    let rows = statement.query_map([], |row| {
        let state = match row.get_ref(2)?.as_str()? {
            "next" => State::Next,
            "current" => State::Current,
            _ => State::Previous,
        };
        Ok(Row { number: row.get(0)?, file: row.get(1)?, state })
    })?;
    let rows: Vec<_> = rows.collect::<Result<_, _>>()?;
    if rows.is_empty() {
        return Ok(vec![Row { number: None, file: FIRST.to_owned(), state: State::Current }]);
    }
    Ok(rows)
}

fn current(rows: &[Row]) -> Result<&Row, Error> {
    let found = rows.iter().find(|row| row.state == State::Current);
    found.ok_or_else(|| Error::Config("the database names no signing key in use".to_owned()))
}

fn insert(transaction: &Transaction<'_>, file: &str, state: &str, now: i64) -> Result<i64, Error> {
    let sql = "INSERT INTO signing_key (file, state, since) VALUES (?1, ?2, ?3)";
    transaction.execute(sql, params![file, state, now])?;
    Ok(transaction.last_insert_rowid())
}

/// The version of the settings of `tenant` that announced a key; `None` for one that enrolments give.
fn announced(connection: &Connection, row: &Row, tenant: &str) -> Result<Option<u64>, Error> {
    let sql = "SELECT version FROM announcement WHERE key = ?1 AND tenant = ?2";
    let found = connection.query_row(sql, params![row.number, tenant], |row| row.get(0)).optional()?;
    Ok(found.map(|Number(version)| version))
}

/// Devices of `tenant` that are not known to have version `version` of the settings.
fn behind(connection: &Connection, tenant: &str, version: u64) -> Result<Vec<String>, Error> {
    let sql = "SELECT id FROM device WHERE tenant = ?1 AND settings_version < ?2 ORDER BY id";
    let mut statement = connection.prepare(sql)?;
    let devices = statement.query_map(params![tenant, Number(version)], |row| row.get(0))?;
    Ok(devices.collect::<Result<_, _>>()?)
}

fn all_behind(connection: &Connection, row: &Row) -> Result<Vec<String>, Error> {
    let mut lagging = Vec::new();
    for tenant in tenants::names(connection)? {
        if let Some(version) = announced(connection, row, &tenant)? {
            lagging.extend(behind(connection, &tenant, version)?);
        }
    }
    Ok(lagging)
}

/// Changes the settings of every organisation: their versions grow first.
fn in_all_settings(
    transaction: &Transaction<'_>,
    change: impl Fn(&Transaction<'_>, &str, &mut Settings) -> Result<(), Error>,
) -> Result<(), Error> {
    for tenant in tenants::names(transaction)? {
        let mut settings = tenants::load(transaction, &tenant)?.unwrap_or_default();
        settings.device.version = settings.device.version.saturating_add(1);
        change(transaction, &tenant, &mut settings.device)?;
        tenants::save(transaction, &tenant, &settings)?;
    }
    Ok(())
}

/// The policy is signed once for all devices: under a new key once more, with the same content.
fn sign_policy_anew(
    transaction: &Transaction<'_>,
    tenant: &str,
    former: &SoftwareKey,
    key: &SoftwareKey,
) -> Result<(), Error> {
    let Some(StoredPolicy { version, token }) = policies::load(transaction, tenant)? else { return Ok(()) };
    let claims: PolicyClaims = jws::verify_claims(&token, typ::POLICY, former.public())
        .map_err(|error| Error::Policy(format!("the policy in force cannot be signed anew: {error}")))?;
    let token = jws::sign(typ::POLICY, &serde_json::to_vec(&claims)?, key)?;
    policies::save(transaction, tenant, &StoredPolicy { version, token })
}
