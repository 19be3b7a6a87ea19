//! Which apps may leave the device. Off until the organisation's signed settings turn it on.
//!
//! Runs before anything is serialized or stored for sending. Of what it withholds only the number remains.

use serde::{Deserialize, Serialize};

use crate::model::{AppRecord, AppSync, Inventory, Note, Ownership};

/// The part of an inventory that the organisation may see.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharedInventory {
    /// The apps that may be shared.
    pub apps: Vec<AppRecord>,
    /// The reader's notes, only where every app may be shared: a note can name any of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
    /// How many apps are installed and not told.
    pub withheld: u64,
}

/// The part of `inventory` that `ownership` and `app_sync` let the organisation see.
pub fn consent_filter(inventory: &Inventory, ownership: Ownership, app_sync: AppSync) -> SharedInventory {
    let scope = Scope::of(ownership, app_sync);
    let apps: Vec<_> = inventory.apps.iter().filter(|app| scope.covers(app)).cloned().collect();
    SharedInventory {
        withheld: inventory.apps.len().saturating_sub(apps.len()) as u64,
        notes: if scope == Scope::Everything { inventory.notes.clone() } else { Vec::new() },
        apps,
    }
}

/// Whether anything that names `app` may leave the device: its record, and findings about it.
pub fn may_share(app: &AppRecord, ownership: Ownership, app_sync: AppSync) -> bool {
    Scope::of(ownership, app_sync).covers(app)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    Nothing,
    ManagedApps,
    Everything,
}

impl Scope {
    fn of(ownership: Ownership, app_sync: AppSync) -> Self {
        match (app_sync.enabled, ownership, app_sync.personal_full_inventory) {
            (false, _, _) => Self::Nothing,
            (true, Ownership::Corporate, _) | (true, Ownership::Personal, true) => Self::Everything,
            (true, Ownership::Personal, false) => Self::ManagedApps,
        }
    }

    fn covers(self, app: &AppRecord) -> bool {
        match self {
            Self::Nothing => false,
            Self::ManagedApps => app.managed == Some(true),
            Self::Everything => true,
        }
    }
}
