//! The digest of a list of apps, and the difference that leads from one list to another.
//!
//! Digest: SHA-256 over a JSON array in the canonical form of RFC 8785, its elements (the app records) in the
//! order of their own canonical bytes. Any implementation can repeat it, whatever order it keeps apps in.
//!
//! Delta: `changed` holds every record of each identity that is new or differs, `removed` the identities that
//! are gone. To apply it, drop all records of those identities from the base, then add `changed`.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::identity::AppIdentity;
use crate::model::{AppRecord, Sha256};

/// The steps from a base list of apps to a new one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InventoryDelta {
    /// Digest of the base.
    pub base_sha256: Sha256,
    /// Digest of the new list.
    pub sha256: Sha256,
    /// All records of each identity of which any record is new or different.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changed: Vec<AppRecord>,
    /// Identities of which the new list has no record.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub removed: Vec<AppIdentity>,
}

/// The digest of `apps`, in whatever order they are.
pub fn digest(apps: &[AppRecord]) -> Sha256 {
    let mut records: Vec<String> = apps.iter().map(canonical).collect();
    records.sort_unstable();
    Sha256::of(format!("[{}]", records.join(",")).as_bytes())
}

/// What leads from `base` to `new`.
pub fn delta(base: &[AppRecord], new: &[AppRecord]) -> InventoryDelta {
    let (base_groups, new_groups) = (by_identity(base), by_identity(new));
    let differs = |(identity, records): &(&AppIdentity, &Vec<&AppRecord>)| {
        base_groups.get(*identity).is_none_or(|before| before != *records)
    };
    let gone = |identity: &&AppIdentity| !new_groups.contains_key(*identity);
    InventoryDelta {
        base_sha256: digest(base),
        sha256: digest(new),
        changed: new_groups
            .iter()
            .filter(differs)
            .flat_map(|(_, apps)| apps.iter().copied().cloned())
            .collect(),
        removed: base_groups.keys().filter(gone).cloned().collect(),
    }
}

/// The list that `delta` makes of `base`, sorted as an [`Inventory`](crate::model::Inventory) is.
///
/// Fails when `base` is not the list that the delta was made from, or the result is not the one it was made for.
pub fn apply(base: &[AppRecord], delta: &InventoryDelta) -> Result<Vec<AppRecord>, ApplyError> {
    let found = digest(base);
    if found != delta.base_sha256 {
        return Err(ApplyError::OtherBase { expected: delta.base_sha256, found });
    }
    let replaced: BTreeSet<AppIdentity> =
        delta.removed.iter().cloned().chain(delta.changed.iter().map(AppIdentity::of)).collect();
    let kept = base.iter().filter(|app| !replaced.contains(&AppIdentity::of(app)));
    let mut apps: Vec<AppRecord> = kept.chain(&delta.changed).cloned().collect();
    super::identity::sort(&mut apps);

    let found = digest(&apps);
    if found != delta.sha256 {
        return Err(ApplyError::OtherResult { expected: delta.sha256, found });
    }
    Ok(apps)
}

/// Why a delta does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// It was made from another list.
    #[error("inventory: the delta starts from {expected}, this list is {found}; ask for the full inventory")]
    OtherBase {
        /// Digest in the delta.
        expected: Sha256,
        /// Digest of the list at hand.
        found: Sha256,
    },
    /// It does not lead to the list that it names.
    #[error(
        "inventory: the delta should lead to {expected}, it leads to {found}; ask for the full inventory"
    )]
    OtherResult {
        /// Digest in the delta.
        expected: Sha256,
        /// Digest of what came out.
        found: Sha256,
    },
}

fn by_identity(apps: &[AppRecord]) -> BTreeMap<AppIdentity, Vec<&AppRecord>> {
    let mut groups: BTreeMap<AppIdentity, Vec<&AppRecord>> = BTreeMap::new();
    for app in apps {
        groups.entry(AppIdentity::of(app)).or_default().push(app);
    }
    groups.values_mut().for_each(|records| records.sort_unstable());
    groups
}

/// RFC 8785 for one record: members sorted by name. Its values are texts, booleans, lists of texts and whole
/// numbers, which serde_json writes as the RFC does.
fn canonical(app: &AppRecord) -> String {
    let members: BTreeMap<String, Value> = match serde_json::to_value(app) {
        Ok(Value::Object(members)) => members.into_iter().collect(),
        // A record is a struct of plain values, which serde_json always writes as an object.
        _ => BTreeMap::new(),
    };
    serde_json::to_string(&members).unwrap_or_default()
}
