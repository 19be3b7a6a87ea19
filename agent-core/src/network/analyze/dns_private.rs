//! The private DNS check: is the encrypted DNS that worked on this network still in use?
//!
//! Rests on what the platform says, now and before:
//!
//! | now | before | judged |
//! |---|---|---|
//! | in use | | clean, and remembered |
//! | turned off by the user | | clean: nothing that could be lost |
//! | wanted, by name or where the network has it, and not in use | worked here | blocked, suspicious |
//! | wanted where the network has it, and not in use | never seen to work here | clean: most networks have none |
//! | wanted by name, and not to be reached | never seen to work here | no result: many networks let none through |
//!
//! While a portal holds the network, or nothing at all gets through it, there is no result, and nothing is forgotten.

use super::Scene;
use crate::model::{CheckId, CheckOutcome, Detection, Fact, Judgement, PrivateDns, Timestamp, Verdict};
use crate::network::baseline::PrivateDnsPast;
use crate::network::limits::PRIVATE_DNS_MEMORY;
use crate::network::observation::{Observations, answer};
use crate::network::words::plain;

const CHECK: CheckId = CheckId::DnsPrivate;

/// Judges the platform's word.
pub(super) fn judge(scene: &Scene<'_>) -> CheckOutcome {
    let private_dns = match &scene.seen.network.private_dns {
        Fact::NotPermitted { why } => return CheckOutcome::not_permitted(CHECK, plain(why)),
        Fact::NotAvailable { why } => return CheckOutcome::unknown(CHECK, plain(why)),
        Fact::Known { value } => value,
    };
    let why = match private_dns {
        PrivateDns::Off => return CheckOutcome::clean(CHECK, "private DNS is turned off on this device"),
        PrivateDns::Active { server: Some(server) } => {
            return CheckOutcome::clean(CHECK, format!("private DNS is in use, by {}", plain(server)));
        }
        PrivateDns::Active { server: None } | PrivateDns::Opportunistic { active: true } => {
            return CheckOutcome::clean(CHECK, "private DNS is in use");
        }
        PrivateDns::Opportunistic { active: false } => "private DNS is not in use on this network".to_owned(),
        PrivateDns::Unreachable { server } => {
            format!("private DNS is set to {}, which cannot be reached over this network", plain(server))
        }
    };
    if scene.portal {
        let why = format!("{why}; a captive portal may be why: sign in to the network and scan again");
        return CheckOutcome::unknown(CHECK, why);
    }
    if gets_nothing(scene.seen) {
        let why = format!("{why}; nothing else gets through this network either");
        return CheckOutcome::unknown(CHECK, why);
    }
    match (worked_at(scene), private_dns) {
        (Some(before), _) => blocked(&why, before, &scene.past.private_dns, private_dns),
        (None, PrivateDns::Opportunistic { .. }) => {
            CheckOutcome::clean(CHECK, format!("{why}, and was not before"))
        }
        (None, _) => CheckOutcome::unknown(CHECK, format!("{why}; it was not seen to work here before")),
    }
}

/// Whether something was asked beyond this network, and nobody answered.
fn gets_nothing(seen: &Observations) -> bool {
    let checks = seen.captive.iter().map(|probe| answer(&probe.attempts).is_some());
    let endpoints = seen.tls.iter().map(|probe| probe.answer().is_some());
    let canaries = seen.canaries.iter().map(|probe| {
        probe.answer().is_some() || probe.clear.iter().any(|clear| answer(&clear.attempts).is_some())
    });
    let mut answered = checks.chain(endpoints).chain(canaries).peekable();
    answered.peek().is_some() && !answered.any(|answered| answered)
}

/// What is to be remembered.
pub(super) fn remembered(scene: &Scene<'_>) -> PrivateDnsPast {
    let server = match scene.seen.network.private_dns.value() {
        Some(PrivateDns::Active { server }) => server.as_deref().map(plain),
        Some(PrivateDns::Opportunistic { active: true }) => None,
        Some(
            PrivateDns::Off | PrivateDns::Opportunistic { active: false } | PrivateDns::Unreachable { .. },
        )
        | None => return scene.past.private_dns.clone(),
    };
    PrivateDnsPast { worked_at: Some(scene.now), server }
}

/// When private DNS worked here, if that is not too long ago to mean anything.
fn worked_at(scene: &Scene<'_>) -> Option<Timestamp> {
    let worked_at = scene.past.private_dns.worked_at?;
    let age = scene.now.unix().saturating_sub(worked_at.unix());
    (age <= PRIVATE_DNS_MEMORY).then_some(worked_at)
}

fn blocked(why: &str, worked_at: Timestamp, past: &PrivateDnsPast, now: &PrivateDns) -> CheckOutcome {
    let named = past.server.as_deref().map(|server| format!(", by {}", plain(server))).unwrap_or_default();
    let reason = format!("{why}; at {worked_at} it was{named}");
    let judgement = Judgement::new(Detection::PrivateDnsBlocked, Verdict::Suspicious)
        .because(reason.clone())
        .with("private_dns_before", format!("in use at {worked_at}{named}"));
    let judgement = match now {
        PrivateDns::Unreachable { server } => judgement.with("private_dns_server", plain(server)),
        _ => judgement.with("private_dns_now", "not in use"),
    };
    CheckOutcome::judged(CHECK, reason, vec![judgement])
}
