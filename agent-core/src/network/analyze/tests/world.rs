//! Records of networks that never were.

use crate::model::{
    CheckId, CheckOutcome, Detection, Fact, NetworkSettings, Sha256, Timestamp, TrustAnchor, TrustVerdict,
    Verdict,
};
use crate::network::Recording;
use crate::network::analyze::judge_under;
use crate::network::observation::{
    Attempt, CaptiveProbe, Certificate, Failure, FailureKind, Handshake, HttpAnswer, Observations, Outcome,
    Phase, Possession, Target, TlsProbe,
};
use crate::network::testing::{Authority, Dates, endpoint, handshake, snapshot};

pub(super) const CLEAR: &str = "http://probe.example/generate_204";
pub(super) const SECURE: &str = "https://probe.example/generate_204";

/// Three endpoints in three networks, and everyone who may sign for them.
pub(super) struct World {
    pub(super) public: Authority,
    pub(super) company: Authority,
    pub(super) inspector: Authority,
    pub(super) evil: Authority,
    pub(super) settings: NetworkSettings,
    pub(super) seen: Observations,
}

impl World {
    /// Three endpoints with genuine certificates and two connectivity checks that succeed.
    pub(super) fn clean() -> Self {
        let hosts = ["a.example", "b.example", "c.example"];
        let endpoints = ["net-1", "net-2", "net-3"].into_iter().zip(hosts);
        let public = Authority::new("Public Root", 1);
        let settings = NetworkSettings {
            endpoints: endpoints.map(|(network, host)| endpoint(host, network)).collect(),
            captive_probes: vec![CLEAR.to_owned(), SECURE.to_owned()],
            ..NetworkSettings::default()
        };
        let tls = settings.endpoints.iter().map(|endpoint| TlsProbe {
            target: Target::from(endpoint),
            attempts: answered(handshake(public.chain(&endpoint.host, Dates::CURRENT))),
            fallback: None,
            platform: Some(Fact::known(TrustVerdict::Trusted {
                anchor: TrustAnchor::System,
                root_spki: None,
            })),
        });
        let secure = handshake(public.chain("probe.example", Dates::CURRENT));
        let captive = [(CLEAR, None), (SECURE, Some(secure))].map(|(url, handshake)| CaptiveProbe {
            url: url.to_owned(),
            attempts: answered(HttpAnswer { handshake, ..http(204, None, b"") }),
        });
        let seen =
            Observations { captive: captive.to_vec(), tls: tls.collect(), ..Observations::of(snapshot()) };
        Self {
            company: Authority::new("Company CA", 2),
            inspector: Authority::new("Company Inspection", 3),
            evil: Authority::new("Evil Root", 4),
            public,
            settings,
            seen,
        }
    }

    /// What `host` presents, and what the platform thinks of it.
    pub(super) fn presents(&mut self, host: &str, chain: Vec<Certificate>, platform: Fact<TrustVerdict>) {
        let probe = self.probe(host);
        probe.attempts = answered(handshake(chain));
        probe.platform = Some(platform);
    }

    /// `host` does not answer.
    pub(super) fn silences(&mut self, host: &str) {
        let probe = self.probe(host);
        let lost = Attempt { address: None, elapsed_ms: 3000, outcome: Outcome::Failed(timed_out()) };
        probe.attempts = vec![lost.clone(), lost.clone(), lost];
        probe.platform = None;
    }

    /// What the connectivity check over TLS met, and with which certificate.
    pub(super) fn captive_over_tls(&mut self, answer: HttpAnswer, chain: Vec<Certificate>) {
        let handshake = Some(handshake(chain));
        self.seen.captive[1].attempts = answered(HttpAnswer { handshake, ..answer });
    }

    /// What the clear connectivity check met, while the one over TLS is lost.
    pub(super) fn portal(&mut self, answer: HttpAnswer) {
        self.seen.captive[0].attempts = answered(answer);
        self.captive_over_tls_fails(FailureKind::TimedOut);
    }

    pub(super) fn captive_fails(&mut self) {
        for probe in &mut self.seen.captive {
            let outcome = Outcome::Failed(timed_out());
            probe.attempts = vec![Attempt { address: None, elapsed_ms: 3000, outcome }];
        }
    }

    pub(super) fn captive_over_tls_fails(&mut self, kind: FailureKind) {
        let failure = Failure { phase: Phase::Tls, kind, detail: "as the test wants".to_owned() };
        let attempt = Attempt { address: None, elapsed_ms: 5, outcome: Outcome::Failed(failure) };
        self.seen.captive[1].attempts = vec![attempt];
    }

    pub(super) fn probe(&mut self, host: &str) -> &mut TlsProbe {
        self.seen.tls.iter_mut().find(|probe| probe.target.host == host).unwrap()
    }

    pub(super) fn judge_at(&self, now: Timestamp) -> Vec<CheckOutcome> {
        let recording = Recording::new(self.seen.clone(), self.settings.clone(), now);
        judge_under(&[self.public.anchor()], &recording).outcomes
    }
}

pub(super) fn refused() -> Fact<TrustVerdict> {
    Fact::known(TrustVerdict::Rejected { why: "unknown issuer".to_owned() })
}

pub(super) fn trusted_by(anchor: TrustAnchor) -> Fact<TrustVerdict> {
    Fact::known(TrustVerdict::Trusted { anchor, root_spki: None })
}

pub(super) fn answered<T>(answer: T) -> Vec<Attempt<T>> {
    let address = Some("192.0.2.7".parse().unwrap());
    vec![Attempt { address, elapsed_ms: 42, outcome: Outcome::Answered(answer) }]
}

pub(super) fn http(status: u16, location: Option<&str>, body: &[u8]) -> HttpAnswer {
    HttpAnswer {
        status,
        location: location.map(str::to_owned),
        body_sha256: Sha256::of(body),
        body_len: body.len() as u64,
        body_complete: true,
        handshake: None,
    }
}

pub(super) fn unproven(chain: Vec<Certificate>) -> Handshake {
    let why = "the signature is not by the leaf's key".to_owned();
    Handshake { possession: Possession::Unproven { why }, ..handshake(chain) }
}

fn timed_out() -> Failure {
    Failure { phase: Phase::Connect, kind: FailureKind::TimedOut, detail: "no answer in 3 s".to_owned() }
}

/// Everything that was judged, as detection, subject and verdict.
pub(super) fn found(outcomes: &[CheckOutcome]) -> Vec<(Detection, &str, Verdict)> {
    let judgements = outcomes.iter().flat_map(|outcome| &outcome.judgements);
    judgements.map(|judgement| (judgement.detection, judgement.subject.as_str(), judgement.verdict)).collect()
}

pub(super) fn outcome(outcomes: &[CheckOutcome], check: CheckId) -> &CheckOutcome {
    outcomes.iter().find(|outcome| outcome.check == check).unwrap()
}
