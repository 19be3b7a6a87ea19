//! The connector's decision: which resources are open to this device.

use agent_core::connector::{Access, Decision};

use super::Ui;

pub(crate) fn show(ui: &Ui, decision: &Decision) {
    for resource in &decision.resources {
        let access = match resource.access {
            Access::Allow => ui.paint.good("ALLOWED"),
            Access::Block => ui.paint.error("BLOCKED"),
        };
        ui.line(format!("{:<9} {access}  {}", resource.name, ui.paint.dim(&resource.reason)));
    }
}
