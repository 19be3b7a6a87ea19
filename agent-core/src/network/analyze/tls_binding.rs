//! The binding check: is the TLS session that reached the canary the one that began here?
//!
//! The canary signs, over this device's nonce, the exporter and the ClientHello of the session that reached it. Other
//! values than this device's prove that somebody terminates TLS in between, whatever their certificate chains to. No
//! valid reply proves nothing: who forges, replays or withholds it makes the check come to no result.
//!
//! Where the session that began here ends under a root that only the device's system vouches for, the same proof tells
//! that the trust store is compromised: the device itself must be restored, and another network does not help.
//!
//! A session that the organisation inspects under a declared root cannot be bound either: that is managed inspection,
//! as the chain check says.

use rustls::pki_types::TrustAnchor as Anchor;

use super::canary::{self, Canary, Tally};
use super::chain::Standing;
use super::clock::Clock;
use super::sighting::{Session, Sighting};
use crate::canary::{REPLY_HEADER, TlsReply};
use crate::model::{CheckId, CheckOutcome, Detection, Judgement, NetworkSettings, Timestamp, Verdict};
use crate::network::observation::{CanaryProbe, Outcome, TlsExchange, failure};
use crate::network::response::Response;

/// One canary: its chain, and whether the session is bound.
pub(super) struct Bound<'a> {
    pub(super) canary: &'a Canary<'a>,
    /// What it presented, or why nothing was seen.
    pub(super) sighting: Result<Sighting<'a>, String>,
    pub(super) binding: Binding,
}

/// Whether a session is bound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Binding {
    /// One session from end to end.
    Whole,
    /// Two sessions: somebody sits in between.
    Broken(Box<Proof>),
    /// Two sessions, and the organisation's own inspection in between.
    Inspected,
    /// Nobody knows, and why.
    Unsettled(String),
}

/// The two views of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Proof {
    own: (String, String),
    signed: (String, String),
    token: String,
}

impl Proof {
    /// Adds the values of both ends and the signed reply.
    pub(super) fn evidence(&self, judgement: Judgement) -> Judgement {
        judgement
            .with("exporter_here", &self.own.0)
            .with("exporter_at_canary", &self.signed.0)
            .with("client_hello_here", &self.own.1)
            .with("client_hello_at_canary", &self.signed.1)
            .with("canary_reply", &self.token)
    }
}

impl<'a> Bound<'a> {
    /// Judges chain and binding of `canary`.
    pub(super) fn of(
        canary: &'a Canary<'a>,
        settings: &NetworkSettings,
        public_roots: &[Anchor<'_>],
        now: Timestamp,
    ) -> Self {
        let Some(probe) = canary.probe else {
            let why = "not measured".to_owned();
            return Self { canary, sighting: Err(why.clone()), binding: Binding::Unsettled(why) };
        };
        let Some((seen, address)) = probe.answer() else {
            let failure = failure(&probe.tls);
            let why = failure.map_or_else(|| "not measured".to_owned(), ToString::to_string);
            return Self { canary, sighting: Err(why.clone()), binding: Binding::Unsettled(why) };
        };
        let platform = probe.platform.as_ref();
        let mut sighting = Sighting::of_handshake(
            &canary.endpoint,
            &seen.handshake,
            address,
            platform,
            (settings, public_roots, now),
        );
        let binding = match binding(canary, seen) {
            Ok(None) => {
                sighting.mark_whole();
                Binding::Whole
            }
            Ok(Some(_)) if sighting.standing == Standing::Inspected => Binding::Inspected,
            Ok(Some(proof)) => {
                sighting.session = Session::Broken;
                Binding::Broken(Box::new(proof))
            }
            Err(why) => Binding::Unsettled(why),
        };
        if sighting.standing != Standing::Inspected
            && !sighting.is_broken()
            && let Some(other) = of_other_session(canary, probe, seen, (settings, public_roots, now))
        {
            sighting = other;
        }
        Self { canary, sighting: Ok(sighting), binding }
    }
}

/// A chain that nobody should present, of a session other than that of `seen`: who intercepts only some sessions, and
/// breaks those off, is not forgotten over one that is whole.
fn of_other_session<'a>(
    canary: &'a Canary<'a>,
    probe: &'a CanaryProbe,
    seen: &TlsExchange,
    trust: (&NetworkSettings, &[Anchor<'_>], Timestamp),
) -> Option<Sighting<'a>> {
    let closer_look = probe.fallback.iter().flat_map(|look| std::iter::once(&look.older).chain(&look.again));
    let others = probe.tls.iter().chain(closer_look).filter_map(|attempt| match &attempt.outcome {
        Outcome::Answered(other) if other.handshake.chain != seen.handshake.chain => {
            Some((&other.handshake, attempt.address))
        }
        _ => None,
    });
    // The platform was asked about the chain of `seen` only.
    let mut sightings = others.map(|(handshake, address)| {
        Sighting::of_handshake(&canary.endpoint, handshake, address, None, trust)
    });
    sightings.find(|sighting| sighting.standing.is_foreign() || sighting.standing == Standing::KeyNotProven)
}

/// The proof that the session of `seen` is not bound, if there is one; an error where it cannot be told.
fn binding(canary: &Canary<'_>, seen: &TlsExchange) -> Result<Option<Proof>, String> {
    let response = match &seen.response {
        Outcome::Answered(response) => response,
        Outcome::Failed(failure) => return Err(failure.to_string()),
    };
    let response = Response::parse(response.as_bytes()).ok_or("answered no HTTP")?;
    let reply: TlsReply = canary.reply(&response, (), &seen.question.nonce)?;
    let (Some(exporter), Some(client_hello)) = (seen.exporter, seen.client_hello_sha256) else {
        return Err("this device's own view of the session is not known".to_owned());
    };
    if reply.tls_exporter == exporter && reply.client_hello_sha256 == client_hello {
        return Ok(None);
    }
    Ok(Some(Proof {
        own: (exporter.to_string(), client_hello.to_string()),
        signed: (reply.tls_exporter.to_string(), reply.client_hello_sha256.to_string()),
        token: response.field(REPLY_HEADER).unwrap_or_default().to_owned(),
    }))
}

/// Judges all bindings, and tells of a wrong clock, which the same replies prove.
pub(super) fn judge(bounds: &[Bound<'_>], portal: bool, clock: &Clock) -> CheckOutcome {
    if bounds.is_empty() {
        return CheckOutcome::unknown(CheckId::TlsBinding, canary::NONE);
    }
    let mut tally = Tally { total: bounds.len(), ..Tally::default() };
    tally.found.extend(clock.skew.clone());
    for Bound { canary, sighting, binding } in bounds {
        let name = &canary.settings.name;
        match binding {
            Binding::Unsettled(why) => tally.missed.push(format!("{name}: {why}")),
            Binding::Whole => tally.settled += 1,
            Binding::Inspected => {
                tally.settled += 1;
                let reason = format!("the organisation inspects TLS to {name}, so its session is not bound");
                let judgement = Judgement::new(Detection::ManagedInspection, Verdict::Benign);
                tally.found.push(judgement.because(reason).with("canary", name));
            }
            Binding::Broken(proof) => {
                tally.settled += 1;
                let reason = format!(
                    "{name} signed that another TLS session than this device's reached it: somebody terminates TLS \
                     in between"
                );
                let detection = sighting.as_ref().map_or(Detection::TlsInterception, Sighting::detection);
                let judgement = Judgement::new(detection, Verdict::Confirmed);
                tally.found.push(proof.evidence(judgement.because(reason).with("canary", name)));
            }
        }
    }
    if portal && tally.settled == 0 {
        let why =
            "a captive portal may answer in place of the canaries: sign in to the network and scan again";
        let outcome = CheckOutcome::unknown(CheckId::TlsBinding, why);
        return CheckOutcome { judgements: tally.found, ..outcome };
    }
    tally.outcome(CheckId::TlsBinding, "TLS sessions reached their canary untouched")
}
