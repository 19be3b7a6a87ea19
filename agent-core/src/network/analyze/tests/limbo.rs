//! The x509-limbo cases, each under the roots that it trusts, and why this project judges some of them otherwise.
//!
//! A case agrees when a chain that limbo calls a success stands as genuine, and one that it calls a failure does not.
//! The peer is taken to hold its key, since limbo has no handshakes. Names are of the two kinds that a probe has, DNS
//! and IP address. [`DIFFERENCES`] is complete: a case that differs and is not in it fails the test, as does one that
//! is in it and agrees.

use std::collections::{BTreeMap, BTreeSet};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde::Deserialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::shared_data;
use crate::model::{SpkiPin, Timestamp};
use crate::network::analyze::chain::{ChainJudgement, Standing, Trust, judge};
use crate::network::observation::Certificate;
use crate::network::testing::{NOW, handshake};

/// Cases that are judged otherwise than limbo wants, by what is said of them here, and the reason.
const DIFFERENCES: &[Difference] = &[
    Difference {
        here: Said::Accepted,
        why: "no depth of a chain is configured: webpki takes six intermediates, and the limits of this module \
              sixteen certificates; who signs is what counts",
        cases: &["pathlen::max-chain-depth-0-exhausted", "pathlen::max-chain-depth-1-exhausted"],
    },
    Difference {
        here: Said::Accepted,
        why: "an anchor is a name, a key and name constraints (RFC 5280, section 6.1.1 (d)): what else its own \
              certificate holds was for Mozilla to refuse, and is not in the list that is shipped",
        cases: &[
            "webpki::aki::root-with-aki-all-fields",
            "webpki::aki::root-with-aki-authoritycertissuer",
            "webpki::aki::root-with-aki-authoritycertserialnumber",
            "webpki::aki::root-with-aki-missing-keyidentifier",
            "webpki::aki::root-with-aki-ski-mismatch",
            "webpki::eku::root-has-eku",
        ],
    },
    Difference {
        here: Said::Accepted,
        why: "the common name is never read as a host (RFC 9525, section 2): the alternative names fit, and an odd \
              common name beside them, which an issuer should not have signed, leads nobody elsewhere",
        cases: &[
            "webpki::cn::case-mismatch",
            "webpki::cn::ipv4-hex-mismatch",
            "webpki::cn::ipv4-leading-zeros-mismatch",
            "webpki::cn::ipv6-non-rfc5952-mismatch",
            "webpki::cn::ipv6-uncompressed-mismatch",
            "webpki::cn::ipv6-uppercase-mismatch",
            "webpki::cn::not-in-san",
            "webpki::cn::punycode-not-in-san",
            "webpki::cn::utf8-vs-punycode-mismatch",
        ],
    },
    Difference {
        here: Said::Accepted,
        why: "usable for TLS servers under RFC 5280, section 4.2.1.12: the forms that only the CA/Browser Forum \
              forbids are an issuer's fault, and the organisation's own authorities may use them",
        cases: &["webpki::eku::ee-anyeku", "webpki::eku::ee-critical-eku", "webpki::eku::ee-without-eku"],
    },
    Difference {
        here: Said::Accepted,
        why: "a name constraint that constrains nothing: only the authority above could have left it empty, and it \
              could as well have left it out",
        cases: &[
            "webpki::nc::intermediate-permitted-excluded-subtrees-both-empty-sequences",
            "webpki::nc::intermediate-permitted-excluded-subtrees-both-null",
        ],
    },
    Difference {
        here: Said::Accepted,
        why: "webpki knows no list of public suffixes; no public authority may issue such a name, and whoever got one \
              all the same fails at a canary, whose session cannot be bound",
        cases: &[
            "webpki::san::public-suffix-multi-label-wildcard-san",
            "webpki::san::public-suffix-private-namespace-wildcard-san",
        ],
    },
    Difference {
        here: Said::Accepted,
        why: "a form that only the CA/Browser Forum forbids, and that changes neither the names, the key nor who \
              signed: whether alternative names are critical, and where to fetch the issuer, which is not fetched",
        cases: &["webpki::malformed-aia", "webpki::san::san-critical-with-nonempty-subject"],
    },
    Difference {
        here: Said::Accepted,
        why: "the leaf's key signs nothing but the handshake, and is refused there: none but RSA of 2048 to 8192 bits, \
              P-256, P-384 and Ed25519 proves itself, so in a scan the standing is KeyNotProven",
        cases: &[
            "webpki::forbidden-dsa-leaf",
            "webpki::forbidden-p192-leaf",
            "webpki::forbidden-weak-rsa-in-leaf",
        ],
    },
    Difference {
        here: Said::Accepted,
        why: "2052 bits are no weaker than 2048: that a length be divisible by eight is a rule for issuers",
        cases: &[
            "webpki::forbidden-rsa-key-not-divisible-by-8-in-leaf",
            "webpki::forbidden-rsa-not-divisible-by-8-in-root",
        ],
    },
    Difference {
        here: Said::Refused,
        why: "webpki takes no certificate of an authority for a server's; the CA/Browser Forum forbids it too \
              (limbo's own webpki::ca-as-leaf)",
        cases: &["pathlen::validation-ignores-pathlen-in-leaf"],
    },
    Difference {
        here: Said::Refused,
        why: "webpki counts self-issued authorities against a path length, which RFC 5280, section 4.2.1.9, does not: \
              refused is the side on which a false alarm is seen and mended, by sending the chain without the old \
              certificate",
        cases: &["pathlen::self-issued-certs-pathlen"],
    },
];

struct Difference {
    here: Said,
    why: &'static str,
    cases: &'static [&'static str],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    Accepted,
    Refused,
}

#[test]
fn each_case_is_judged_as_limbo_wants_or_for_a_reason() {
    let Some(cases) = cases() else { return };
    let known =
        DIFFERENCES.iter().flat_map(|difference| difference.cases.iter().map(move |id| (*id, difference)));
    let known: BTreeMap<_, _> = known.collect();
    let (mut agreeing, mut unexplained, mut differing) = (0, Vec::new(), BTreeSet::new());
    for case in &cases {
        let judged = case.judged_publicly();
        let here = said(&judged);
        let ChainJudgement { standing, public_verdict, .. } = judged;
        let line = format!(
            "{}: limbo {:?}, here {here:?} ({standing:?}, {public_verdict})",
            case.id,
            case.expected()
        );
        if here == case.expected() {
            println!("agrees   {line}");
            agreeing += 1;
            continue;
        }
        differing.insert(case.id.as_str());
        match known.get(case.id.as_str()).filter(|difference| difference.here == here) {
            Some(difference) => println!("differs  {line}\n         because {}", difference.why),
            None => {
                println!("DIFFERS  {line}");
                unexplained.push(line);
            }
        }
    }
    println!(
        "{agreeing} of {} agree, {} differ for a reason",
        cases.len(),
        differing.len() - unexplained.len()
    );
    assert!(unexplained.is_empty(), "{unexplained:#?}");
    assert_eq!(known.keys().copied().collect::<BTreeSet<_>>(), differing);
}

/// An authority that the organisation pins vouches for what it would vouch for as a public one, and no more.
#[test]
fn a_pinned_authority_is_judged_as_a_public_one_is() {
    let Some(cases) = cases() else { return };
    for case in &cases {
        let (publicly, privately) = (case.judged_publicly().standing, case.judged_privately().standing);
        assert_eq!(publicly, privately, "{}", case.id);
    }
}

fn said(judged: &ChainJudgement) -> Said {
    if judged.standing == Standing::Genuine { Said::Accepted } else { Said::Refused }
}

#[derive(Deserialize)]
struct Limbo {
    testcases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    id: String,
    trusted_certs: Vec<String>,
    untrusted_intermediates: Vec<String>,
    peer_certificate: String,
    /// RFC 3339; absent where limbo means any time in 1970 to 2969.
    validation_time: Option<String>,
    expected_result: String,
    expected_peer_name: PeerName,
}

#[derive(Deserialize)]
struct PeerName {
    value: String,
}

impl Case {
    fn expected(&self) -> Said {
        match self.expected_result.as_str() {
            "SUCCESS" => Said::Accepted,
            "FAILURE" => Said::Refused,
            other => panic!("{}: expected_result {other}", self.id),
        }
    }

    fn judged_publicly(&self) -> ChainJudgement {
        let trusted: Vec<_> = self.trusted_certs.iter().map(|pem| der(pem)).collect();
        let anchors: Vec<_> =
            trusted.iter().map(|der| webpki::anchor_from_trusted_cert(der).unwrap()).collect();
        let trust = Trust { public: &anchors, private: &[], inspection: &[], now: self.moment() };
        judge(&handshake(self.presented()), &self.expected_peer_name.value, None, &trust)
    }

    /// With the trusted certificates at the end of the chain, and their keys pinned.
    fn judged_privately(&self) -> ChainJudgement {
        let trusted: Vec<_> = self.trusted_certs.iter().map(|pem| der(pem)).collect();
        let pin =
            |der| SpkiPin::of_spki(&webpki::spki_for_anchor(&webpki::anchor_from_trusted_cert(der).unwrap()));
        let pins: Vec<_> = trusted.iter().map(pin).collect();
        let sent = trusted.iter().map(|der| Certificate::from_der(der.to_vec()));
        let chain = self.presented().into_iter().chain(sent).collect();
        let trust = Trust { public: &[], private: &pins, inspection: &[], now: self.moment() };
        judge(&handshake(chain), &self.expected_peer_name.value, None, &trust)
    }

    fn presented(&self) -> Vec<Certificate> {
        let chain = [&self.peer_certificate].into_iter().chain(&self.untrusted_intermediates);
        chain.map(|pem| Certificate::from_der(der(pem).to_vec())).collect()
    }

    fn moment(&self) -> Timestamp {
        let Some(text) = &self.validation_time else { return NOW };
        Timestamp::from_unix(OffsetDateTime::parse(text, &Rfc3339).unwrap().unix_timestamp())
    }
}

fn der(pem: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()
}

fn cases() -> Option<Vec<Case>> {
    let text = std::fs::read(shared_data("tls/x509-limbo-subset.json")?).unwrap();
    let limbo: Limbo = serde_json::from_slice(&text).unwrap();
    Some(limbo.testcases)
}
