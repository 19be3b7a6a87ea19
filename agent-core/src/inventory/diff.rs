//! What changed between two inventories of one device.
//!
//! Only what both inventories tell is compared: a field that one of them lacks has not changed. An identity
//! that several different records share is compared as far as they can be paired without guessing, and named
//! in [`InventoryDiff::unclear`] beyond that.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::identity::AppIdentity;
use crate::model::{AppRecord, Inventory, SignerDigest};

/// One app at two moments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppChange {
    /// As it was.
    pub before: AppRecord,
    /// As it is.
    pub after: AppRecord,
}

/// The changes from one inventory to the next, each list sorted by identity.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InventoryDiff {
    /// Apps whose identity was not there before.
    pub added: Vec<AppRecord>,
    /// Apps whose identity is no longer there.
    pub removed: Vec<AppRecord>,
    /// Apps with another version or short version.
    pub updated: Vec<AppChange>,
    /// Apps that share no signer with what was installed under their identifier before.
    pub resigned: Vec<AppChange>,
    /// Apps that the organisation began or ceased to manage.
    pub managed_changed: Vec<AppChange>,
    /// Identities that several different records share, so that what became of each cannot be told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unclear: Vec<AppIdentity>,
}

impl InventoryDiff {
    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What changed from `before` to `after`.
pub fn diff(before: &Inventory, after: &Inventory) -> InventoryDiff {
    let mut groups: BTreeMap<AppIdentity, Group<'_>> = BTreeMap::new();
    for app in &before.apps {
        keep_first(&mut groups.entry(AppIdentity::of(app)).or_default().before, app);
    }
    for app in &after.apps {
        keep_first(&mut groups.entry(AppIdentity::of(app)).or_default().after, app);
    }

    let mut diff = InventoryDiff::default();
    for (identity, group) in groups {
        group.compare(identity, &mut diff);
    }
    diff
}

/// The records of one identity. Records that do not differ in what is compared count once.
#[derive(Default)]
struct Group<'a> {
    before: Records<'a>,
    after: Records<'a>,
}

type Records<'a> = BTreeMap<Comparable<'a>, &'a AppRecord>;

/// Keeps the first in order of the records that compare alike, so that the order of the input does not matter.
fn keep_first<'a>(records: &mut Records<'a>, app: &'a AppRecord) {
    let kept = records.entry(Comparable::of(app)).or_insert(app);
    *kept = app.min(*kept);
}

/// What a diff looks at in a record.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Comparable<'a> {
    version: Option<&'a str>,
    short_version: Option<&'a str>,
    signers: &'a [SignerDigest],
    managed: Option<bool>,
}

impl<'a> Comparable<'a> {
    fn of(app: &'a AppRecord) -> Self {
        Self {
            version: app.version.as_deref(),
            short_version: app.short_version.as_deref(),
            signers: &app.signers,
            managed: app.managed,
        }
    }
}

impl Group<'_> {
    fn compare(&self, identity: AppIdentity, diff: &mut InventoryDiff) {
        if self.before.is_empty() {
            diff.added.extend(self.after.values().copied().cloned());
            return;
        }
        if self.after.is_empty() {
            diff.removed.extend(self.before.values().copied().cloned());
            return;
        }

        let mut gone =
            self.before.iter().filter(|(key, _)| !self.after.contains_key(key)).map(|(_, app)| *app);
        let mut new =
            self.after.iter().filter(|(key, _)| !self.before.contains_key(key)).map(|(_, app)| *app);
        let has_a_name = identity.id.is_some() || identity.name.is_some();
        match (gone.next(), new.next()) {
            (None, None) => {}
            (Some(before), Some(after)) if has_a_name && gone.next().is_none() && new.next().is_none() => {
                compare_records(before, after, diff);
            }
            _ => diff.unclear.push(identity),
        }
    }
}

fn compare_records(before: &AppRecord, after: &AppRecord, diff: &mut InventoryDiff) {
    let change = || AppChange { before: before.clone(), after: after.clone() };

    if told_and_different(before.version.as_ref(), after.version.as_ref())
        || told_and_different(before.short_version.as_ref(), after.short_version.as_ref())
    {
        diff.updated.push(change());
    }
    if before.id.is_none() {
        // Two apps may bear one name: a change of signer or management would be guesswork.
        return;
    }
    if changed_signers(before, after).is_some() {
        diff.resigned.push(change());
    }
    if told_and_different(before.managed, after.managed) {
        diff.managed_changed.push(change());
    }
}

fn told_and_different<T: PartialEq>(before: Option<T>, after: Option<T>) -> bool {
    matches!((before, after), (Some(before), Some(after)) if before != after)
}

/// The signers of both records in the strongest algorithm that both tell, if they have none in common.
///
/// One signer in common is the same signer: a rotated key (APK Signature Scheme v3) keeps the former one in
/// its lineage, and nobody but its owner can sign with it.
pub(super) fn changed_signers<'a>(before: &'a AppRecord, after: &'a AppRecord) -> Option<ChangedSigners<'a>> {
    let (before, after) = Strength::ALL.iter().find_map(|strength| {
        let (before, after) = (strength.select(before), strength.select(after));
        (!before.is_empty() && !after.is_empty()).then_some((before, after))
    })?;
    before.is_disjoint(&after).then_some(ChangedSigners { before, after })
}

/// Signers in one algorithm, none of them in both sets.
pub(super) struct ChangedSigners<'a> {
    pub before: BTreeSet<&'a SignerDigest>,
    pub after: BTreeSet<&'a SignerDigest>,
}

/// Algorithms of [`SignerDigest`], which compare only with themselves.
#[derive(PartialEq)]
enum Strength {
    Sha256,
    Sha1,
    HashCode,
}

impl Strength {
    /// Strongest first.
    const ALL: [Self; 3] = [Self::Sha256, Self::Sha1, Self::HashCode];

    fn of(signer: &SignerDigest) -> Self {
        match signer {
            SignerDigest::Sha256(_) => Self::Sha256,
            SignerDigest::Sha1(_) => Self::Sha1,
            SignerDigest::HashCode(_) => Self::HashCode,
        }
    }

    fn select<'a>(&self, app: &'a AppRecord) -> BTreeSet<&'a SignerDigest> {
        app.signers.iter().filter(|signer| Self::of(signer) == *self).collect()
    }
}
