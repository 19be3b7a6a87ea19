//! From where the network was seen (NETWORK.md, decision 1): through a VPN, the checks see the network at its far end.

use crate::model::{CheckId, CheckOutcome, NetworkSnapshot};
use crate::network::words::plain;

/// VPNs that are named.
const MAX_NAMED: usize = 3;

/// Says in each outcome that rests on traffic that it went through a VPN, if one is active.
pub(super) fn label(outcomes: Vec<CheckOutcome>, network: &NetworkSnapshot) -> Vec<CheckOutcome> {
    let Some(vpns) = network.vpns.value().filter(|vpns| !vpns.is_empty()) else { return outcomes };
    let names = vpns.iter().take(MAX_NAMED).map(|name| plain(name)).collect::<Vec<_>>().join(", ");
    outcomes
        .into_iter()
        .map(|outcome| if is_measured(outcome.check) { labelled(outcome, &names) } else { outcome })
        .collect()
}

fn labelled(outcome: CheckOutcome, vpns: &str) -> CheckOutcome {
    let summary = format!("{} (seen through the VPN {vpns})", outcome.summary);
    let judgements = outcome.judgements.into_iter().map(|judgement| judgement.with("vpn", vpns)).collect();
    CheckOutcome { summary, judgements, ..outcome }
}

/// Whether a check sends something: the others rest on what the platform tells.
const fn is_measured(check: CheckId) -> bool {
    matches!(
        check,
        CheckId::Captive
            | CheckId::TlsChain
            | CheckId::TlsBinding
            | CheckId::TlsPins
            | CheckId::TlsSct
            | CheckId::TlsDowngrade
            | CheckId::HttpStrip
            | CheckId::HttpTamper
            | CheckId::HttpProxy
            | CheckId::DnsAnswer
            | CheckId::DnsPath
            | CheckId::LinkPath
    )
}
