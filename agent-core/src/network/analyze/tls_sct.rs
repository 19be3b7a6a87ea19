//! The transparency check: do public logs vouch for the certificates that public authorities issued?
//!
//! An authority that issues in somebody else's name does so unseen only if it leaves the logs out. So a chain that is
//! valid under a public root is held to the rule of [`transparency`](crate::network::transparency), which also says
//! what cannot be seen. It is the strongest hint that the certificate alone gives, and no proof: an authority may
//! leave the logs out at its customer's wish.
//!
//! Private authorities and inspection roots are exempt, since no log takes their certificates. What is not valid under
//! a public root now is for the chain check alone; the same goes for the canaries, whose binding is proof. The logs
//! come from the settings; without a list, or with a stale one, the check comes to no result.

use super::Scene;
use super::canary::Tally;
use super::chain::{Standing, Voucher};
use super::sighting::Sighting;
use crate::model::{CheckId, CheckOutcome, Detection, Judgement, Timestamp, Verdict};
use crate::network::transparency::{Assessed, Assessment, Flaw, Gap, Logs, Subject, assess, is_timely};

/// Judges the chains of the endpoints.
pub(super) fn judge(scene: &Scene<'_>) -> CheckOutcome {
    let unknown = |why: &str| CheckOutcome::unknown(CheckId::TlsSct, why);
    let Scene { settings, portal, now, .. } = *scene;
    if settings.endpoints.is_empty() {
        return unknown("no TLS endpoint is configured: the administrator names them in endpoints");
    }
    let Some(list) = &settings.ct_log_list else {
        return unknown(
            "no list of transparency logs is configured: the administrator gives it in ct_log_list",
        );
    };
    if !is_timely(list, now) {
        return unknown(&format!(
            "the list of transparency logs is of {} and not fit to judge by at {now}: the administrator gives a new \
             one in ct_log_list",
            list.timestamp
        ));
    }
    if portal {
        return unknown("a captive portal may answer in place of the endpoints: sign in and scan again");
    }
    let logs = Logs::of(list);
    let mut tally = Tally { total: settings.endpoints.len(), ..Tally::default() };
    let (mut logged, mut exempt) = (0, 0);
    // The canaries come after the endpoints.
    for (endpoint, sighting) in scene.sightings.iter().take(settings.endpoints.len()) {
        match sighting.as_ref().map_err(Clone::clone).and_then(|sighting| Seen::of(sighting, &logs, now)) {
            Ok(Seen::Logged) => logged += 1,
            Ok(Seen::Exempt) => exempt += 1,
            Ok(Seen::Unlogged(judgement)) => tally.found.push(judgement),
            Err(why) => tally.missed.push(format!("{} ({why})", endpoint.host)),
        }
    }
    tally.settled = tally.total - tally.missed.len();
    let praise = match (logged, exempt) {
        (_, 0) => "endpoints present certificates that public logs vouch for",
        (0, _) => "endpoints present no certificate under a public root, which logs would have to vouch for",
        _ => "endpoints present certificates that public logs vouch for, or need not",
    };
    tally.outcome(CheckId::TlsSct, praise)
}

/// What an endpoint presented.
enum Seen {
    /// A certificate under a public root that the logs vouch for.
    Logged,
    /// One that they do not vouch for.
    Unlogged(Judgement),
    /// Something that no public root vouches for now.
    Exempt,
}

impl Seen {
    /// Judges what was presented, or says why that cannot be.
    fn of(sighting: &Sighting<'_>, logs: &Logs<'_>, now: Timestamp) -> Result<Self, String> {
        let Some(assessment) = assessment(sighting, logs, now) else { return Ok(Self::Exempt) };
        let Some(gap) = assessment.gap else { return Ok(Self::Logged) };
        // Only the log's key makes one: it is the clock that is behind.
        if assessment.scts.iter().any(|sct| sct.vouching == Err(Flaw::Future)) {
            return Err(format!(
                "a log signed a time later than {now}: check the date and time of this device"
            ));
        }
        Ok(Self::Unlogged(judgement(sighting, &assessment, gap)))
    }
}

/// What the logs say of a chain that is valid under a public root; `None` for any other.
fn assessment<'a>(sighting: &Sighting<'_>, logs: &Logs<'a>, now: Timestamp) -> Option<Assessment<'a>> {
    let path = sighting.path.as_ref().filter(|path| path.voucher == Voucher::Public)?;
    if sighting.standing != Standing::Genuine {
        return None;
    }
    let (leaf, contents) = (sighting.handshake.chain.first()?, sighting.leaf.as_ref()?);
    let subject = Subject {
        leaf: leaf.as_der(),
        issuer_key: *path.keys.get(1)?,
        not_before: contents.not_before,
        not_after: contents.not_after,
    };
    Some(assess(&subject, logs, now))
}

fn judgement(sighting: &Sighting<'_>, assessment: &Assessment<'_>, gap: Gap) -> Judgement {
    let Assessment { logs, operators, needed, scts, dropped, .. } = assessment;
    let lack = match gap {
        Gap::NoScts => "without the timestamps of public logs".to_owned(),
        Gap::TooFewLogs => format!("for which {logs} of the {needed} public logs that it needs vouch"),
        Gap::OneOperator => "for which only the logs of one operator vouch".to_owned(),
        Gap::OnlyRetiredLogs => "for which only retired logs vouch".to_owned(),
    };
    let reason = format!(
        "{} presents a certificate by {} {lack}: it may have been issued in secret, to somebody else",
        sighting.endpoint.host,
        sighting.issuer()
    );
    let judgement = Judgement::new(Detection::TlsInterception, Verdict::Suspicious).because(reason);
    let judgement = sighting.evidence(judgement).with("sct_logs", format!("{logs} of {needed}"));
    let judgement =
        operators.iter().fold(judgement, |judgement, operator| judgement.with("sct_operator", operator));
    let judgement = scts.iter().fold(judgement, |judgement, sct| judgement.with("sct", words(sct)));
    if *dropped > 0 { judgement.with("scts_not_looked_at", dropped) } else { judgement }
}

/// `1f2e…: counts, operated by Example`.
fn words(sct: &Assessed<'_>) -> String {
    let log = sct.log.map_or_else(|| "unknown log".to_owned(), |log| log.to_string());
    match &sct.vouching {
        Ok(vouching) => format!("{log}: counts, operated by {}", vouching.operator),
        Err(flaw) => format!("{log}: does not count, {flaw}"),
    }
}
