//! The agent itself: its key and its version.

use crate::model::{
    CheckId, CheckOutcome, Detection, DeviceRules, Judgement, KeyProtection, OsVersion, Verdict,
};

/// Told of a device that was never enrolled.
const NO_KEY: &str = "this device has no key that signs reports yet: enrolment makes it";

/// Whether the key that signs reports is kept as the organisation asks.
pub(super) fn key(protection: Option<KeyProtection>, rules: &DeviceRules) -> CheckOutcome {
    let Some(protection) = protection else {
        return match rules.hardware_key {
            true => CheckOutcome::unknown(CheckId::KeyAttestation, NO_KEY),
            false => CheckOutcome::clean(CheckId::KeyAttestation, NO_KEY),
        };
    };
    let kept = match protection {
        KeyProtection::Software => "in software",
        KeyProtection::TrustedEnvironment => "in the trusted environment",
        KeyProtection::StrongBox => "in a secure element",
        KeyProtection::SecureEnclave => "in the Secure Enclave",
    };
    let summary = format!("the key that signs reports is kept {kept}");
    if protection != KeyProtection::Software || !rules.hardware_key {
        return CheckOutcome::clean(CheckId::KeyAttestation, summary);
    }
    let judgement = Judgement::new(Detection::KeyNotAttested, Verdict::Confirmed)
        .because(format!("{summary}; the organisation asks for hardware"))
        .with("key_protection", protection);
    CheckOutcome::judged(CheckId::KeyAttestation, judgement.reason.clone(), vec![judgement])
}

/// Whether the agent is as new as the organisation asks.
pub(super) fn version(version: &str, rules: &DeviceRules) -> CheckOutcome {
    let check = CheckId::AgentVersion;
    let summary = format!("agent {version}");
    let Some(minimum) = &rules.minimum_agent else { return CheckOutcome::clean(check, summary) };
    let Ok(parsed) = version.parse::<OsVersion>() else {
        let why = format!("the agent's version \"{version}\" is no number that could be compared");
        return CheckOutcome::unknown(check, why);
    };
    if parsed >= *minimum {
        return CheckOutcome::clean(check, summary);
    }
    let judgement = Judgement::new(Detection::AgentOutdated, Verdict::Confirmed)
        .because(format!("agent {version} is older than {minimum}, which the organisation asks for"))
        .with("version", version)
        .with("minimum", minimum);
    CheckOutcome::judged(check, judgement.reason.clone(), vec![judgement])
}
