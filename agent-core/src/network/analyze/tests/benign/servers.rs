//! Connectivity checks, endpoints, and what the platform says of a chain.

use std::net::{IpAddr, Ipv4Addr};

use super::cause::Cause;
use super::place::Platform;
use super::pool::{ENDPOINTS, Kind, POOL, Presented};
use super::story::{Story, Trouble, ended};
use crate::model::{Fact, NetworkSettings, PinSet, RootCertificate, Timestamp, TrustAnchor, TrustVerdict};
use crate::network::analyze::tests::world::{CLEAR, SECURE, http};
use crate::network::observation::{
    CaptiveProbe, FailureKind, Handshake, HttpAnswer, Phase, Target, TlsProbe,
};
use crate::network::testing::{endpoint, handshake};

/// The sign-in page of every portal.
pub(super) const SIGN_IN: &str = "http://login.cafe.example/hello?mac=02:00:5e:00:53:01";

/// What is at an address.
pub(super) type Met = Result<&'static Presented, Trouble>;

impl Story {
    /// Endpoints and connectivity checks as the organisation sets them, and what each endpoint presents.
    pub(super) fn set_servers(&mut self, settings: &mut NetworkSettings) -> Vec<Kind> {
        let count = self.dice.pick(&[0, 1, 2, 2, 3, 3, 3, 4]);
        settings.endpoints =
            ENDPOINTS[..count].iter().map(|(host, network)| endpoint(host, network)).collect();
        settings.captive_probes = vec![CLEAR.to_owned(), SECURE.to_owned()];
        settings.captive_probes.truncate(self.dice.pick(&[1, 2, 2, 2]));
        let mut kinds = vec![Kind::Current; count];
        for (cause, kind) in
            [(Cause::PrivateAuthority, Kind::Private), (Cause::PrivateRootNotSent, Kind::PrivateBare)]
        {
            if self.has(cause) {
                kinds.fill(kind);
                let pin = if kind == Kind::Private { POOL.company.pin() } else { POOL.bare.pin() };
                settings.endpoints.iter_mut().for_each(|endpoint| endpoint.private_anchors = vec![pin]);
            }
        }
        let one = [
            (Cause::LeafRotated, Kind::Rotated),
            (Cause::OtherIssuer, Kind::OtherIssuer),
            (Cause::YoungRoot, Kind::YoungRoot),
            (Cause::TooEarly, Kind::TooEarly),
            (Cause::NotRenewed, Kind::NotRenewed),
        ];
        for (cause, kind) in one {
            if count > 0 && self.has(cause) {
                let place = self.dice.below(count as u64) as usize;
                kinds[place] = kind;
            }
        }
        if self.has(Cause::YoungRoot) {
            let chain = &POOL.presented("a.example", Kind::YoungRoot).chain;
            settings.public_roots = vec![RootCertificate::from_der(chain[1].as_der().to_vec())];
        }
        if self.has(Cause::LogsStale) || self.dice.chance(2000) {
            let mut list = POOL.log_list.clone();
            if self.has(Cause::LogsStale) {
                list.timestamp = list.timestamp.plus_seconds(-100 * 86_400);
            }
            settings.ct_log_list = Some(list);
        }
        self.set_pins(settings, &kinds);
        kinds
    }

    fn set_pins(&self, settings: &mut NetworkSettings, kinds: &[Kind]) {
        let fits = matches!(kinds.first(), Some(Kind::Current | Kind::Rotated | Kind::OtherIssuer));
        let (spki, days) = match () {
            () if self.has(Cause::Pinned) && fits => (POOL.pins(), 200),
            () if self.has(Cause::PinsExpired) => (vec![POOL.evil.pin(), POOL.bare.pin()], -40),
            () => return,
        };
        let pinned = settings.endpoints.first().map(|endpoint| endpoint.host.clone());
        let expires = self.truth.plus_seconds(days * 86_400);
        settings.pins = pinned.map(|host| PinSet { host, spki, expires }).into_iter().collect();
    }

    pub(super) fn captive(&mut self, settings: &NetworkSettings) -> Vec<CaptiveProbe> {
        let probe = |url: &String| {
            let address = Some(self.reached([203, 0, 113, 9]));
            let met = if url == CLEAR { Ok(self.clear_check()) } else { self.secure_check() };
            CaptiveProbe { url: url.clone(), attempts: self.attempts(address, met) }
        };
        settings.captive_probes.iter().map(probe).collect()
    }

    fn clear_check(&mut self) -> HttpAnswer {
        if self.has(Cause::Portal) {
            return self.sign_in();
        }
        if self.has(Cause::ProxyErrs) && self.dice.chance(3000) {
            // An empty page is what a broken proxy makes of a 204.
            return self
                .dice
                .pick(
                    &[http(502, None, b"bad gateway"), http(503, None, b""), http(200, None, b"")].each_ref(),
                )
                .clone();
        }
        http(204, None, b"")
    }

    pub(super) fn portal_status(&mut self) -> u16 {
        match () {
            () if self.has(Cause::Portal511) => 511,
            () if self.has(Cause::PortalPage) => 200,
            () => self.dice.pick(&[302, 302, 303, 307]),
        }
    }

    /// Any certificate is taken, and recorded.
    fn secure_check(&mut self) -> Result<HttpAnswer, Trouble> {
        let presented = self.met("probe.example", Kind::Current, true)?;
        let handshake = Some(self.handshake(presented));
        let answer = if self.has(Cause::Portal) { self.sign_in() } else { http(204, None, b"") };
        Ok(HttpAnswer { handshake, ..answer })
    }

    fn sign_in(&mut self) -> HttpAnswer {
        match self.portal_status() {
            status @ 300..400 => http(status, Some(SIGN_IN), b""),
            status => http(status, None, b"<html>Welcome</html>"),
        }
    }

    pub(super) fn endpoints(&mut self, settings: &NetworkSettings, kinds: &[Kind]) -> Vec<TlsProbe> {
        let down = self.dice.below(4);
        let each = settings.endpoints.iter().zip(kinds).zip(0..);
        each.map(|((endpoint, kind), number)| {
            let is_down = self.has(Cause::EndpointDown) && number == down;
            let met = if is_down { Err(self.outage()) } else { self.met(&endpoint.host, *kind, true) };
            let address = self.reached([203, 0, 113, 10 + number as u8]);
            self.tls_probe(Target::from(endpoint), address, met)
        })
        .collect()
    }

    pub(super) fn tls_probe(&mut self, target: Target, address: IpAddr, met: Met) -> TlsProbe {
        let shaken = met.map(|presented| self.handshake(presented));
        let attempts = self.attempts(Some(address), shaken.clone());
        let fallback = self.fallback(Some(address), &attempts, &shaken, older);
        let mut probe = TlsProbe { target, attempts, fallback, platform: None };
        if let (true, Ok(presented)) = (probe.answer().is_some(), met) {
            probe.platform = Some(self.verdict(presented, &probe.target.host));
        }
        probe
    }

    /// What `host`, which presents `kind`, looks like from this network.
    pub(super) fn met(&mut self, host: &str, kind: Kind, is_inspectable: bool) -> Met {
        if self.has(Cause::Portal) {
            return if self.has(Cause::PortalMakesUp) {
                Ok(POOL.presented(host, Kind::MadeUp))
            } else {
                self.portal_chain()
            };
        }
        let kind = if is_inspectable && self.is_inspected() { Kind::Inspected } else { kind };
        Ok(POOL.presented(host, kind))
    }

    /// What a portal shows in place of a server that it makes up no certificate for.
    fn portal_chain(&mut self) -> Met {
        let [own, expired, made] = &POOL.portal;
        match () {
            () if self.has(Cause::PortalOtherName) => Ok(own),
            () if self.has(Cause::PortalExpired) => Ok(expired),
            () if self.has(Cause::PortalSelfSigned) => Ok(made),
            () if self.has(Cause::PortalMakesUp) => Err((Phase::Tls, FailureKind::Certificate)),
            () => Err(self.dice.pick(&[
                (Phase::Connect, FailureKind::Refused),
                (Phase::Connect, FailureKind::TimedOut),
                (Phase::Tls, FailureKind::Reset),
                (Phase::Tls, FailureKind::Closed),
                (Phase::Tls, FailureKind::Alert),
            ])),
        }
    }

    pub(super) fn outage(&mut self) -> Trouble {
        self.dice.pick(&[
            Self::SILENCE,
            (Phase::Connect, FailureKind::Refused),
            (Phase::Tls, FailureKind::Alert),
        ])
    }

    pub(super) fn is_inspected(&self) -> bool {
        self.has(Cause::Inspected) || self.has(Cause::InspectedInPart)
    }

    pub(super) fn handshake(&mut self, presented: &Presented) -> Handshake {
        let mut shaken = handshake(presented.chain.clone());
        if self.has(Cause::OldTls) && self.dice.chance(3000) {
            (shaken.version, shaken.alpn) = (Some("TLSv1.2".to_owned()), None);
        }
        if self.has(Cause::ClientCertificate) && self.dice.chance(5000) {
            shaken.interrupted = Some(ended(Phase::Tls, FailureKind::Alert));
        }
        shaken
    }

    /// What the platform says of a chain that was shown for `host`, by its own clock.
    pub(super) fn verdict(&mut self, presented: &Presented, host: &str) -> Fact<TrustVerdict> {
        if self.has(Cause::MuteVerifier) {
            return Fact::not_available("the platform has no verifier that can be asked");
        }
        let rejected = |why: &str| Fact::known(TrustVerdict::Rejected { why: why.to_owned() });
        let Some(root) = presented.root else { return rejected("unknown issuer") };
        if POOL.portal.iter().any(|known| std::ptr::eq(known, presented)) {
            return rejected("the certificate is for another host");
        }
        // Whoever does not send a root needs a platform that has it and names it.
        let is_bare = std::ptr::eq(POOL.presented(host, Kind::PrivateBare), presented);
        if presented.is_public && self.has(Cause::OldRoots)
            || !presented.is_public && !is_bare && self.dice.chance(4000)
        {
            return rejected("unknown issuer");
        }
        let anchor = match (self.platform, presented.is_public) {
            (Platform::Ios, _) => TrustAnchor::Untold,
            (_, true) => TrustAnchor::System,
            (Platform::Linux, false) => TrustAnchor::System,
            (_, false) => TrustAnchor::UserAdded,
        };
        let names = is_bare || self.platform != Platform::AndroidWithoutLocation;
        let root_spki = Some(root).filter(|_| names);
        let (from, to) = presented.valid;
        if (from..=to).contains(&self.now) {
            return Fact::known(TrustVerdict::Trusted { anchor, root_spki });
        }
        if is_bare || self.dice.chance(5000) {
            let valid_at = Timestamp::from_unix(from.unix().midpoint(to.unix()));
            return Fact::known(TrustVerdict::OutOfDate { anchor, root_spki, valid_at });
        }
        rejected("expired")
    }

    /// The address at which this device reaches an IPv4 host.
    pub(super) fn reached(&self, octets: [u8; 4]) -> IpAddr {
        let address = Ipv4Addr::from(octets);
        self.nat64().map_or(IpAddr::V4(address), |prefix| IpAddr::V6(prefix.embed(address)))
    }
}

/// The same handshake where TLS 1.2 alone is offered.
pub(super) fn older(shaken: Handshake) -> Handshake {
    Handshake { version: Some("TLSv1.2".to_owned()), ..shaken }
}
