//! A certificate chain of arbitrary DER, judged with and without the organisation's own authority.

#![no_main]

use agent_core::model::{
    CheckId, Fact, NetworkSettings, NetworkSnapshot, TrustAnchor, TrustVerdict, Verdict,
};
use agent_core::network::observation::{
    Attempt, Handshake, Observations, Outcome, Possession, Target, TlsProbe,
};
use agent_core::network::{Recording, judge};
use mtd_fuzz::{NOW, certificates, settings};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((platform, bytes)) = bytes.split_first() else { return };
    let mut endpoint = settings().endpoints.remove(0);
    let handshake = Handshake {
        chain: certificates(bytes),
        certificates_dropped: 0,
        possession: Possession::Proven,
        version: None,
        alpn: None,
        interrupted: None,
    };
    let probe = TlsProbe {
        target: Target::from(&endpoint),
        attempts: vec![Attempt { address: None, elapsed_ms: 1, outcome: Outcome::Answered(handshake) }],
        fallback: None,
        platform: platform_verdict(*platform),
    };
    let seen =
        Observations { tls: vec![probe], ..Observations::of(NetworkSnapshot::not_available("fuzzing")) };
    for private_anchors in [endpoint.private_anchors.clone(), Vec::new()] {
        let is_public_only = private_anchors.is_empty();
        endpoint.private_anchors = private_anchors;
        let settings = NetworkSettings { endpoints: vec![endpoint.clone()], ..NetworkSettings::default() };
        let outcomes = judge(&Recording::new(seen.clone(), settings, NOW)).outcomes;
        let chain = outcomes.iter().find(|outcome| outcome.check == CheckId::TlsChain);
        let verdict = chain.expect("every check has an outcome").verdict();
        // Nobody finds a public authority's signature by trial.
        assert!(!is_public_only || verdict != Verdict::Clean, "{chain:?}");
    }
});

fn platform_verdict(choice: u8) -> Option<Fact<TrustVerdict>> {
    let trusted = |anchor| TrustVerdict::Trusted { anchor, root_spki: None };
    match choice % 5 {
        0 => None,
        1 => Some(Fact::known(TrustVerdict::Rejected { why: "unknown issuer".to_owned() })),
        2 => Some(Fact::known(trusted(TrustAnchor::System))),
        3 => Some(Fact::known(trusted(TrustAnchor::UserAdded))),
        _ => Some(Fact::known(TrustVerdict::OutOfDate {
            anchor: TrustAnchor::System,
            root_spki: None,
            valid_at: NOW.plus_seconds(-86_400),
        })),
    }
}
