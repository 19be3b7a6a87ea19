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
use crate::model::{SpkiPin, Timestamp, TrustAnchor, TrustVerdict};
use crate::network::candidates::candidates;
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
    /// What verification under the public roots says, in words.
    pub(super) public_verdict: String,
}

/// Judges the chain of `handshake` for the host name `host`, with the platform's verdict where there is one.
pub(super) fn judge(
    handshake: &Handshake,
    host: &str,
    platform: Option<&TrustVerdict>,
    trust: &Trust<'_>,
) -> ChainJudgement {
    let verified = verify(&handshake.chain, host, trust);
    // A moment that a canary signed stands for the device's clock: what the platform calls out of date may be valid.
    let is_current = is_current(&handshake.chain, trust.now);
    let standing = match standing(&verified, platform, is_current, trust) {
        Standing::Genuine | Standing::Inspected | Standing::OutOfDate { .. } | Standing::OtherName
            if handshake.possession != Possession::Proven =>
        {
            Standing::KeyNotProven
        }
        standing => standing,
    };
    ChainJudgement { standing, public_verdict: verified.public_verdict() }
}

fn standing(
    verified: &Verified,
    platform: Option<&TrustVerdict>,
    is_current: bool,
    trust: &Trust<'_>,
) -> Standing {
    let Verified { public, private, inspection, name_fits } = verified;
    let (rooted_in_private, rooted_in_inspection) =
        (is_rooted_in(trust.private, platform), is_rooted_in(trust.inspection, platform));
    let out_of_date = match platform {
        Some(TrustVerdict::OutOfDate { valid_at, .. }) if !is_current => Some(*valid_at),
        _ => None,
    };
    if (*name_fits && (public.is_now() || private.is_now())) || (rooted_in_private && out_of_date.is_none()) {
        return Standing::Genuine;
    }
    if (*name_fits && inspection.is_now()) || (rooted_in_inspection && out_of_date.is_none()) {
        return Standing::Inspected;
    }
    if let Some(valid_at) = out_of_date.filter(|_| rooted_in_private || rooted_in_inspection) {
        return Standing::OutOfDate { valid_at };
    }
    let vouched_for = [public, private, inspection].into_iter().find_map(|path| match path {
        Path::Now => Some(trust.now),
        Path::At(moment) => Some(*moment),
        Path::No(_) => None,
    });
    match (vouched_for, platform) {
        (Some(valid_at), _) if *name_fits => Standing::OutOfDate { valid_at },
        (Some(_), _) => Standing::OtherName,
        (None, Some(TrustVerdict::Trusted { anchor, .. } | TrustVerdict::OutOfDate { anchor, .. })) => {
            Standing::DeviceOnly(*anchor)
        }
        (None, Some(TrustVerdict::Rejected { .. }) | None) => Standing::Untrusted,
    }
}

/// Whether the platform found a path to a root with one of `pins`, valid now or at another time.
fn is_rooted_in(pins: &[SpkiPin], platform: Option<&TrustVerdict>) -> bool {
    match platform {
        Some(
            TrustVerdict::Trusted { root_spki: Some(spki), .. }
            | TrustVerdict::OutOfDate { root_spki: Some(spki), .. },
        ) => pins.contains(&SpkiPin::from_digest(*spki)),
        _ => false,
    }
}

/// A chain under each set of anchors.
struct Verified {
    public: Path,
    private: Path,
    inspection: Path,
    name_fits: bool,
}

/// Whether a path leads from the leaf to an anchor, and when.
enum Path {
    Now,
    At(Timestamp),
    No(String),
}

impl Path {
    const fn is_now(&self) -> bool {
        matches!(self, Self::Now)
    }
}

impl Verified {
    /// What verification under the public roots says, in words.
    fn public_verdict(&self) -> String {
        let name = if self.name_fits { "" } else { ", but not for this host" };
        match &self.public {
            Path::Now => format!("valid{name}"),
            Path::At(moment) => format!("valid at {moment}, not now{name}"),
            Path::No(why) => format!("refused: {why}"),
        }
    }

    fn refused(why: &str) -> Self {
        let no = || Path::No(why.to_owned());
        Self { public: no(), private: no(), inspection: no(), name_fits: false }
    }
}

fn verify(presented: &[Certificate], host: &str, trust: &Trust<'_>) -> Verified {
    let chain = kept(presented);
    let Some((leaf_der, others)) = chain.split_first() else {
        return Verified::refused("no certificate was presented");
    };
    let leaf = match EndEntityCert::try_from(leaf_der) {
        Ok(leaf) => leaf,
        Err(error) => return Verified::refused(&words(&error)),
    };
    let others = &candidates(others);
    let moments = other_moments(presented, trust.now);
    let path = |anchors: &[Anchor<'_>]| path(&leaf, others, anchors, trust.now, &moments);
    Verified {
        public: path(trust.public),
        private: path(&pinned(others, trust.private)),
        inspection: path(&pinned(others, trust.inspection)),
        name_fits: ServerName::try_from(host)
            .is_ok_and(|name| leaf.verify_is_valid_for_subject_name(&name).is_ok()),
    }
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

/// Looks for a path now, and at one of `moments` where only a date is in the way.
///
/// Without the second look an interceptor could pass for a wrong clock by a forged certificate that has expired.
fn path(
    leaf: &EndEntityCert<'_>,
    others: &[CertificateDer<'_>],
    anchors: &[Anchor<'_>],
    now: Timestamp,
    moments: &[Timestamp],
) -> Path {
    let mut why = match check(leaf, others, anchors, now) {
        Ok(()) => return Path::Now,
        Err(error) => error,
    };
    for moment in moments {
        if !is_about_dates(&why) {
            break;
        }
        match check(leaf, others, anchors, *moment) {
            Ok(()) => return Path::At(*moment),
            Err(error) => why = error,
        }
    }
    Path::No(words(&why))
}

fn check(
    leaf: &EndEntityCert<'_>,
    others: &[CertificateDer<'_>],
    anchors: &[Anchor<'_>],
    moment: Timestamp,
) -> Result<(), webpki::Error> {
    let seconds = u64::try_from(moment.unix()).unwrap_or(0);
    let time = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
    leaf.verify_for_usage(ALL_VERIFICATION_ALGS, anchors, others, time, KeyUsage::server_auth(), None, None)?;
    Ok(())
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
        Error::InvalidSignatureForPublicKey => "a signature in the chain is forged",
        Error::CaUsedAsEndEntity => "an authority's certificate stands in for a server's",
        Error::UnsupportedCertVersion => "not an X.509 version 3 certificate",
        Error::BadDer | Error::BadDerTime | Error::TrailingData(_) => "not a readable certificate",
        other => return plain(&format!("{other:?}")),
    };
    known.to_owned()
}
