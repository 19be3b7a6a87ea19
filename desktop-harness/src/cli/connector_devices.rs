//! `mtd connector devices`.

use crate::CliError;
use crate::connector::{ChainStatus, DeviceRow};
use crate::ui::{Ui, access_view, clean, plural};

pub(super) fn show(devices: &[DeviceRow], ui: &Ui) -> Result<(), CliError> {
    if ui.json {
        return ui.json(&devices);
    }
    ui.line(plural(devices.len(), "device"));
    for device in devices {
        let level =
            device.level.map_or_else(|| ui.paint.dim("not reported yet"), |level| ui.paint.level(level));
        let chain = match device.chain.status {
            ChainStatus::Intact => "chain intact".to_owned(),
            ChainStatus::Gap => ui.paint.warning("chain has a gap"),
            ChainStatus::Compromised => ui.paint.error("cloned or set back"),
        };
        let revoked =
            device.revoked_at.map_or_else(String::new, |_| format!("  {}", ui.paint.error("revoked")));
        ui.line(format!(
            "{}  {}, {} key  {level}  {chain}  seen {}{revoked}",
            ui.paint.bold(&device.id),
            device.ownership,
            device.key_protection,
            device.last_seen
        ));
        if let Some(facts) = &device.attestation {
            ui.line(format!("  {}", clean(&facts.to_string())));
        }
        for problem in &device.problems {
            ui.line(format!("  {} {}", ui.paint.warning("!"), clean(problem)));
        }
        access_view::show(ui, &device.resources);
    }
    Ok(())
}
