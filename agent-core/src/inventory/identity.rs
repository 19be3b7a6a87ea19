//! By what two records of different inventories are taken for the same app.

use serde::{Deserialize, Serialize};

use crate::model::{AppId, AppRecord};

/// The identifier of an app; its name where it has none; neither for the apps that have neither.
///
/// Not unique: an inventory can hold several records of one identity.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AppIdentity {
    /// The app's identifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<AppId>,
    /// The app's name, only where there is no identifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl AppIdentity {
    /// The identity of `app`.
    pub fn of(app: &AppRecord) -> Self {
        match &app.id {
            Some(id) => Self { id: Some(id.clone()), name: None },
            None => Self { id: None, name: app.name.clone() },
        }
    }
}

/// Puts `apps` in the order of an [`Inventory`](crate::model::Inventory): by identifier, then name, then the rest.
pub(super) fn sort(apps: &mut [AppRecord]) {
    apps.sort_unstable_by(|a, b| (&a.id, &a.name).cmp(&(&b.id, &b.name)).then_with(|| a.cmp(b)));
}
