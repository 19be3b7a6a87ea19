//! Real chains of badssl.com, under Mozilla's real roots, each at a moment that matters to it.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use super::shared_data;
use crate::model::{CtLogList, Sha256, SpkiPin, Timestamp, TrustAnchor, TrustVerdict};
use crate::network::analyze::certificate::Contents;
use crate::network::analyze::chain::{Standing, Trust, judge};
use crate::network::observation::Certificate;
use crate::network::testing::handshake;
use crate::network::transparency::{Flaw, Logs, Subject, assess};

/// The first and the last second of the certificate of expired.badssl.com.
const EXPIRED_FROM: Timestamp = Timestamp::from_unix(1_428_537_600);
const EXPIRED_TO: Timestamp = Timestamp::from_unix(1_428_883_199);

const JANUARY_2015: i64 = 1_420_070_400;
const APRIL_2015: i64 = 1_428_667_200;
const JUNE_2016: i64 = 1_464_739_200;
const JULY_2017: i64 = 1_498_867_200;
const JULY_2019: i64 = 1_561_939_200;
const JUNE_2021: i64 = 1_622_505_600;
const JANUARY_2022: i64 = 1_640_995_200;

/// Files of the chain, host, moment, and who vouches. "DigiCert Global Root CA" has left Mozilla's list, so its
/// chains are vouched for by nobody.
const CASES: &[(&[&str], &str, i64, Standing)] = &[
    (&["wildcard-expired.pem"], "badssl.com", APRIL_2015, Standing::Genuine),
    (
        &["wildcard-expired.pem"],
        "expired.badssl.com",
        JULY_2019,
        Standing::OutOfDate { valid_at: EXPIRED_TO },
    ),
    (&["wildcard-expired.pem"], "badssl.com", JANUARY_2015, Standing::OutOfDate { valid_at: EXPIRED_FROM }),
    (&["wildcard-expired.pem"], "wrong.host.badssl.com", APRIL_2015, Standing::OtherName),
    (&["wildcard-expired.pem"], "wrong.host.badssl.com", JULY_2019, Standing::OtherName),
    (&["wildcard-self-signed.pem"], "self-signed.badssl.com", JULY_2017, Standing::Untrusted),
    (&["wildcard-self-signed.pem"], "self-signed.badssl.com", JULY_2019, Standing::Untrusted),
    (
        &["subdomain-superfish.pem", "ca-superfish.crt"],
        "superfish.badssl.com",
        JULY_2019,
        Standing::Untrusted,
    ),
    (
        &["subdomain-edellroot.pem", "ca-edellroot.crt"],
        "edellroot.badssl.com",
        JULY_2019,
        Standing::Untrusted,
    ),
    (
        &["subdomain-dsdtestprovider.pem", "ca-dsdtestprovider.crt"],
        "dsdtestprovider.badssl.com",
        JULY_2019,
        Standing::Untrusted,
    ),
    (&["ca-mitm-software.crt"], "badssl.com", JULY_2017, Standing::Untrusted),
    (&["ca-preact-cli.crt"], "localhost", JULY_2017, Standing::Untrusted),
    (&["ca-webpack-dev-server.crt"], "localhost", JULY_2017, Standing::Untrusted),
    (&["subdomain-1000-sans.pem"], "1000-sans.badssl.com", JUNE_2021, Standing::Untrusted),
    (&["subdomain-captive-portal.pem"], "login.captive-portal.badssl.com", JUNE_2021, Standing::Untrusted),
    (&["subdomain-no-sct.pem"], "no-sct.badssl.com", JANUARY_2022, Standing::Untrusted),
    (&["subdomain-revoked.pem"], "revoked.badssl.com", JANUARY_2022, Standing::Untrusted),
    (&["wildcard-ecc256.pem"], "ecc256.badssl.com", JUNE_2021, Standing::Untrusted),
    (&["wildcard-incomplete-chain.pem"], "incomplete-chain.badssl.com", JUNE_2021, Standing::Untrusted),
    (&["wildcard-sha1-2017.pem"], "sha1-2017.badssl.com", JUNE_2016, Standing::Untrusted),
];

#[test]
fn real_chains_stand_as_they_should() {
    let Some(folder) = shared_data("tls/badssl") else { return };
    let mut wrong = Vec::new();
    for (files, host, moment, expected) in CASES {
        let chain = chain(&folder, files);
        let trust = trust(&[], *moment);
        let judged = judge(&handshake(chain), host, None, &trust);
        let agrees = judged.standing == *expected;
        println!(
            "{} {files:?} for {host} at {}: {judged:?}",
            if agrees { "agrees" } else { "DIFFERS" },
            trust.now
        );
        if !agrees {
            wrong.push(files);
        }
    }
    println!("{} of {} agree", CASES.len() - wrong.len(), CASES.len());
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn roots_that_vendors_put_into_devices_are_seen_for_what_they_are() {
    let Some(folder) = shared_data("tls/badssl") else { return };
    let host = "edellroot.badssl.com";
    let chain = chain(&folder, &["subdomain-edellroot.pem", "ca-edellroot.crt"]);
    let added = TrustVerdict::Trusted { anchor: TrustAnchor::UserAdded, root_spki: None };
    let root = Contents::of(&chain[1]).unwrap().spki;

    let undeclared = judge(&handshake(chain.clone()), host, Some(&added), &trust(&[], JULY_2019));
    assert_eq!(undeclared.standing, Standing::DeviceOnly(TrustAnchor::UserAdded));
    let declared = judge(&handshake(chain), host, Some(&added), &trust(&[root], JULY_2019));
    assert_eq!(declared.standing, Standing::Inspected);
}

/// Files, and how many SCTs their leaf embeds, as `openssl x509 -text` shows them.
const SCTS: &[(&str, usize)] = &[
    ("subdomain-1000-sans.pem", 3),
    ("subdomain-captive-portal.pem", 3),
    ("subdomain-dsdtestprovider.pem", 0),
    ("subdomain-no-sct.pem", 0),
    ("subdomain-revoked.pem", 3),
    ("wildcard-ecc256.pem", 3),
    ("wildcard-expired.pem", 0),
    ("wildcard-incomplete-chain.pem", 3),
    ("wildcard-self-signed.pem", 0),
    ("wildcard-sha1-2017.pem", 0),
];

#[test]
fn the_scts_of_real_certificates_are_found_and_read() {
    let Some(folder) = shared_data("tls/badssl") else { return };
    let list = CtLogList { timestamp: Timestamp::from_unix(JUNE_2021), operators: Vec::new() };
    let logs = Logs::of(&list);
    for (file, expected) in SCTS {
        let leaf = chain(&folder, &[file]).swap_remove(0);
        let contents = Contents::of(&leaf).unwrap();
        let subject = Subject {
            leaf: leaf.as_der(),
            issuer_key: Sha256::of(b"no matter: the list has no log"),
            not_before: contents.not_before,
            not_after: contents.not_after,
        };
        let assessment = assess(&subject, &logs, list.timestamp);
        let read = assessment.scts.iter().filter(|sct| sct.vouching == Err(Flaw::UnknownLog));
        assert_eq!(read.count(), *expected, "{file}");
        assert_eq!(assessment.scts.len(), *expected, "{file}");
    }
}

fn trust(inspection: &[SpkiPin], moment: i64) -> Trust<'_> {
    Trust {
        public: webpki_roots::TLS_SERVER_ROOTS,
        private: &[],
        inspection,
        now: Timestamp::from_unix(moment),
    }
}

fn chain(folder: &std::path::Path, files: &[&str]) -> Vec<Certificate> {
    let certificates = files.iter().flat_map(|file| {
        let text = std::fs::read(folder.join(file)).unwrap();
        CertificateDer::pem_slice_iter(&text).map(Result::unwrap).collect::<Vec<_>>()
    });
    certificates.map(|certificate| Certificate::from_der(certificate.to_vec())).collect()
}
