//! Two installations of one app, of which the organisation manages one.

use std::collections::BTreeSet;

use super::{about, name, one_per_app};
use crate::model::{Detection, Inventory, Judgement, Verdict};

/// Judges the apps that share their identifier with a managed one.
pub fn judge_twins(inventory: &Inventory) -> Vec<Judgement> {
    let of_state = |managed: bool| inventory.apps.iter().filter(move |app| app.managed == Some(managed));
    let managed: BTreeSet<_> = of_state(true).filter_map(|app| app.id.as_ref()).collect();
    if managed.is_empty() {
        return Vec::new();
    }
    let twins = of_state(false).filter(|app| app.id.as_ref().is_some_and(|id| managed.contains(id)));
    let judge = |app| {
        let reason = format!(
            "{} is installed twice, and only one of the two is managed: what is meant for one can end up in the other",
            name(app)
        );
        about(app, Detection::UnmanagedTwin, Verdict::Confirmed, reason).with("managed", false)
    };
    one_per_app(twins.map(judge))
}
