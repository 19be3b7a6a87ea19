//! Proxies and VPNs that stand in the path of the device's traffic.

use std::net::IpAddr;

use url::{Host, Url};

use super::words::{listed, with_signs};
use crate::model::{
    CheckId, CheckOutcome, Coverage, Detection, Fact, Judgement, NetworkSnapshot, Proxy, Verdict,
};

/// Judges the path. Who set a proxy is not told, so one that is not among the `declared` is suspicious; a VPN is a label.
///
/// What one fact shows counts even where the other is missing: the check is then incomplete.
pub(super) fn judge(network: &NetworkSnapshot, declared: &[String]) -> CheckOutcome {
    let proxies = network.proxies.value().filter(|proxies| !proxies.is_empty()).map(|it| proxy(it, declared));
    let vpns = network.vpns.value().filter(|vpns| !vpns.is_empty()).map(|it| vpn(it));
    let judgements: Vec<_> = proxies.into_iter().chain(vpns).collect();

    let coverage = coverage(&network.proxies, &network.vpns);
    let mut told: Vec<_> = judgements.iter().map(|judgement| judgement.reason.as_str()).collect();
    match &coverage {
        Coverage::Complete if told.is_empty() => told.push("no proxy and no VPN"),
        Coverage::Complete => {}
        Coverage::Unknown { why } | Coverage::NotPermitted { why } => told.push(why),
    }
    CheckOutcome {
        check: CheckId::NetworkPath,
        summary: told.join("; "),
        coverage,
        judgements,
        part_of: None,
    }
}

fn proxy(proxies: &[Proxy], declared: &[String]) -> Judgement {
    let declared: Vec<_> = declared.iter().filter_map(|address| identity(address)).collect();
    let is_declared = |proxy: &Proxy| identity(&proxy.address).is_some_and(|it| declared.contains(&it));
    let places: Vec<_> =
        proxies.iter().map(|proxy| (Place::of(&proxy.address), is_declared(proxy))).collect();
    let of = |is_wanted: fn(&(Place, bool)) -> bool| {
        places.iter().filter(|it| is_wanted(it)).map(|(place, _)| place.name.clone()).collect::<Vec<_>>()
    };
    let (local, undeclared) = (of(|(place, known)| place.on_this_device && !known), of(|(_, known)| !known));
    let (verdict, reason) = match (local.as_slice(), undeclared.as_slice()) {
        (_, []) => {
            let all = listed(&of(|_| true));
            (Verdict::Benign, format!("traffic goes through a proxy that the organisation declared: {all}"))
        }
        ([], others) => (Verdict::Suspicious, format!("traffic goes through a proxy: {}", listed(others))),
        (local, _) => {
            (Verdict::Suspicious, format!("traffic goes through a proxy on this device: {}", listed(local)))
        }
    };
    let judgement = Judgement::new(Detection::LocalProxy, verdict).because(reason);
    let told = proxies.iter().zip(&places).map(|(proxy, (place, known))| place.told(&proxy.scheme, *known));
    with_signs(judgement, "proxy", &told.collect::<Vec<_>>())
}

/// What tells one proxy from others: host and port, or the whole URL of a script; `None` for what cannot be read.
fn identity(address: &str) -> Option<String> {
    let address = address.trim();
    let url =
        if address.contains("://") { Url::parse(address) } else { Url::parse(&format!("http://{address}")) };
    let url = url.ok()?;
    if matches!(url.path(), "" | "/") && url.query().is_none() {
        return Some(format!("{}:{}", url.host()?, url.port_or_known_default()?));
    }
    Some(url.into())
}

fn vpn(interfaces: &[String]) -> Judgement {
    let judgement = Judgement::new(Detection::VpnActive, Verdict::Benign)
        .because(format!("traffic can leave by a VPN: {}", listed(interfaces)));
    with_signs(judgement, "interface", interfaces)
}

/// A missing permission weighs more than a fact that the platform does not have.
fn coverage(proxies: &Fact<Vec<Proxy>>, vpns: &Fact<Vec<String>>) -> Coverage {
    match (proxies, vpns) {
        (Fact::NotPermitted { why }, _) | (_, Fact::NotPermitted { why }) => {
            Coverage::NotPermitted { why: why.clone() }
        }
        (Fact::NotAvailable { why }, _) | (_, Fact::NotAvailable { why }) => {
            Coverage::Unknown { why: why.clone() }
        }
        (Fact::Known { .. }, Fact::Known { .. }) => Coverage::Complete,
    }
}

/// Where a proxy is.
struct Place {
    /// Host and port. Never credentials, and of a script's URL neither path nor query: they can hold secrets.
    name: String,
    on_this_device: bool,
}

impl Place {
    /// Of `host:port`, or of the URL of a script.
    fn of(address: &str) -> Self {
        let parsed = if address.contains("://") {
            Url::parse(address)
        } else {
            Url::parse(&format!("http://{address}"))
        };
        let unreadable = || Self { name: "an address that cannot be read".to_owned(), on_this_device: false };
        let Ok(url) = parsed else { return unreadable() };
        let Some(host) = url.host() else { return unreadable() };
        let name = match url.port_or_known_default() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_string(),
        };
        Self { name, on_this_device: is_this_device(&host) }
    }

    fn told(&self, scheme: &str, is_declared: bool) -> String {
        let note = match (self.on_this_device, is_declared) {
            (_, true) => " (declared)",
            (true, false) => " (on this device)",
            (false, false) => "",
        };
        format!("{scheme} {}{note}", self.name)
    }
}

/// Whether a connection to `host` stays on this device: loopback, or the unspecified address, which systems take
/// for it.
fn is_this_device(host: &Host<&str>) -> bool {
    let address = match host {
        Host::Ipv4(address) => IpAddr::V4(*address),
        Host::Ipv6(address) => IpAddr::V6(*address),
        Host::Domain(name) => match name.parse() {
            Ok(address) => address,
            Err(_) => return is_localhost(name),
        },
    };
    let address = address.to_canonical();
    address.is_loopback() || address.is_unspecified()
}

/// RFC 6761, section 6.3.
fn is_localhost(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}
