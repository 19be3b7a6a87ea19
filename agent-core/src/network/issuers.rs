//! Which certificates of a chain a verifier is given as possible issuers.
//!
//! A verifier looks for a path by names and only then at signatures. Of fifteen certificates with one name and
//! different keys it tries every order, in hundreds of thousands of steps, which takes about a second.

use std::collections::BTreeMap;

use rustls::pki_types::CertificateDer;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::limits::{MAX_CERTIFICATES, MAX_SAME_SUBJECT};

/// The certificates among `others`, those after the leaf, that are worth trying: each once, the first few of a name.
pub(crate) fn issuers<'a>(others: &'a [CertificateDer<'a>]) -> Vec<CertificateDer<'a>> {
    let mut kept: Vec<CertificateDer<'a>> = Vec::new();
    let mut by_subject: BTreeMap<Option<Vec<u8>>, usize> = BTreeMap::new();
    for certificate in others.iter().take(MAX_CERTIFICATES) {
        if kept.contains(certificate) {
            continue;
        }
        // What cannot be read has one name too: another reader might.
        let of_subject = by_subject.entry(subject(certificate)).or_default();
        *of_subject += 1;
        if *of_subject <= MAX_SAME_SUBJECT {
            kept.push(CertificateDer::from(certificate.as_ref()));
        }
    }
    kept
}

fn subject(certificate: &CertificateDer<'_>) -> Option<Vec<u8>> {
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    Some(parsed.subject().as_raw().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::testing::{Authority, Dates, self_signed};

    #[test]
    fn of_one_name_the_first_few_are_kept_each_once() {
        let root = Authority::new("Root", 1);
        let mut others = Vec::new();
        for seed in [20, 21, 22, 23] {
            let cross = root.subordinate("Cross", seed, Dates::CURRENT).chain("a.example", Dates::CURRENT);
            others.extend([cross[1].clone(), cross[1].clone()]);
        }
        others.extend(self_signed("b.example"));
        let others: Vec<_> = others.iter().map(|each| CertificateDer::from(each.as_der())).collect();
        let expected = [others[0].clone(), others[2].clone(), others[8].clone()];
        assert_eq!(issuers(&others), expected);
    }

    #[test]
    fn what_cannot_be_read_counts_as_one_name() {
        let others: Vec<_> = (0..9_u8).map(|byte| CertificateDer::from(vec![byte])).collect();
        assert_eq!(issuers(&others).len(), MAX_SAME_SUBJECT);
    }
}
