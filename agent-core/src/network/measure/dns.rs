//! The DNS queries of a scan, and a handshake with each wrong address that they brought.
//!
//! | asked of | for |
//! |---|---|
//! | each server of the network | a fresh name of each canary, A and AAAA |
//! | each server of the network | a name that does not exist, in the first canary's zone and in `invalid` |
//! | each server of the network | the zones that are declared split-horizon |
//! | each canary, over HTTPS by its address | the same fresh name, A and the signed TXT |
//! | an address that answers no DNS | the same fresh name of the first canary |
//!
//! In the first tier it is one question: the first canary's name, A, of the first server, until it is answered. The
//! second tier asks all of the above, with other names, because it must see what comes after the first answer.
//!
//! Whether an address is right is decided by derivation, not judged: a wrong one is merely looked at more closely.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use tokio::time::Instant;

use super::all;
use super::attempts::attempts;
use super::dns_https::HttpsExchange;
use super::dns_message::Form;
use super::dns_plain::PlainExchange;
use super::meter::Meter;
use super::tiers::Part;
use super::tls;
use crate::canary::{CanarySettings, Nonce, nonce_name};
use crate::model::{Depth, NetworkSettings, NetworkSnapshot};
use crate::network::dns::{is_right, zones};
use crate::network::dns_record::{DnsAim, DnsProbe, DnsType};
use crate::network::limits::{DNS_FOLLOW, DNS_WINDOW, MAX_DNS_FOLLOWED, MAX_DNS_SERVERS, MAX_SPLIT_HORIZON};
use crate::network::observation::{Attempt, Failure, Outcome, Target, TlsProbe, answer};
use crate::network::tier;
use crate::platform::{DeviceHost, Entropy};

const DNS_PORT: u16 = 53;

/// Makes the queries, then the handshakes.
pub(super) async fn probes(
    settings: &NetworkSettings,
    network: &NetworkSnapshot,
    host: &Arc<dyn DeviceHost>,
    meter: &Arc<Meter>,
    entropy: &Arc<dyn Entropy>,
    (part, deadline): (Part, Instant),
) -> (Vec<DnsProbe>, Vec<TlsProbe>) {
    let plan = match part {
        Part::First => {
            let settings = tier::in_force(settings, Depth::First);
            let plan = plan(&settings, network, entropy.as_ref()).into_iter();
            plan.filter(|question| matches!(question.aim, DnsAim::Nonce { .. })).take(1).collect()
        }
        Part::Rest | Part::Whole => plan(settings, network, entropy.as_ref()),
    };
    let first_answer_ends = part == Part::First;
    let line = Line { meter: Arc::clone(meter), entropy: Arc::clone(entropy), first_answer_ends, deadline };
    let probes = all(plan.into_iter().map(|question| question.ask(line.clone()))).await;
    let followed = followed(settings, &probes);
    let stop = deadline.min(Instant::now() + DNS_FOLLOW);
    let follow = |target| tls::probe(target, Arc::clone(host), Arc::clone(meter), stop);
    let handshakes = all(followed.into_iter().map(follow)).await;
    (probes, handshakes)
}

#[derive(Clone)]
struct Line {
    meter: Arc<Meter>,
    entropy: Arc<dyn Entropy>,
    first_answer_ends: bool,
    deadline: Instant,
}

struct Question {
    aim: DnsAim,
    name: String,
    record: DnsType,
    form: Form,
    route: Route,
}

enum Route {
    /// A server of the network, as the platform names it.
    Resolver(String),
    /// The canary with this host name, at these addresses.
    Canary { host: String, addresses: Vec<IpAddr>, port: u16 },
    /// The address that answers no DNS.
    Nobody(SocketAddr),
}

impl Question {
    async fn ask(self, line: Line) -> DnsProbe {
        let Self { aim, name, record, form, route } = self;
        let Line { meter, entropy, first_answer_ends, deadline } = line;
        let plain = |name: &str, server, silence_counts| PlainExchange {
            name: name.to_owned(),
            record,
            form,
            server,
            window: DNS_WINDOW,
            silence_counts,
            first_answer_ends,
            meter: Arc::clone(&meter),
            entropy: Arc::clone(&entropy),
            deadline,
        };
        let (server, attempts) = match route {
            Route::Resolver(server) => match resolver(&server) {
                Some(address) => (server, attempts(&plain(&name, address, false), deadline).await),
                None => {
                    let why = "the DNS server is not an IP address that can be asked";
                    (server, vec![not_made(Failure::configuration(why))])
                }
            },
            Route::Nobody(address) => {
                (address.to_string(), attempts(&plain(&name, address, true), deadline).await)
            }
            Route::Canary { host, addresses, port } => {
                let url = format!("https://{host}:{port}");
                let name = name.clone();
                let exchange = HttpsExchange { name, record, host, addresses, port, meter, entropy };
                (url, attempts(&exchange, deadline).await)
            }
        };
        DnsProbe { aim, server, name, record, attempts }
    }
}

const fn not_made<T>(failure: Failure) -> Attempt<T> {
    Attempt { address: None, elapsed_ms: 0, outcome: Outcome::Failed(failure) }
}

/// `192.0.2.1`, `2001:db8::1`, or either with a port. A link-local address needs its scope as a number.
fn resolver(server: &str) -> Option<SocketAddr> {
    let address = server.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, DNS_PORT));
    address.ok().or_else(|| server.parse().ok()).or_else(|| format!("[{server}]:{DNS_PORT}").parse().ok())
}

/// All questions; fewer where the platform gives no randomness.
fn plan(settings: &NetworkSettings, network: &NetworkSnapshot, entropy: &dyn Entropy) -> Vec<Question> {
    let servers = network.dns_servers.value().map(Vec::as_slice).unwrap_or_default();
    let servers: Vec<&String> = servers.iter().take(MAX_DNS_SERVERS).collect();
    let mut questions = Vec::new();
    for (number, (canary, zone)) in zones(settings).enumerate() {
        let Some(nonce) = random(entropy) else { continue };
        let (zone, name) = (zone.to_owned(), nonce_name(&nonce, zone));
        let question = |aim, record, form, route| Question { aim, name: name.clone(), record, form, route };
        for server in &servers {
            for (record, form) in [(DnsType::A, Form::Stub), (DnsType::Aaaa, Form::Edns)] {
                let aim = DnsAim::Nonce { zone: zone.clone(), nonce };
                questions.push(question(aim, record, form, Route::Resolver((*server).clone())));
            }
        }
        if !canary.addresses.is_empty() {
            for record in [DnsType::A, DnsType::Txt] {
                let aim = DnsAim::Canary { zone: zone.clone(), nonce };
                let addresses = canary.addresses.clone();
                let route = Route::Canary { host: canary.name.clone(), addresses, port: canary.tls_port };
                questions.push(question(aim, record, Form::Edns, route));
            }
        }
        if number > 0 {
            continue;
        }
        if let Some(nobody) = no_resolver(settings) {
            questions.push(question(DnsAim::NoResolver, DnsType::A, Form::Stub, Route::Nobody(nobody)));
        }
        let missing = [(zone.as_str(), Form::Stub), ("invalid", Form::Edns)];
        for (server, (parent, form)) in
            servers.iter().flat_map(|server| missing.map(|missing| (server, missing)))
        {
            let Some(label) = random(entropy) else { continue };
            // One letter more than a nonce has, so that no canary takes it for one.
            let name = format!("x{label}.{parent}");
            let route = Route::Resolver((*server).clone());
            questions.push(Question { aim: DnsAim::Missing, name, record: DnsType::A, form, route });
        }
        let declared = settings.split_horizon.iter().take(MAX_SPLIT_HORIZON);
        for (server, zone) in
            servers.iter().flat_map(|server| declared.clone().map(move |zone| (server, zone)))
        {
            let (aim, name) = (DnsAim::Declared { zone: zone.clone() }, zone.to_ascii_lowercase());
            let route = Route::Resolver((*server).clone());
            questions.push(Question { aim, name, record: DnsType::A, form: Form::Stub, route });
        }
    }
    questions
}

fn random(entropy: &dyn Entropy) -> Option<Nonce> {
    let mut bytes = [0; 16];
    entropy.fill(&mut bytes).ok()?;
    Some(Nonce::from_bytes(bytes))
}

/// Where nothing answers DNS: as declared, or port 53 of a canary whose name server is not there.
fn no_resolver(settings: &NetworkSettings) -> Option<SocketAddr> {
    let silent = |canary: &CanarySettings| {
        let address = canary.addresses.first().filter(|_| canary.dns_port != Some(DNS_PORT))?;
        Some(SocketAddr::new(*address, DNS_PORT))
    };
    settings.no_resolver.or_else(|| settings.canaries.iter().find_map(silent))
}

/// The wrong addresses that the network's servers gave for a canary's names, as that canary.
fn followed(settings: &NetworkSettings, probes: &[DnsProbe]) -> Vec<Target> {
    let mut seen = BTreeSet::new();
    let mut targets = Vec::new();
    for probe in probes {
        let DnsAim::Nonce { zone, nonce } = &probe.aim else { continue };
        let Some((canary, _)) = zones(settings).find(|(_, known)| known == zone) else { continue };
        let Some((answers, _)) = answer(&probe.attempts) else { continue };
        let addresses = answers.whole().flat_map(|(_, message)| &message.addresses);
        for address in addresses.map(|found| found.address) {
            let right = is_right(address, nonce, zone, &settings.nat64_prefixes);
            if right || address.is_unspecified() || !seen.insert((&canary.name, address)) {
                continue;
            }
            targets.push(Target {
                host: canary.name.clone(),
                port: canary.tls_port,
                address: Some(address),
                network: canary.network.clone(),
            });
        }
    }
    targets.truncate(MAX_DNS_FOLLOWED);
    targets
}
