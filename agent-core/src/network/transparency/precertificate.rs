//! What a log signed when it signed an SCT that is now in the certificate: the certificate without its SCTs.
//!
//! RFC 6962, section 3.2: the TBSCertificate of the certificate less the extension of the SCT list. Every other byte
//! stays as it is; three lengths around the extension shrink.

use super::der::{Element, encode};

/// 1.3.6.1.4.1.11129.2.4.2, the extension with the SCT list (RFC 6962, section 3.3).
const SCT_LIST: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0xd6, 0x79, 0x02, 0x04, 0x02];

const SEQUENCE: u8 = 0x30;
const OCTET_STRING: u8 = 0x04;
const OBJECT_IDENTIFIER: u8 = 0x06;

/// `extensions [3] EXPLICIT` of a TBSCertificate.
const EXTENSIONS: u8 = 0xa3;

/// A certificate, and its SCT list apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Precertificate<'a> {
    /// The TBSCertificate that the logs signed.
    pub(super) tbs: Vec<u8>,
    /// The SignedCertificateTimestampList.
    pub(super) scts: &'a [u8],
}

impl<'a> Precertificate<'a> {
    /// Cuts the SCT list out of `certificate`. `None` if there is none, more than one, or no certificate.
    pub(super) fn of(certificate: &'a [u8]) -> Option<Self> {
        let certificate = Element::only(certificate)?.tagged(SEQUENCE)?;
        let tbs = Element::all(certificate.content)?.into_iter().next()?.tagged(SEQUENCE)?;
        let mut scts = None;
        let mut fields = Vec::with_capacity(tbs.content.len());
        for field in Element::all(tbs.content)? {
            if field.tag != EXTENSIONS {
                fields.extend(field.whole);
                continue;
            }
            let (kept, list) = without_scts(field.content)?;
            if scts.replace(list).is_some() {
                return None;
            }
            if !kept.is_empty() {
                fields.extend(encode(EXTENSIONS, &encode(SEQUENCE, &kept)));
            }
        }
        Some(Self { tbs: encode(SEQUENCE, &fields), scts: scts? })
    }
}

/// The extensions but that with the SCT list, and the list.
fn without_scts(extensions: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let extensions = Element::only(extensions)?.tagged(SEQUENCE)?;
    let (lists, others): (Vec<_>, Vec<_>) =
        Element::all(extensions.content)?.into_iter().partition(is_sct_list);
    let [list] = lists.as_slice() else { return None };
    // The extension's value is DER itself: an OCTET STRING within that of every extension.
    let value = Element::all(list.content)?.pop()?.tagged(OCTET_STRING)?;
    let list = Element::only(value.content)?.tagged(OCTET_STRING)?;
    Some((others.iter().flat_map(|extension| extension.whole).copied().collect(), list.content))
}

fn is_sct_list(extension: &Element<'_>) -> bool {
    let fields = extension.tagged(SEQUENCE).and_then(|extension| Element::all(extension.content));
    fields.unwrap_or_default().first().is_some_and(|id| id.tag == OBJECT_IDENTIFIER && id.content == SCT_LIST)
}
