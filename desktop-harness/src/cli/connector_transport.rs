//! `mtd connector pins`, `rotate-key` and `intel`: the way to the connector, its key, and what devices fetch from it.

use std::path::PathBuf;

use agent_core::model::{BundleKey, SpkiPin};

use super::switch::Switch;
use crate::CliError;
use crate::connector::{Connector, KeyRotation};
use crate::ui::{Ui, clean};

#[derive(Debug, clap::Args)]
pub(super) struct PinsArgs {
    /// Announce a further pin (sha256/…); repeatable. The first change begins with this connector's own two
    #[arg(long, value_name = "PIN")]
    add: Vec<SpkiPin>,
    /// Take a pin back; repeatable
    #[arg(long, value_name = "PIN")]
    remove: Vec<SpkiPin>,
    /// Origins at which devices reach this connector, tried in this order; repeatable, replaces those before
    #[arg(long, value_name = "URL")]
    url: Vec<String>,
    /// Take chains under a declared inspection root in the place of a pinned one
    #[arg(long, value_enum)]
    relax_under_inspection: Option<Switch>,
    /// Announce pins of which none is this connector's own: devices then reach it only elsewhere
    #[arg(long)]
    leave: bool,
}

/// Shows the way to the connector as devices are told, and changes what is given.
pub(super) fn pins(connector: &Connector, args: PinsArgs, ui: &Ui) -> Result<(), CliError> {
    let own = connector.pins();
    let mut pins = connector.settings()?.device.transport.unwrap_or_default().spki_pins;
    if pins.is_empty() {
        pins = own.to_vec();
    }
    pins.retain(|pin| !args.remove.contains(pin));
    pins.extend(args.add.iter().filter(|pin| !own.contains(pin)));
    let [in_use, _] = own;
    if !pins.contains(&in_use) && !args.leave {
        return Err(format!("{in_use} is the pin of the certificates that this connector shows: devices could not reach it any more; --leave if that is meant").into());
    }
    let changes_pins = !(args.add.is_empty() && args.remove.is_empty());
    let settings = connector.update_settings(|settings| {
        let transport = settings.device.transport.get_or_insert_default();
        if changes_pins {
            transport.spki_pins.clone_from(&pins);
        }
        if !args.url.is_empty() {
            transport.urls.clone_from(&args.url);
        }
        if let Some(switch) = args.relax_under_inspection {
            transport.pins_relaxed_under_inspection = switch.is_on();
        }
        // Nothing said is nothing changed.
        if *transport == Default::default() {
            settings.device.transport = None;
        }
    })?;
    let transport = settings.device.transport.clone().unwrap_or_default();
    if ui.json {
        return ui.json(&serde_json::json!({
            "version": settings.device.version,
            "pins": pins,
            "urls": transport.urls,
            "pins_relaxed_under_inspection": transport.pins_relaxed_under_inspection,
        }));
    }
    ui.line(format!("Settings version {}", settings.device.version));
    for pin in &pins {
        let whose = match own.iter().position(|own| own == pin) {
            Some(0) => " (this connector's)",
            Some(_) => " (its reserve)",
            None => "",
        };
        ui.line(format!("Pin      {pin}{whose}"));
    }
    match transport.urls.as_slice() {
        [] => ui.line(format!("Origin   {} (as enrolled)", clean(&connector.url()?))),
        urls => urls.iter().for_each(|url| ui.line(format!("Origin   {}", clean(url)))),
    }
    if transport.pins_relaxed_under_inspection {
        ui.line("Pins are relaxed under the declared inspection roots.");
    }
    Ok(())
}

#[derive(Debug, clap::Args)]
pub(super) struct RotateArgs {
    /// Sign with the prepared key from now on
    #[arg(long = "use", conflicts_with = "forget")]
    use_it: bool,
    /// Do not wait for devices that have not heard of it
    #[arg(long, requires = "use_it")]
    at_once: bool,
    /// Delete the keys before: devices that have not heard of the one in use must enrol again
    #[arg(long)]
    forget: bool,
}

/// Prepares and announces a new signing key, or takes the prepared one into use.
pub(super) fn rotate_key(connector: &Connector, args: &RotateArgs, ui: &Ui) -> Result<(), CliError> {
    let rotation = match (args.use_it, args.forget) {
        (true, _) => connector.use_key(args.at_once)?,
        (_, true) => connector.forget_keys()?,
        _ => connector.prepare_key()?,
    };
    if ui.json {
        return ui.json(&rotation);
    }
    let KeyRotation { current, next, previous, announced_in, behind } = &rotation;
    ui.line(format!("In use    {current}"));
    if let Some(next) = next {
        ui.line(format!("Prepared  {next}"));
    }
    previous.iter().for_each(|key| ui.line(format!("Before    {key}")));
    if let (Some(version), Some(_)) = (announced_in, next) {
        ui.line(format!("Announced by settings version {version}."));
        match behind.len() {
            0 => ui.line("All devices have heard of it: mtd connector rotate-key --use"),
            count => ui.line(format!("Not heard of it yet: {count} ({})", behind.join(", "))),
        }
    }
    Ok(())
}

#[derive(Debug, clap::Args)]
pub(super) struct IntelArgs {
    /// A bundle of `mtd intel build`; none: show which one devices fetch
    #[arg(value_name = "FILE")]
    bundle: Option<PathBuf>,
    /// Public key of who signed it, which the settings then name
    #[arg(long, value_name = "KEY", requires = "bundle")]
    key: Option<BundleKey>,
}

/// Shows or replaces the bundle that devices fetch.
pub(super) fn intel(connector: &Connector, args: &IntelArgs, ui: &Ui) -> Result<(), CliError> {
    let served = match &args.bundle {
        Some(bundle) => Some(connector.set_intel(bundle, args.key)?),
        None => connector.intel()?,
    };
    if ui.json {
        return ui.json(&served);
    }
    ui.line(match served {
        Some(served) => {
            format!(
                "Devices fetch threat intelligence version {} ({} bytes, SHA-256 {}).",
                served.version, served.size, served.sha256
            )
        }
        None => "No threat intelligence is served.".to_owned(),
    });
    Ok(())
}
