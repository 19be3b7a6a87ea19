//! The connector's decision: which resources are open to a device.

use agent_core::connector::{Access, ResourceAccess};

use super::{Ui, clean};

pub(crate) fn show(ui: &Ui, resources: &[ResourceAccess]) {
    for resource in resources {
        let access = match resource.access {
            Access::Allow => ui.paint.good("ALLOWED"),
            Access::Block => ui.paint.error("BLOCKED"),
        };
        ui.line(format!(
            "   {:<9} {access}  {}",
            clean(&resource.name),
            ui.paint.dim(clean(&resource.reason))
        ));
    }
}
