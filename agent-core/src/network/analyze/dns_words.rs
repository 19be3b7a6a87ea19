//! What the DNS checks share: words, and the reasons why nothing could be asked.

use std::collections::BTreeSet;

use super::Scene;
use crate::model::{CheckId, CheckOutcome, Fact};
use crate::network::dns::zones;
use crate::network::dns_record::DnsMessage;
use crate::network::words::plain;

/// Why `check` has nothing to look at, if so.
pub(super) fn gap(scene: &Scene<'_>, check: CheckId) -> Option<CheckOutcome> {
    if zones(scene.settings).next().is_none() {
        let why = "no canary with a DNS zone is configured: the administrator names them in canaries";
        return Some(CheckOutcome::unknown(check, why));
    }
    match &scene.seen.network.dns_servers {
        Fact::NotPermitted { why } => Some(CheckOutcome::not_permitted(check, plain(why))),
        Fact::NotAvailable { why } => {
            Some(CheckOutcome::unknown(check, format!("the DNS servers are not known: {}", plain(why))))
        }
        Fact::Known { value } if value.is_empty() => {
            Some(CheckOutcome::unknown(check, "this network has no DNS server"))
        }
        Fact::Known { .. } => None,
    }
}

/// `198.18.0.1 (TTL 0)`, or the code of an answer without address.
pub(super) fn answer_words(message: &DnsMessage) -> String {
    if message.addresses.is_empty() {
        return match message.rcode {
            0 => "no address".to_owned(),
            2 => "SERVFAIL".to_owned(),
            3 => "NXDOMAIN".to_owned(),
            5 => "REFUSED".to_owned(),
            code => format!("error {code}"),
        };
    }
    let addresses = message.addresses.iter();
    addresses.map(|found| format!("{} (TTL {})", found.address, found.ttl)).collect::<Vec<_>>().join(", ")
}

/// One line of several sentences.
pub(super) fn listed(sentences: &BTreeSet<String>) -> String {
    sentences.iter().map(|sentence| plain(sentence)).collect::<Vec<_>>().join("; ")
}
