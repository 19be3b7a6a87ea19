//! One endpoint as the chain check saw it: in a phrase for a person, and as evidence that a second person can
//! check with `openssl s_client` and `openssl x509`.

use std::net::IpAddr;

use rustls::pki_types::{CertificateDer, DnsName, ServerName, TrustAnchor as Anchor};
use webpki::EndEntityCert;

use super::certificate::{Contents, is_self_signed};
use super::chain::{self, ChainJudgement, Standing, Trust, TrustPath};
use crate::model::{
    Detection, Fact, Judgement, NetworkSettings, ProbeEndpoint, Sha256, SpkiPin, Timestamp, TrustAnchor,
    TrustVerdict,
};
use crate::network::observation::{Handshake, Possession, Target, TlsProbe, failure};
use crate::network::words::plain;

/// An endpoint whose chain was seen.
pub(super) struct Sighting<'a> {
    pub(super) endpoint: &'a ProbeEndpoint,
    pub(super) handshake: &'a Handshake,
    pub(super) standing: Standing,
    /// The path that its standing rests on; a canary that proves its session has a standing without one.
    pub(super) path: Option<TrustPath>,
    /// What a canary proved of this session, where it did.
    pub(super) session: Session,
    public_verdict: String,
    platform: Option<&'a Fact<TrustVerdict>>,
    address: Option<IpAddr>,
    pub(super) leaf: Option<Contents>,
}

/// Whose session it is, as far as a canary's signed reply tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Session {
    /// No canary's, or one that proved nothing.
    Untold,
    /// The canary's own.
    Whole,
    /// Somebody else terminates it.
    Broken,
}

/// An endpoint, and its chain or what became of it.
pub(super) type Seen<'a> = (&'a ProbeEndpoint, Result<Sighting<'a>, String>);

impl<'a> Sighting<'a> {
    /// Judges each endpoint of `settings` alone.
    pub(super) fn all(
        settings: &'a NetworkSettings,
        probes: &'a [TlsProbe],
        public_roots: &[Anchor<'_>],
        now: Timestamp,
    ) -> Vec<Seen<'a>> {
        let endpoints = settings.endpoints.iter();
        endpoints
            .map(|endpoint| (endpoint, Self::of(endpoint, probes, settings, public_roots, now)))
            .collect()
    }

    /// Finds `endpoint` among `probes` and judges its chain; or says what became of it.
    pub(super) fn of(
        endpoint: &'a ProbeEndpoint,
        probes: &'a [TlsProbe],
        settings: &NetworkSettings,
        public_roots: &[Anchor<'_>],
        now: Timestamp,
    ) -> Result<Self, String> {
        let target = Target::from(endpoint);
        let Some(probe) = probes.iter().find(|probe| probe.target == target) else {
            return Err("not measured".to_owned());
        };
        let Some((handshake, address)) = probe.answer() else {
            let failure = failure(&probe.attempts);
            return Err(failure.map_or_else(|| "not measured".to_owned(), ToString::to_string));
        };
        let platform = probe.platform.as_ref();
        Ok(Self::of_handshake(endpoint, handshake, address, platform, (settings, public_roots, now)))
    }

    /// Judges the chain of `handshake` with `endpoint`, under settings and public roots at a moment.
    pub(super) fn of_handshake(
        endpoint: &'a ProbeEndpoint,
        handshake: &'a Handshake,
        address: Option<IpAddr>,
        platform: Option<&'a Fact<TrustVerdict>>,
        (settings, public_roots, now): (&NetworkSettings, &[Anchor<'_>], Timestamp),
    ) -> Self {
        let trust = Trust {
            public: public_roots,
            private: &endpoint.private_anchors,
            inspection: &settings.inspection_roots,
            now,
        };
        let platform_verdict = platform.and_then(Fact::value);
        let ChainJudgement { standing, path, public_verdict } =
            chain::judge(handshake, &endpoint.host, platform_verdict, &trust);
        Self {
            endpoint,
            handshake,
            standing,
            path,
            session: Session::Untold,
            public_verdict,
            platform,
            address,
            leaf: handshake.chain.first().and_then(Contents::of),
        }
    }

    /// Notes that the canary proved the session to be its own: the chain is then the one that it presents, whoever
    /// vouches for it. It excuses no other endpoint's.
    pub(super) fn mark_whole(&mut self) {
        self.session = Session::Whole;
        if !matches!(self.standing, Standing::OutOfDate { .. } | Standing::Inspected) {
            self.standing = Standing::Genuine;
        }
    }

    /// Whether a canary proved that somebody else terminates this session.
    pub(super) fn is_broken(&self) -> bool {
        self.session == Session::Broken
    }

    /// What is found where it is not what the endpoint should present.
    pub(super) fn detection(&self) -> Detection {
        if self.is_rogue() { Detection::TrustStoreCompromised } else { Detection::TlsInterception }
    }

    /// Whether only the device's system vouches for it, by a root that no public list has.
    pub(super) fn is_rogue(&self) -> bool {
        self.standing == Standing::DeviceOnly(TrustAnchor::System)
    }

    /// Whether the leaf is made out for the endpoint, whoever vouches for it.
    pub(super) fn is_in_its_hosts_name(&self) -> bool {
        let Some(leaf) = self.handshake.chain.first() else { return false };
        let leaf = CertificateDer::from(leaf.as_der());
        let Ok(name) = ServerName::try_from(self.endpoint.host.as_str()) else { return false };
        EndEntityCert::try_from(&leaf).is_ok_and(|leaf| leaf.verify_is_valid_for_subject_name(&name).is_ok())
    }

    /// What it presented.
    pub(super) fn phrase(&self) -> String {
        let issuer = self.issuer();
        match self.standing {
            Standing::Genuine if self.is_broken() => {
                format!("a certificate by {issuer} that is valid for the canary")
            }
            Standing::Genuine => format!("a genuine certificate by {issuer}"),
            Standing::Inspected => format!("a certificate by {issuer}, under a declared inspection root"),
            Standing::OutOfDate { valid_at } => {
                format!("a certificate by {issuer} that is valid at {valid_at}")
            }
            Standing::OtherName => format!("a valid certificate of somebody else, {}", self.subject()),
            Standing::KeyNotProven => "a valid certificate whose key it did not prove to hold".to_owned(),
            Standing::DeviceOnly(TrustAnchor::UserAdded) => {
                format!("a certificate by {issuer}, trusted only by a root that was added to this device")
            }
            Standing::DeviceOnly(TrustAnchor::System) => format!(
                "a certificate by {issuer}, under a root of this device's system that Mozilla's list lacks"
            ),
            Standing::DeviceOnly(TrustAnchor::Untold) => {
                format!(
                    "a certificate by {issuer}, under a root that this device trusts and Mozilla does not"
                )
            }
            Standing::Untrusted if self.handshake.chain.first().is_some_and(is_self_signed) => {
                format!("a self-signed certificate, {}", self.unknown_to())
            }
            Standing::Untrusted => format!("a certificate by {issuer}, {}", self.unknown_to()),
        }
    }

    /// The key of the certificate that it presented as its own.
    pub(super) fn leaf_key(&self) -> Option<SpkiPin> {
        self.leaf.as_ref().map(|leaf| leaf.spki)
    }

    /// Adds what the phrase rests on.
    pub(super) fn evidence(&self, judgement: Judgement) -> Judgement {
        let ProbeEndpoint { host, port, network, .. } = self.endpoint;
        let mut judgement = judgement.with("endpoint", format!("{host}:{port}")).with("network", network);
        if let Some(address) = self.address {
            judgement = judgement.with("address", address);
        }
        // A name that is an address is not sent as SNI (RFC 6066, section 3).
        if DnsName::try_from(host.as_str()).is_ok() {
            judgement = judgement.with("sni", host);
        }
        if let Some(leaf) = self.handshake.chain.first() {
            judgement = judgement.with("certificate_sha256", Sha256::of(leaf.as_der()));
        }
        if let Some(leaf) = &self.leaf {
            judgement = judgement
                .with("subject", &leaf.subject.full)
                .with("issuer", &leaf.issuer.full)
                .with("spki", leaf.spki)
                .with("not_before", leaf.not_before)
                .with("not_after", leaf.not_after);
        }
        if let Possession::Unproven { why } = &self.handshake.possession {
            judgement = judgement.with("key_not_proven", plain(why));
        }
        if let Some(version) = &self.handshake.version {
            judgement = judgement.with("tls_version", plain(version));
        }
        if let Some(root) = self.root_by_platform() {
            judgement = judgement.with("root_spki", root);
        }
        judgement
            .with("verdict_mozilla", &self.public_verdict)
            .with("verdict_platform", platform_words(self.platform))
    }

    /// The key of the root that the platform found.
    fn root_by_platform(&self) -> Option<SpkiPin> {
        match self.platform?.value()? {
            TrustVerdict::Trusted { root_spki, .. } | TrustVerdict::OutOfDate { root_spki, .. } => {
                root_spki.map(SpkiPin::from_digest)
            }
            TrustVerdict::Rejected { .. } => None,
        }
    }

    fn unknown_to(&self) -> &'static str {
        match self.platform.and_then(Fact::value) {
            Some(_) => "unknown to Mozilla and to this device",
            None => "unknown to Mozilla",
        }
    }

    pub(super) fn issuer(&self) -> String {
        quoted(self.leaf.as_ref().map(|leaf| &leaf.issuer.short))
    }

    fn subject(&self) -> String {
        quoted(self.leaf.as_ref().map(|leaf| &leaf.subject.short))
    }
}

fn quoted(name: Option<&String>) -> String {
    name.map_or_else(|| "an unreadable name".to_owned(), |name| format!("\"{name}\""))
}

fn platform_words(platform: Option<&Fact<TrustVerdict>>) -> String {
    match platform {
        Some(Fact::Known { value: TrustVerdict::Trusted { anchor, .. } }) => {
            format!("trusted by a {anchor} root")
        }
        Some(Fact::Known { value: TrustVerdict::OutOfDate { anchor, valid_at, .. } }) => {
            format!("trusted by a {anchor} root at {valid_at}, not now")
        }
        Some(Fact::Known { value: TrustVerdict::Rejected { why } }) => format!("refused: {}", plain(why)),
        Some(Fact::NotPermitted { why } | Fact::NotAvailable { why }) => format!("not told: {}", plain(why)),
        None => "not asked".to_owned(),
    }
}

/// Hosts by the words that go for them, in order of first appearance.
pub(super) fn grouped<'a>(each: impl Iterator<Item = (String, &'a str)>) -> Vec<(String, String)> {
    let mut groups: Vec<(String, String)> = Vec::new();
    for (words, host) in each {
        match groups.iter_mut().find(|(known, _)| *known == words) {
            Some((_, hosts)) => {
                hosts.push_str(", ");
                hosts.push_str(host);
            }
            None => groups.push((words, host.to_owned())),
        }
    }
    groups
}
