//! The private DNS check: is the encrypted DNS that this device insists on still in use?
//!
//! Rests on what the platform says alone. Where private DNS is off, nobody here remembers whether it worked on this
//! network before, so nothing is concluded from it.

use crate::model::{CheckId, CheckOutcome, Detection, Fact, Judgement, PrivateDns, Verdict};
use crate::network::words::plain;

/// Judges the platform's word; `portal` tells that a captive portal may be what blocks.
pub(super) fn judge(private_dns: &Fact<PrivateDns>, portal: bool) -> CheckOutcome {
    let check = CheckId::DnsPrivate;
    match private_dns {
        Fact::NotPermitted { why } => CheckOutcome::not_permitted(check, plain(why)),
        Fact::NotAvailable { why } => CheckOutcome::unknown(check, plain(why)),
        Fact::Known { value: PrivateDns::Off } => CheckOutcome::unknown(
            check,
            "private DNS is off on this network, and whether it worked here before is not known",
        ),
        Fact::Known { value: PrivateDns::Active { server } } => {
            let server = server.as_deref().map(|server| format!(", by {}", plain(server)));
            CheckOutcome::clean(check, format!("private DNS is in use{}", server.unwrap_or_default()))
        }
        Fact::Known { value: PrivateDns::Unreachable { .. } } if portal => CheckOutcome::unknown(
            check,
            "private DNS cannot be reached behind a captive portal: sign in to the network and scan again",
        ),
        Fact::Known { value: PrivateDns::Unreachable { server } } => {
            let server = plain(server);
            let reason = format!("private DNS is set to {server}, which cannot be reached over this network");
            let judgement = Judgement::new(Detection::PrivateDnsBlocked, Verdict::Suspicious)
                .because(reason.clone())
                .with("private_dns_server", server);
            CheckOutcome::judged(check, reason, vec![judgement])
        }
    }
}
