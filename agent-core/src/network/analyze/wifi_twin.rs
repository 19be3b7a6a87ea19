//! The twin check: is this the Wi-Fi that had the name before?
//!
//! Three things together make a twin: the protection that every place of the name had is gone, the gateway is none of
//! theirs, and so is the way out that canaries see. Each alone is ordinary: a new access point is roaming, a new router
//! or provider is its owner's, and a name may be open elsewhere.
//!
//! A twin that stays for the trial of [`Habit`](crate::network::baseline::Habit) is a place of the network like others.

use std::collections::BTreeSet;

use super::link::{Link, Place, listed};
use crate::model::{CheckId, CheckOutcome, Detection, Fact, Judgement, Transport, Verdict, WifiSecurity};
use crate::network::baseline::Site;
use crate::network::words::plain;

const CHECK: CheckId = CheckId::WifiTwin;

/// Compares this Wi-Fi with those that had its name.
pub(super) fn judge(link: &Link<'_>) -> CheckOutcome {
    let network = link.network;
    match (network.transport.value(), &network.ssid) {
        (Some(transport), _) if *transport != Transport::Wifi => {
            return CheckOutcome::clean(CHECK, format!("this network is no Wi-Fi ({transport})"));
        }
        (_, Fact::NotPermitted { why }) => return CheckOutcome::not_permitted(CHECK, plain(why)),
        (_, Fact::NotAvailable { why }) => return CheckOutcome::unknown(CHECK, plain(why)),
        (_, Fact::Known { .. }) => {}
    }
    let known: Vec<_> = link.past.sites.iter().filter(|site| site.twin.is_none()).collect();
    if known.is_empty() {
        return CheckOutcome::clean(CHECK, "the first visit of this Wi-Fi: what it is like is remembered");
    }
    if matches!(link.place, Place::Known(site) if site.twin.is_some()) {
        let grown = "this Wi-Fi is unlike those that had its name, and has been so for long without harm";
        return CheckOutcome::clean(CHECK, grown);
    }
    let signs = [
        ("its protection is gone", is_downgraded(link, &known)),
        ("its gateway is another", has_new_gateway(link, &known)),
        ("it leads out elsewhere", has_new_exit(link, &known)),
    ];
    let named = |wanted| {
        let named = signs.iter().filter(move |(_, sign)| *sign == wanted).map(|(name, _)| *name);
        named.collect::<Vec<_>>().join(", ")
    };
    if signs.iter().all(|(_, sign)| *sign == Some(true)) {
        return twin(link, &known);
    }
    match (named(Some(true)), signs.iter().any(|(_, sign)| *sign == Some(false))) {
        (words, true) if words.is_empty() => CheckOutcome::clean(
            CHECK,
            "by protection, gateway and way out it is the Wi-Fi that had this name before",
        ),
        (words, true) => CheckOutcome::clean(
            CHECK,
            format!("unlike before, {words}: alone that is no other Wi-Fi with this name"),
        ),
        (_, false) => CheckOutcome::unknown(
            CHECK,
            "too little is told of protection, gateway and way out to know this Wi-Fi again",
        ),
    }
}

fn twin(link: &Link<'_>, known: &[&Site]) -> CheckOutcome {
    let seen = &link.seen;
    let each = |of: &dyn Fn(&Site) -> String| {
        let mut values: Vec<_> = known.iter().map(|site| of(site)).filter(|it| !it.is_empty()).collect();
        values.sort();
        values.dedup();
        listed(values)
    };
    let security_before = each(&|site| listed(site.security.normal()));
    let reason = format!(
        "another access point uses the name of a known Wi-Fi: it is {} where it was {security_before}, its gateway is \
         another, and it leads out by {} where it was {}",
        listed(seen.security),
        listed(&seen.exits),
        each(&|site| listed(site.exits.normal()))
    );
    let mut judgement = Judgement::new(Detection::EvilTwin, Verdict::Suspicious)
        .because(reason)
        .with("security", listed(seen.security))
        .with("security_before", security_before);
    if let Some(bssid) = seen.bssid {
        judgement = judgement.with("bssid", bssid);
    }
    for (gateway, mac) in link.resolved() {
        judgement = judgement.with("gateway", gateway).with("hardware_address", mac);
    }
    let judgement = judgement
        .with("gateways_before", each(&|site| listed(site.gateways.normal())))
        .with("hardware_addresses_before", each(&|site| listed(site.macs().collect::<BTreeSet<_>>())))
        .with("exit", listed(&seen.exits))
        .with("exit_before", each(&|site| listed(site.exits.normal())));
    CheckOutcome::judged(CHECK, judgement.reason.clone(), vec![judgement])
}

/// Whether every known place is protected by a secret, and this one is not; `None` where it is not told.
fn is_downgraded(link: &Link<'_>, known: &[&Site]) -> Option<bool> {
    let now = link.seen.security?;
    let mut before = known.iter().flat_map(|site| site.security.normal()).peekable();
    before.peek()?;
    Some(!is_protected(now) && before.all(|before| is_protected(*before)))
}

/// Whether joining takes a secret that no stranger has. WEP's can be had in minutes.
const fn is_protected(security: WifiSecurity) -> bool {
    match security {
        WifiSecurity::Open | WifiSecurity::Owe | WifiSecurity::Wep => false,
        WifiSecurity::Wpa
        | WifiSecurity::Wpa2
        | WifiSecurity::Wpa3
        | WifiSecurity::Personal
        | WifiSecurity::Enterprise => true,
    }
}

/// Whether no gateway is a known one: by hardware address where those are told, else by address.
fn has_new_gateway(link: &Link<'_>, known: &[&Site]) -> Option<bool> {
    let macs: Vec<_> = link.resolved().map(|(_, mac)| mac).collect();
    let mut known_macs = known.iter().flat_map(|site| site.macs()).peekable();
    if !macs.is_empty() && known_macs.peek().is_some() {
        return Some(!known_macs.any(|mac| macs.contains(mac)));
    }
    let mut gateways = known.iter().flat_map(|site| site.gateways.normal()).peekable();
    if link.seen.gateways.is_empty() || gateways.peek().is_none() {
        return None;
    }
    // Every other home has the same address: that it is the same says nothing.
    if gateways.any(|gateway| link.seen.gateways.contains(gateway)) { None } else { Some(true) }
}

/// Whether no way out is a known one of its family.
fn has_new_exit(link: &Link<'_>, known: &[&Site]) -> Option<bool> {
    let mut exits = known.iter().flat_map(|site| site.exits.normal());
    let is_comparable =
        |known: &std::net::IpAddr| link.seen.exits.iter().any(|exit| exit.is_ipv4() == known.is_ipv4());
    if !exits.clone().any(is_comparable) {
        return None;
    }
    Some(!exits.any(|known| link.seen.exits.contains(known)))
}
