//! Debugging switches.

use super::parts::Parts;
use super::signs::confirmed_if;
use super::words::{listed, with_signs};
use crate::model::{CheckId, CheckOutcome, Detection, DevicePosture, Judgement, Verdict};

/// Judges each switch by itself: one may be on without the others.
pub(super) fn judge(posture: &DevicePosture) -> CheckOutcome {
    let switch = |detection, reason: &'static str| move |on: &bool| confirmed_if(*on, detection, reason);
    Parts::of(CheckId::Debugging)
        .fact(
            "developer mode",
            &posture.developer_mode,
            &[Detection::DeveloperMode],
            switch(Detection::DeveloperMode, "developer mode is on"),
        )
        .fact(
            "USB debugging",
            &posture.usb_debugging,
            &[Detection::UsbDebugging],
            switch(Detection::UsbDebugging, "debugging over USB is on"),
        )
        .fact(
            "wireless debugging",
            &posture.wireless_debugging,
            &[Detection::WirelessDebugging],
            switch(Detection::WirelessDebugging, "debugging over the network is on"),
        )
        .fact("other switches", &posture.debug_flags, &[Detection::DebuggingOn], |flags| others(flags))
        .finish("no debugging switch is on")
}

fn others(flags: &[String]) -> Vec<Judgement> {
    if flags.is_empty() {
        return Vec::new();
    }
    let judgement = Judgement::new(Detection::DebuggingOn, Verdict::Confirmed)
        .because(format!("debugging is on: {}", listed(flags)));
    vec![with_signs(judgement, "switch", flags)]
}
