//! A home Wi-Fi in the world of the tests, and a phone that comes back to it and remembers.

use std::net::IpAddr;

use super::canary_world::{bind, with_canaries};
use super::world::{World, answered};
use crate::canary::{Nonce, address_v4, nonce_name};
use crate::model::{
    CheckId, CheckOutcome, Detection, Fact, Neighbour, NetworkSnapshot, Timestamp, Transport, Verdict,
    WifiSecurity,
};
use crate::network::Recording;
use crate::network::analyze::judge_under;
use crate::network::baseline::{Baseline, network_key};
use crate::network::dns_record::{
    DnsAddress, DnsAim, DnsAnswers, DnsMessage, DnsPacket, DnsProbe, DnsReading, DnsTransport, DnsType,
};
use crate::network::testing::NOW;

pub(super) const GATEWAY: &str = "10.77.0.1";
pub(super) const GATEWAY_MAC: &str = "02:00:00:00:77:01";
pub(super) const ROUTER: &str = "fe80::ff:fe00:7701";
pub(super) const ATTACKER: &str = "10.77.0.66";
pub(super) const ATTACKER_MAC: &str = "02:00:00:00:77:66";
pub(super) const EXIT: &str = "192.0.2.9";

const ZONE: &str = "z.canary.example";

/// A device, the network that it is on, and what it remembers of it.
pub(super) struct Phone {
    pub(super) world: World,
    pub(super) past: Option<Baseline>,
    pub(super) now: Timestamp,
}

impl Phone {
    /// On a dual-stack home Wi-Fi with two canaries in reach, for the first time.
    pub(super) fn at_home() -> Self {
        let mut world = with_canaries();
        world.settings.canaries[0].zone = Some(ZONE.to_owned());
        world.seen.dns = vec![nonce_probe(true), missing_probe()];
        world.seen.network = NetworkSnapshot {
            name: Fact::known("wlan0".to_owned()),
            transport: Fact::known(Transport::Wifi),
            ssid: Fact::known("home".to_owned()),
            bssid: Fact::known("02:aa:00:00:00:01".parse().unwrap()),
            security: Fact::known(WifiSecurity::Wpa2),
            gateways: Fact::known(vec![GATEWAY.to_owned(), format!("{ROUTER}%wlan0")]),
            dns_servers: Fact::known(vec![GATEWAY.to_owned()]),
            dhcp_server: Fact::known(GATEWAY.parse().unwrap()),
            neighbours: Fact::known(vec![
                neighbour(GATEWAY, GATEWAY_MAC),
                neighbour(ROUTER, GATEWAY_MAC),
                neighbour("10.77.0.20", "02:00:00:00:77:20"),
            ]),
            vpns: Fact::known(Vec::new()),
            ..world.seen.network
        };
        Self { world, past: None, now: NOW }
    }

    /// The same with nobody to ask: quick, where only the platform's facts matter.
    pub(super) fn without_canaries() -> Self {
        let mut phone = Self::at_home();
        phone.world.settings.canaries.clear();
        phone.world.seen.canaries.clear();
        phone.world.settings.endpoints.clear();
        phone
    }

    /// At home, where it was before.
    pub(super) fn back_home() -> Self {
        let mut phone = Self::at_home();
        assert_eq!(phone.found(), []);
        phone
    }

    pub(super) fn network(&mut self) -> &mut NetworkSnapshot {
        &mut self.world.seen.network
    }

    /// One scan an hour after the last: its outcomes; what is learned is remembered.
    pub(super) fn scan(&mut self) -> Vec<CheckOutcome> {
        self.scan_after(3600)
    }

    pub(super) fn scan_after(&mut self, seconds: i64) -> Vec<CheckOutcome> {
        self.now = self.now.plus_seconds(seconds);
        let now = self.now;
        for number in 0..self.world.settings.canaries.len() {
            let peer = self.exit();
            bind(&mut self.world, number, |reply| (reply.server_time, reply.peer) = (now, peer));
        }
        let is_told = network_key(&self.world.seen.network).is_some();
        let recording = Recording {
            baseline: self.past.clone().filter(|_| is_told),
            ..Recording::new(self.world.seen.clone(), self.world.settings.clone(), now)
        };
        let judged = judge_under(&[self.world.public.anchor()], &recording);
        if is_told {
            // As the store keeps it.
            let kept = serde_json::to_string(&judged.baseline).unwrap();
            self.past = Some(serde_json::from_str(&kept).unwrap());
        }
        judged.outcomes
    }

    /// What one scan finds, but for what is only a label.
    pub(super) fn found(&mut self) -> Vec<(Detection, Verdict)> {
        attacks(&self.scan())
    }

    /// What the check says in one scan.
    pub(super) fn outcome(&mut self, check: CheckId) -> CheckOutcome {
        super::world::outcome(&self.scan(), check).clone()
    }

    fn exit(&self) -> IpAddr {
        let exit = self.world.seen.network.portal_api.value().map_or(EXIT, String::as_str);
        exit.parse().unwrap()
    }

    /// The network is left by another address; noted where nothing in these tests looks.
    pub(super) fn exits_by(&mut self, exit: &str) {
        self.network().portal_api = Fact::known(exit.to_owned());
    }

    /// The hardware address that answers for `address`; one more neighbour where it had none.
    pub(super) fn answers_for(&mut self, address: &str, mac: &str) {
        let wanted: IpAddr = address.parse().unwrap();
        let Fact::Known { value: neighbours } = &mut self.network().neighbours else { panic!("not told") };
        neighbours.retain(|it| it.address != wanted);
        neighbours.push(neighbour(address, mac));
    }

    /// The router and everything that it gave is another one's.
    pub(super) fn moves(&mut self, bssid: &str, mac: &str) {
        self.network().bssid = Fact::known(bssid.parse().unwrap());
        self.network().gateways = Fact::known(vec![GATEWAY.to_owned()]);
        self.network().neighbours = Fact::known(vec![neighbour(GATEWAY, mac)]);
    }

    /// Names are answered with a wrong address.
    pub(super) fn forges_names(&mut self) {
        self.world.seen.dns[0] = nonce_probe(false);
    }
}

/// Findings that are suspicious or worse, without their subject.
pub(super) fn attacks(outcomes: &[CheckOutcome]) -> Vec<(Detection, Verdict)> {
    let found = super::world::found(outcomes).into_iter();
    found
        .filter(|(_, _, verdict)| *verdict >= Verdict::Suspicious)
        .map(|(it, _, verdict)| (it, verdict))
        .collect()
}

pub(super) fn neighbour(address: &str, mac: &str) -> Neighbour {
    Neighbour { address: address.parse().unwrap(), mac: mac.parse().unwrap() }
}

fn nonce_probe(is_right: bool) -> DnsProbe {
    let nonce = Nonce::from_bytes([7; 16]);
    let address = if is_right { address_v4(&nonce, ZONE).into() } else { ATTACKER.parse().unwrap() };
    DnsProbe {
        aim: DnsAim::Nonce { zone: ZONE.to_owned(), nonce },
        server: GATEWAY.to_owned(),
        name: nonce_name(&nonce, ZONE),
        record: DnsType::A,
        attempts: answered(answers(0, vec![DnsAddress { address, ttl: 0 }])),
    }
}

fn missing_probe() -> DnsProbe {
    DnsProbe {
        aim: DnsAim::Missing,
        server: GATEWAY.to_owned(),
        name: "x0.invalid".to_owned(),
        record: DnsType::A,
        attempts: answered(answers(3, Vec::new())),
    }
}

fn answers(rcode: u16, addresses: Vec<DnsAddress>) -> DnsAnswers {
    let message = DnsMessage { rcode, truncated: false, case_kept: true, addresses, text: None };
    let packet = DnsPacket {
        from: format!("{GATEWAY}:53").parse().unwrap(),
        delay_ms: 3,
        size: 40,
        raw: Vec::new(),
        reading: DnsReading::Answer(message),
    };
    DnsAnswers { transport: DnsTransport::Udp, packets: vec![packet], dropped: 0 }
}
