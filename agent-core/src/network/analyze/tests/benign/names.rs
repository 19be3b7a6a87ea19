//! DNS: what resolvers, canaries and nobody answer, and the handshakes with the wrong addresses.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use super::cause::Cause;
use super::place::Site;
use super::pool::Kind;
use super::servers::Met;
use super::story::{Story, Trouble};
use crate::canary::{CanarySettings, Nonce, Stamp, StampReply, address_v4, address_v6, nonce_name};
use crate::model::NetworkSettings;
use crate::network::dns::is_right;
use crate::network::dns_record::{
    DnsAddress, DnsAim, DnsAnswers, DnsMessage, DnsPacket, DnsProbe, DnsReading, DnsTransport, DnsType,
};
use crate::network::observation::{FailureKind, Phase, Target, TlsProbe, answer};

const PORTAL: [u8; 4] = [192, 168, 7, 1];
const RELAY: [u8; 4] = [198, 51, 100, 80];
const SEARCH_PAGE: [u8; 4] = [198, 51, 100, 90];
const INSIDE: [u8; 4] = [10, 1, 2, 3];
const NO_RESOLVER: &str = "192.0.2.253:53";

impl Story {
    pub(super) fn set_names(&mut self, settings: &mut NetworkSettings) {
        settings.no_resolver = Some(NO_RESOLVER.parse().unwrap()).filter(|_| self.dice.chance(8000));
        if self.has(Cause::SplitHorizon) {
            settings.split_horizon = vec!["canary.example".to_owned()];
        }
        if self.has(Cause::Nat64Declared) {
            settings.nat64_prefixes = self.nat64().into_iter().collect();
        }
    }

    pub(super) fn queries(&mut self, settings: &NetworkSettings, site: &Site) -> Vec<DnsProbe> {
        let mut probes = Vec::new();
        for (canary, number) in settings.canaries.iter().zip(0..) {
            let Some(zone) = &canary.zone else { continue };
            let nonce = Nonce::from_bytes([
                0xd0 + number,
                self.dice.below(4) as u8,
                1,
                2,
                3,
                4,
                5,
                6,
                7,
                8,
                9,
                10,
                11,
                12,
                13,
                14,
            ]);
            let name = nonce_name(&nonce, zone);
            for server in &site.resolvers {
                for record in [DnsType::A, DnsType::Aaaa] {
                    let aim = DnsAim::Nonce { zone: zone.clone(), nonce };
                    let answers = self.resolved(number, &nonce, zone, record);
                    probes.push(self.probe(aim, server, &name, record, answers));
                }
            }
            if !canary.addresses.is_empty() {
                for record in [DnsType::A, DnsType::Txt] {
                    let aim = DnsAim::Canary { zone: zone.clone(), nonce };
                    let answers = self.over_https(number, &nonce, zone, record, site);
                    let server = format!("https://{}:443", canary.name);
                    probes.push(self.probe(aim, &server, &name, record, answers));
                }
            }
            if probes.iter().any(|probe| probe.aim == DnsAim::Missing) {
                continue;
            }
            if let Some(nobody) = settings.no_resolver {
                let answers = self.nobody_answers(&nonce, zone);
                probes.push(self.probe(DnsAim::NoResolver, &nobody.to_string(), &name, DnsType::A, answers));
            }
            for server in &site.resolvers {
                for parent in [zone.as_str(), "invalid"] {
                    let answers = Ok(self.missing());
                    probes.push(self.probe(
                        DnsAim::Missing,
                        server,
                        &format!("x1.{parent}"),
                        DnsType::A,
                        answers,
                    ));
                }
            }
        }
        probes
    }

    fn probe(
        &mut self,
        aim: DnsAim,
        server: &str,
        name: &str,
        record: DnsType,
        answers: Result<DnsAnswers, Trouble>,
    ) -> DnsProbe {
        let attempts = self.late(server.parse().ok(), answers);
        DnsProbe { aim, server: server.to_owned(), name: name.to_owned(), record, attempts }
    }

    /// What a resolver of the network answers for a canary's name.
    fn resolved(
        &mut self,
        number: u8,
        nonce: &Nonce,
        zone: &str,
        record: DnsType,
    ) -> Result<DnsAnswers, Trouble> {
        let (v4, v6) = (address_v4(nonce, zone), address_v6(nonce, zone));
        let is_v6 = record == DnsType::Aaaa;
        let right: IpAddr = match self.nat64() {
            // A DNS64 that holds the derived block for none of the internet's makes its own.
            Some(prefix) if is_v6 && self.dice.chance(3000) => prefix.embed(v4).into(),
            _ if is_v6 => v6.into(),
            _ => v4.into(),
        };
        let only = |octets: [u8; 4]| if is_v6 { message(0, &[]) } else { message(0, &[octets.into()]) };
        let said = match () {
            () if self.has(Cause::Portal) && self.has(Cause::PortalHijacksDns) => only(PORTAL),
            () if self.is_down(number) && self.dice.chance(5000) => return Err(SILENT),
            () if self.is_down(number) => message(2, &[]),
            () if self.has(Cause::ResolverErrs) && self.dice.chance(4000) => {
                message(self.dice.pick(&[2, 5, 4]), &[])
            }
            () if self.has(Cause::SplitHorizon) => only(INSIDE),
            () if self.has(Cause::RebindGuard) => message(self.dice.pick(&[0, 3]), &[]),
            () if self.has(Cause::Filter) => {
                message(0, &[if is_v6 { [0; 16].into() } else { [0; 4].into() }])
            }
            () if self.has(Cause::Relayed) => only(RELAY),
            () if is_v6 && self.has(Cause::NoAaaa) => message(0, &[]),
            () => message(0, &[right]),
        };
        Ok(self.delivered(&said))
    }

    fn over_https(
        &mut self,
        number: u8,
        nonce: &Nonce,
        zone: &str,
        record: DnsType,
        site: &Site,
    ) -> Result<DnsAnswers, Trouble> {
        if self.has(Cause::Portal) || self.is_down(number) {
            return Err(self.dice.pick(&[Self::SILENCE, (Phase::Tls, FailureKind::Certificate)]));
        }
        let said = if record == DnsType::Txt {
            let reply = StampReply { nonce: *nonce, server_time: self.signed_time(number), peer: site.exit };
            DnsMessage { text: Some(self.token(number, Stamp::Dns, &reply)), ..message(0, &[]) }
        } else {
            message(0, &[address_v4(nonce, zone).into()])
        };
        Ok(packets(DnsTransport::Https, &[said]))
    }

    fn nobody_answers(&mut self, nonce: &Nonce, zone: &str) -> Result<DnsAnswers, Trouble> {
        if self.has(Cause::Portal) && self.has(Cause::PortalHijacksDns) {
            return Ok(packets(DnsTransport::Udp, &[message(0, &[PORTAL.into()])]));
        }
        if self.has(Cause::TransparentResolver) {
            return Ok(packets(DnsTransport::Udp, &[message(0, &[address_v4(nonce, zone).into()])]));
        }
        if self.dice.chance(1000) {
            return Err((Phase::Dns, FailureKind::Unreachable));
        }
        Ok(packets(DnsTransport::Udp, &[]))
    }

    fn missing(&mut self) -> DnsAnswers {
        let said = match () {
            () if self.has(Cause::Portal) && self.has(Cause::PortalHijacksDns) => {
                message(0, &[PORTAL.into()])
            }
            () if self.has(Cause::Wildcard) => message(0, &[SEARCH_PAGE.into()]),
            () if self.has(Cause::ResolverErrs) && self.dice.chance(4000) => message(2, &[]),
            () => message(3, &[]),
        };
        self.delivered(&said)
    }

    /// The datagrams of one answer.
    fn delivered(&self, said: &DnsMessage) -> DnsAnswers {
        if self.has(Cause::Truncated) {
            let cut = DnsMessage { truncated: true, addresses: Vec::new(), ..said.clone() };
            return packets(DnsTransport::Tcp, &[cut, said.clone()]);
        }
        let mut answers = if self.has(Cause::Duplicates) {
            let mut again = said.clone();
            again.addresses.iter_mut().for_each(|found| found.ttl = 7);
            packets(DnsTransport::Udp, &[said.clone(), again])
        } else {
            packets(DnsTransport::Udp, std::slice::from_ref(said))
        };
        if self.has(Cause::Stray) {
            let mut stray = answers.packets[0].clone();
            stray.reading = DnsReading::Misfit("not from the server that was asked".to_owned());
            answers.packets.insert(0, stray);
        }
        answers
    }

    /// Handshakes with the wrong addresses, as the measurement makes them.
    pub(super) fn follow(&mut self, settings: &NetworkSettings, probes: &[DnsProbe]) -> Vec<TlsProbe> {
        let mut followed = BTreeSet::new();
        for probe in probes {
            let DnsAim::Nonce { zone, nonce } = &probe.aim else { continue };
            let canary = settings.canaries.iter().find(|canary| canary.zone.as_ref() == Some(zone));
            let (Some(canary), Some((answers, _))) = (canary, answer(&probe.attempts)) else { continue };
            let addresses = answers.whole().flat_map(|(_, message)| &message.addresses).map(|it| it.address);
            let is_wrong =
                |it: &IpAddr| !it.is_unspecified() && !is_right(*it, nonce, zone, &settings.nat64_prefixes);
            followed.extend(addresses.filter(is_wrong).map(|address| (canary.name.as_str(), address)));
        }
        let target = |(name, address)| {
            let canary = settings.canaries.iter().find(|canary| canary.name == name)?;
            let met = self.met_at(canary, address);
            let target = Target { address: Some(address), ..Target::from(canary) };
            Some(self.tls_probe(target, address, met))
        };
        followed.into_iter().take(4).filter_map(target).collect()
    }

    fn met_at(&mut self, canary: &CanarySettings, address: IpAddr) -> Met {
        if address == IpAddr::from(INSIDE) {
            return Err(Self::SILENCE);
        }
        let kind = if canary.private_anchors.is_empty() { Kind::Current } else { Kind::Private };
        let is_inspectable = self.has(Cause::Inspected);
        self.met(&canary.name, kind, is_inspectable)
    }
}

const SILENT: Trouble = (Phase::Dns, FailureKind::TimedOut);

fn message(rcode: u16, addresses: &[IpAddr]) -> DnsMessage {
    let addresses = addresses.iter().map(|address| DnsAddress { address: *address, ttl: 60 });
    DnsMessage { rcode, truncated: false, case_kept: true, addresses: addresses.collect(), text: None }
}

fn packets(transport: DnsTransport, messages: &[DnsMessage]) -> DnsAnswers {
    let from = SocketAddr::from(([192, 0, 2, 53], 53));
    let packets = messages.iter().zip(1..).map(|(message, place)| DnsPacket {
        from,
        delay_ms: 20 * place,
        size: 80,
        raw: vec![1, 2, 3],
        reading: DnsReading::Answer(message.clone()),
    });
    DnsAnswers { transport, packets: packets.collect(), dropped: 0 }
}
