//! Trust in chains, under roots made for the test.

use std::sync::Arc;

use agent_core::model::{Fact, Sha256, Timestamp, TrustAnchor, TrustVerdict};
use agent_core::platform::Clock as _;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, PublicKeyData as _,
};
use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;

use super::Machine;
use crate::host::SystemClock;
use crate::host::trust::{evaluate, platform_verifier};

const HOST: &str = "mtd.example";
const YEAR_5000: Timestamp = Timestamp::from_unix(95_617_584_000);

struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn chain(&self) -> Vec<Vec<u8>> {
        let key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new(vec![HOST.to_owned()]).unwrap().signed_by(&key, &self.0).unwrap();
        vec![leaf.der().to_vec()]
    }

    fn pem(&self) -> String {
        self.0.pem()
    }

    fn spki(&self) -> Sha256 {
        Sha256::of(&self.0.key().subject_public_key_info())
    }

    /// A platform that trusts this authority.
    fn platform(&self) -> Result<Arc<dyn ServerCertVerifier>, rustls::Error> {
        let mut roots = RootCertStore::empty();
        roots.add(self.0.der().clone())?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        Ok(WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap())
    }
}

fn judge(machine: &Machine, authority: &Authority, host: &str) -> Fact<TrustVerdict> {
    evaluate(authority.platform(), &machine.files(), &authority.chain(), host, SystemClock.now())
}

fn trusted(anchor: TrustAnchor, root_spki: Option<Sha256>) -> Fact<TrustVerdict> {
    Fact::known(TrustVerdict::Trusted { anchor, root_spki })
}

#[test]
fn a_shipped_root_is_the_systems() {
    let authority = Authority::new("Shipped");
    let machine = Machine::new()
        .file("/usr/share/ca-certificates/mozilla/Other.crt", &Authority::new("Other").pem())
        .file("/usr/share/ca-certificates/mozilla/Shipped.crt", &authority.pem());
    assert_eq!(judge(&machine, &authority, HOST), trusted(TrustAnchor::System, Some(authority.spki())));
}

#[test]
fn a_root_that_the_administrator_added_is_told_as_such() {
    let authority = Authority::new("Inspection");
    let machine = Machine::new()
        .file("/usr/local/share/ca-certificates/readme.txt", "not a certificate")
        .file("/usr/local/share/ca-certificates/inspection.crt", &authority.pem());
    assert_eq!(judge(&machine, &authority, HOST), trusted(TrustAnchor::UserAdded, Some(authority.spki())));
}

#[test]
fn a_root_in_both_places_is_the_systems() {
    let authority = Authority::new("Both");
    let machine = Machine::new()
        .file("/usr/local/share/ca-certificates/both.crt", &authority.pem())
        .file("/usr/share/ca-certificates/both.crt", &authority.pem());
    assert_eq!(judge(&machine, &authority, HOST), trusted(TrustAnchor::System, Some(authority.spki())));
}

#[test]
fn an_added_root_that_only_shares_the_name_is_not_the_anchor() {
    let machine =
        Machine::new().file("/usr/local/share/ca-certificates/fake.crt", &Authority::new("Real").pem());
    assert_eq!(judge(&machine, &Authority::new("Real"), HOST), trusted(TrustAnchor::Untold, None));
}

#[test]
fn another_host_and_an_unknown_issuer_are_rejected() {
    let (authority, stranger) = (Authority::new("Known"), Authority::new("Stranger"));
    let machine = Machine::new().file("/usr/local/share/ca-certificates/stranger.crt", &stranger.pem());
    for verdict in [
        judge(&machine, &authority, "other.example"),
        judge(&machine, &authority, "not a host"),
        evaluate(authority.platform(), &machine.files(), &stranger.chain(), HOST, YEAR_5000),
        evaluate(authority.platform(), &machine.files(), &stranger.chain(), HOST, SystemClock.now()),
        evaluate(authority.platform(), &machine.files(), &[], HOST, SystemClock.now()),
        evaluate(authority.platform(), &machine.files(), &[b"garbage".to_vec()], HOST, SystemClock.now()),
    ] {
        let Fact::Known { value: TrustVerdict::Rejected { why } } = verdict else { panic!("{verdict:?}") };
        assert!(!why.is_empty());
    }
}

#[test]
fn a_chain_that_fails_by_its_dates_alone_is_out_of_date_under_its_root() {
    let authority = Authority::new("Known");
    let machine = Machine::new().file("/usr/share/ca-certificates/known.crt", &authority.pem());
    let verdict = evaluate(authority.platform(), &machine.files(), &authority.chain(), HOST, YEAR_5000);
    let Fact::Known { value: TrustVerdict::OutOfDate { anchor, root_spki, valid_at } } = verdict else {
        panic!("{verdict:?}")
    };
    assert_eq!((anchor, root_spki), (TrustAnchor::System, Some(authority.spki())));
    assert!(valid_at < YEAR_5000);
}

#[test]
fn a_machine_without_roots_has_no_opinion() {
    let verdict = evaluate(
        Err(rustls::Error::General("No CA certificates were loaded from the system".to_owned())),
        &Machine::new().files(),
        &Authority::new("Any").chain(),
        HOST,
        SystemClock.now(),
    );
    assert!(matches!(verdict, Fact::NotAvailable { .. }), "{verdict:?}");
}

#[test]
fn this_machine_does_not_trust_an_authority_made_a_moment_ago() {
    let chain = Authority::new("Made now").chain();
    let verdict = evaluate(platform_verifier(), &Machine::new().files(), &chain, HOST, SystemClock.now());
    assert!(!matches!(verdict, Fact::Known { value: TrustVerdict::Trusted { .. } }), "{verdict:?}");
}
