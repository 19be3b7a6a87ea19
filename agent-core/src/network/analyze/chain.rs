//! Who vouches for one certificate chain.
//!
//! A chain is verified by webpki under three sets of anchors: the public roots, the organisation's own
//! authorities for this endpoint, and the roots under which the organisation inspects TLS. The last two are
//! known by the pin of their key: a certificate in the presented chain with that key is taken as the anchor, as
//! in RFC 7671, section 5.2 (DANE-TA(2) with selector SPKI(1)), so a server under such an authority must send
//! its certificate too. Where it does not, a platform that names the root it found will do.
//!
//! Every other name in a chain is the peer's own say and counts for nothing.

use std::time::Duration;

use rustls::pki_types::{CertificateDer, ServerName, TrustAnchor as Anchor, UnixTime};
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert, KeyUsage, anchor_from_trusted_cert, spki_for_anchor};

use super::certificate::Contents;
use crate::model::{Sha256, SpkiPin, Timestamp, TrustAnchor, TrustVerdict};
use crate::network::issuers::issuers;
use crate::network::limits::{MAX_CERTIFICATES, MAX_CHAIN_BYTES, MAX_OTHER_MOMENTS};
use crate::network::observation::{Certificate, Handshake, Possession};
use crate::network::words::plain;

/// What is believed of one endpoint.
pub(super) struct Trust<'a> {
    /// Roots of the public authorities.
    pub(super) public: &'a [Anchor<'a>],
    /// The organisation's own authorities for this endpoint.
    pub(super) private: &'a [SpkiPin],
    /// Roots under which the organisation inspects TLS.
    pub(super) inspection: &'a [SpkiPin],
    /// The moment of judgement.
    pub(super) now: Timestamp,
}

/// Who vouches for a chain: NETWORK.md, decision 6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// A public authority, or the organisation's own: what the endpoint should present.
    Genuine,
    /// An authority under which the organisation inspects TLS.
    Inspected,
    /// One of the above, at `valid_at` but not now.
    OutOfDate {
        /// The nearest moment at which the chain is valid.
        valid_at: Timestamp,
    },
    /// One of the above, for another host.
    OtherName,
    /// One of the above, but the peer did not prove that it holds the key.
    KeyNotProven,
    /// Only this device, by a root of this origin that no public list has.
    DeviceOnly(TrustAnchor),
    /// Nobody.
    Untrusted,
}

/// The judgement of one chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ChainJudgement {
    /// Who vouches for it.
    pub(super) standing: Standing,
    /// How: now or at another time, for this host or another. Absent where nobody vouches, or only this device.
    pub(super) path: Option<TrustPath>,
    /// What verification under the public roots says, in words.
    pub(super) public_verdict: String,
}

/// A path from the leaf to an anchor, on which every signature verifies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TrustPath {
    /// Whose anchor it ends at.
    pub(super) voucher: Voucher,
    /// SHA-256 of each SubjectPublicKeyInfo: the leaf's, its issuer's, and so on to the anchor's.
    pub(super) keys: Vec<Sha256>,
}

/// Whose anchors vouch for a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Voucher {
    /// The public authorities.
    Public,
    /// The organisation's own authorities for this endpoint.
    Private,
    /// The roots under which the organisation inspects TLS.
    Inspection,
}

/// Judges the chain of `handshake` for the host name `host`, with the platform's verdict where there is one.
pub(super) fn judge(
    handshake: &Handshake,
    host: &str,
    platform: Option<&TrustVerdict>,
    trust: &Trust<'_>,
) -> ChainJudgement {
    let Verified { candidates, public_verdict } = match verify(&handshake.chain, host, platform, trust) {
        Ok(verified) => verified,
        Err(why) => Verified { candidates: Vec::new(), public_verdict: format!("refused: {why}") },
    };
    let (standing, path) = match best(candidates) {
        Some((_, path)) if handshake.possession != Possession::Proven => (Standing::KeyNotProven, Some(path)),
        Some((standing, path)) => (standing, Some(path)),
        None => (standing_without_path(platform), None),
    };
    ChainJudgement { standing, path, public_verdict }
}

/// The best that can be said of a chain that somebody vouches for. Of equals the first is taken.
fn best(candidates: Vec<Candidate>) -> Option<(Standing, TrustPath)> {
    let standing = |candidate: &Candidate| match candidate {
        Candidate { name_fits: false, .. } => Standing::OtherName,
        Candidate { is_now: false, moment, .. } => Standing::OutOfDate { valid_at: *moment },
        Candidate { path: TrustPath { voucher: Voucher::Inspection, .. }, .. } => Standing::Inspected,
        Candidate { path: TrustPath { voucher: Voucher::Public | Voucher::Private, .. }, .. } => {
            Standing::Genuine
        }
    };
    let ranked = candidates.into_iter().map(|candidate| (standing(&candidate), candidate.path));
    ranked.min_by_key(|(standing, _)| match standing {
        Standing::Genuine => 0,
        Standing::Inspected => 1,
        Standing::OutOfDate { .. } => 2,
        _ => 3,
    })
}

const fn standing_without_path(platform: Option<&TrustVerdict>) -> Standing {
    match platform {
        Some(TrustVerdict::Trusted { anchor, .. } | TrustVerdict::OutOfDate { anchor, .. }) => {
            Standing::DeviceOnly(*anchor)
        }
        Some(TrustVerdict::Rejected { .. }) | None => Standing::Untrusted,
    }
}

/// A chain under each set of anchors.
struct Verified {
    /// The paths that were found.
    candidates: Vec<Candidate>,
    /// What verification under the public roots says, in words.
    public_verdict: String,
}

/// A path that was found.
struct Candidate {
    path: TrustPath,
    /// When it is valid.
    moment: Timestamp,
    /// Whether that is the moment of judgement.
    is_now: bool,
    name_fits: bool,
}

fn verify(
    presented: &[Certificate],
    host: &str,
    platform: Option<&TrustVerdict>,
    trust: &Trust<'_>,
) -> Result<Verified, String> {
    let chain = kept(presented);
    let (leaf, others) = chain.split_first().ok_or("no certificate was presented")?;
    let leaf = EndEntityCert::try_from(leaf).map_err(|error| words(&error))?;
    let others = &issuers(others);
    let name_fits =
        ServerName::try_from(host).is_ok_and(|name| leaf.verify_is_valid_for_subject_name(&name).is_ok());
    let moments = other_moments(presented, trust.now);
    let look = |voucher: Voucher, anchors: &[Anchor<'_>]| {
        let (moment, keys) = path(&leaf, others, anchors, trust.now, &moments)?;
        let path = TrustPath { voucher, keys };
        Ok(Candidate { path, moment, is_now: moment == trust.now, name_fits })
    };
    let public = look(Voucher::Public, trust.public);
    let public_verdict = public_verdict(&public, name_fits);
    let private = look(Voucher::Private, &pinned(others, trust.private));
    let inspection = look(Voucher::Inspection, &pinned(others, trust.inspection));
    // A moment that a canary signed stands for the device's clock: what the platform calls out of date may be valid.
    let is_current = is_current(presented, trust.now);
    let by_platform = by_platform(&leaf, others, platform, is_current, trust);
    let found = [public, private, inspection].into_iter().flatten().chain(by_platform);
    Ok(Verified { candidates: found.collect(), public_verdict })
}

fn public_verdict(public: &Result<Candidate, String>, name_fits: bool) -> String {
    let name = if name_fits { "" } else { ", but not for this host" };
    match public {
        Ok(Candidate { is_now: true, .. }) => format!("valid{name}"),
        Ok(Candidate { moment, .. }) => format!("valid at {moment}, not now{name}"),
        Err(why) => format!("refused: {why}"),
    }
}

/// The path that the platform found, if it ends at a root that the organisation declared.
fn by_platform(
    leaf: &EndEntityCert<'_>,
    others: &[CertificateDer<'_>],
    platform: Option<&TrustVerdict>,
    is_current: bool,
    trust: &Trust<'_>,
) -> Option<Candidate> {
    let (root, moment) = match platform? {
        TrustVerdict::Trusted { root_spki, .. } => (*root_spki, trust.now),
        TrustVerdict::OutOfDate { root_spki, .. } if is_current => (*root_spki, trust.now),
        TrustVerdict::OutOfDate { root_spki, valid_at, .. } => (*root_spki, *valid_at),
        TrustVerdict::Rejected { .. } => return None,
    };
    let root = root?;
    let pin = SpkiPin::from_digest(root);
    let voucher = match (trust.private.contains(&pin), trust.inspection.contains(&pin)) {
        (true, _) => Voucher::Private,
        (false, true) => Voucher::Inspection,
        (false, false) => return None,
    };
    let mut keys = linked(leaf, others, moment);
    if keys.last() != Some(&root) {
        keys.push(root);
    }
    let is_now = moment == trust.now;
    Some(Candidate { path: TrustPath { voucher, keys }, moment, is_now, name_fits: true })
}

/// The keys from the leaf up to the farthest of `others` to which signatures lead: servers send those in order.
fn linked(leaf: &EndEntityCert<'_>, others: &[CertificateDer<'_>], moment: Timestamp) -> Vec<Sha256> {
    let farthest = others.iter().rev().find_map(|certificate| {
        let anchor = anchor_from_trusted_cert(certificate).ok()?;
        check(leaf, others, &[anchor], moment).ok()
    });
    farthest.unwrap_or_else(|| vec![Sha256::of(&leaf.subject_public_key_info())])
}

/// The part of a chain that is looked at.
fn kept(chain: &[Certificate]) -> Vec<CertificateDer<'_>> {
    let mut room = MAX_CHAIN_BYTES;
    let fitting = chain.iter().take(MAX_CERTIFICATES).map_while(|certificate| {
        room = room.checked_sub(certificate.as_der().len())?;
        Some(CertificateDer::from(certificate.as_der()))
    });
    fitting.collect()
}

/// The certificates among `others` that one of `pins` makes an anchor.
fn pinned<'a>(others: &'a [CertificateDer<'a>], pins: &[SpkiPin]) -> Vec<Anchor<'a>> {
    let anchors = others.iter().filter_map(|certificate| anchor_from_trusted_cert(certificate).ok());
    anchors.filter(|anchor| pins.contains(&SpkiPin::of_spki(&spki_for_anchor(anchor)))).collect()
}

/// Looks for a path now, and at one of `moments` where only a date is in the way: when it is valid, and its keys.
///
/// Without the second look an interceptor could pass for a wrong clock by a forged certificate that has expired.
fn path(
    leaf: &EndEntityCert<'_>,
    others: &[CertificateDer<'_>],
    anchors: &[Anchor<'_>],
    now: Timestamp,
    moments: &[Timestamp],
) -> Result<(Timestamp, Vec<Sha256>), String> {
    let mut why = match check(leaf, others, anchors, now) {
        Ok(keys) => return Ok((now, keys)),
        Err(error) => error,
    };
    for moment in moments {
        if !is_about_dates(&why) {
            break;
        }
        match check(leaf, others, anchors, *moment) {
            Ok(keys) => return Ok((*moment, keys)),
            Err(error) => why = error,
        }
    }
    Err(words(&why))
}

/// The keys of the path from `leaf` to one of `anchors`, leaf first.
fn check(
    leaf: &EndEntityCert<'_>,
    others: &[CertificateDer<'_>],
    anchors: &[Anchor<'_>],
    moment: Timestamp,
) -> Result<Vec<Sha256>, webpki::Error> {
    let seconds = u64::try_from(moment.unix()).unwrap_or(0);
    let time = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
    let path = leaf.verify_for_usage(
        ALL_VERIFICATION_ALGS,
        anchors,
        others,
        time,
        KeyUsage::server_auth(),
        None,
        None,
    )?;
    let between = path.intermediate_certificates().map(|certificate| certificate.subject_public_key_info());
    let keys = std::iter::once(leaf.subject_public_key_info())
        .chain(between)
        .chain(std::iter::once(spki_for_anchor(path.anchor())));
    Ok(keys.map(|spki| Sha256::of(&spki)).collect())
}

/// Whether `moment` lies within the dates of every certificate that was presented.
fn is_current(chain: &[Certificate], moment: Timestamp) -> bool {
    chain.iter().take(MAX_CERTIFICATES).all(|certificate| {
        Contents::of(certificate)
            .is_some_and(|contents| (contents.not_before..=contents.not_after).contains(&moment))
    })
}

/// Moments at which the leaf is valid and something in the chain begins or ends to be, nearest first.
fn other_moments(chain: &[Certificate], now: Timestamp) -> Vec<Timestamp> {
    let contents: Vec<_> = chain.iter().take(MAX_CERTIFICATES).map(Contents::of).collect();
    let Some(Some(leaf)) = contents.first() else { return Vec::new() };
    let mut moments: Vec<_> = contents
        .iter()
        .flatten()
        .flat_map(|contents| [contents.not_before, contents.not_after])
        .filter(|moment| (leaf.not_before..=leaf.not_after).contains(moment))
        .collect();
    moments.sort_by_key(|moment| (moment.unix().abs_diff(now.unix()), *moment));
    moments.dedup();
    moments.truncate(MAX_OTHER_MOMENTS);
    moments
}

const fn is_about_dates(error: &webpki::Error) -> bool {
    matches!(error, webpki::Error::CertExpired { .. } | webpki::Error::CertNotValidYet { .. })
}

fn words(error: &webpki::Error) -> String {
    use webpki::Error;
    let known = match error {
        Error::UnknownIssuer => "issued by an authority that it does not know",
        Error::CertExpired { .. } => "expired",
        Error::CertNotValidYet { .. } => "not valid yet",
        Error::InvalidSignatureForPublicKey => "a signature in the chain does not verify",
        Error::UnsupportedSignatureAlgorithmContext(_)
        | Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => {
            "a signature in the chain is of a kind or under a key that is not taken"
        }
        Error::PathLenConstraintViolated => "an authority in the chain may not have others below it",
        Error::CaUsedAsEndEntity => "an authority's certificate stands in for a server's",
        Error::UnsupportedCertVersion => "not an X.509 version 3 certificate",
        Error::BadDer | Error::BadDerTime | Error::TrailingData(_) => "not a readable certificate",
        other => return plain(&format!("{other:?}")),
    };
    known.to_owned()
}
