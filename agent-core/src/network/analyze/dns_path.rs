//! The path check: is somebody between the device and its resolvers?
//!
//! | seen | judged |
//! |---|---|
//! | two different answers to one query | spoofing, suspicious: somebody answered before, or after, the server |
//! | an answer from an address at which nothing answers DNS | spoofing, suspicious |
//! | an address for a name that does not exist | wildcard, benign; not said when the canary's names are forged too |
//!
//! Two answers differ if their codes or their addresses do, in whatever order. The same datagram twice is a network's
//! fault; errors of a server (SERVFAIL) are no answers; where more arrived than is kept, another answer may be among
//! it. Comes to a result when a server answered for a name that does not exist. While a portal holds the network
//! nothing is said.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::Scene;
use super::dns_answer::wildcard;
use super::dns_words::{answer_words, gap, listed};
use crate::model::{CheckId, CheckOutcome, Coverage, Detection, Judgement, Verdict};
use crate::network::dns_record::{DnsAim, DnsAnswers, DnsMessage, DnsProbe};
use crate::network::observation::{answer, failure};

/// Judges the path. `forged` tells that the canary's names are led elsewhere.
pub(super) fn judge(scene: &Scene<'_>, forged: bool) -> CheckOutcome {
    if let Some(gap) = gap(scene, CheckId::DnsPath) {
        return gap;
    }
    if scene.portal {
        let why = "a captive portal answers on this network: sign in and scan again";
        return CheckOutcome::unknown(CheckId::DnsPath, why);
    }
    let probes = &scene.seen.dns;
    let search_page = wildcard_of(probes).filter(|_| !forged);
    let judgements: Vec<_> = injection(probes).into_iter().chain(search_page).collect();
    let missing: Vec<_> = probes.iter().filter(|probe| probe.aim == DnsAim::Missing).collect();
    let answered = missing.iter().filter(|probe| is_answered(probe)).count();

    let mut said: Vec<_> = judgements.iter().take(1).map(|judgement| judgement.reason.clone()).collect();
    if judgements.is_empty() && answered > 0 {
        let all_forged = forged && !wildcard(probes).is_empty();
        said.push(if all_forged {
            "names that do not exist are answered as wrongly as the canary's".to_owned()
        } else {
            "every query got one answer, and names that do not exist got no address".to_owned()
        });
    }
    if !probes.iter().any(|probe| probe.aim == DnsAim::NoResolver) {
        said.push(
            "not checked whether others answer too: the administrator names an address without a DNS server in \
             no_resolver"
                .to_owned(),
        );
    }
    let missed: BTreeSet<_> = missing.iter().filter(|probe| !is_answered(probe)).map(|it| miss(it)).collect();
    if !missed.is_empty() {
        said.push(format!("no answer to some questions: {}", listed(&missed)));
    }
    let summary = said.join("; ");
    let complete = answered > 0 && answered * 2 >= missing.len();
    let coverage = if complete { Coverage::Complete } else { Coverage::Unknown { why: summary.clone() } };
    CheckOutcome { check: CheckId::DnsPath, coverage, summary, judgements, part_of: None }
}

fn injection(probes: &[DnsProbe]) -> Option<Judgement> {
    let injected = |probe: &&DnsProbe| {
        answer(&probe.attempts).is_some_and(|(answers, _)| match probe.aim {
            DnsAim::NoResolver => answers.whole().next().is_some(),
            DnsAim::Nonce { .. } | DnsAim::Declared { .. } | DnsAim::Missing => differing(answers),
            DnsAim::Canary { .. } => false,
        })
    };
    let injected: Vec<_> = probes.iter().filter(injected).collect();
    let first = injected.first()?;
    let reason = if first.aim == DnsAim::NoResolver {
        format!(
            "{} answers DNS, where no server does: somebody on the way answers in its place",
            first.server
        )
    } else {
        format!("one query to {} got two different answers: somebody on the way answers too", first.server)
    };
    let judgement = Judgement::new(Detection::DnsSpoofing, Verdict::Suspicious).because(reason);
    Some(injected.into_iter().fold(judgement, with_answers))
}

/// Whether a query got answers that contradict each other.
fn differing(answers: &DnsAnswers) -> bool {
    let said = answers.whole().map(|(_, message)| message).filter(|message| matches!(message.rcode, 0 | 3));
    said.map(essence).collect::<BTreeSet<_>>().len() > 1
}

fn essence(message: &DnsMessage) -> (u16, BTreeSet<IpAddr>) {
    (message.rcode, message.addresses.iter().map(|found| found.address).collect())
}

fn wildcard_of(probes: &[DnsProbe]) -> Option<Judgement> {
    let addresses = wildcard(probes);
    if addresses.is_empty() {
        return None;
    }
    let list = addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let reason =
        format!("names that do not exist are answered with {list}: a search page of the provider, as a rule");
    let judgement = Judgement::new(Detection::DnsWildcard, Verdict::Benign).because(reason);
    // One question a server shows it.
    let mut shown = BTreeMap::new();
    for probe in probes.iter().filter(|probe| probe.aim == DnsAim::Missing) {
        let gives = answer(&probe.attempts)
            .is_some_and(|(answers, _)| answers.whole().any(|(_, message)| !message.addresses.is_empty()));
        if gives {
            shown.entry(&probe.server).or_insert(probe);
        }
    }
    Some(shown.into_values().fold(judgement, with_answers))
}

fn with_answers(judgement: Judgement, probe: &DnsProbe) -> Judgement {
    let judgement = judgement
        .with("dns_server", &probe.server)
        .with("dns_question", format!("{} {}", probe.name, probe.record));
    let Some((answers, _)) = answer(&probe.attempts) else { return judgement };
    answers.whole().fold(judgement, |judgement, (packet, message)| {
        let words = format!("{} after {} ms", answer_words(message), packet.delay_ms);
        judgement.with("dns_answer", words)
    })
}

fn is_answered(probe: &DnsProbe) -> bool {
    let said = answer(&probe.attempts);
    said.is_some_and(|(answers, _)| {
        answers.dropped == 0 && answers.whole().any(|(_, message)| matches!(message.rcode, 0 | 3))
    })
}

fn miss(probe: &DnsProbe) -> String {
    let why = match (answer(&probe.attempts), failure(&probe.attempts)) {
        (Some((answers, _)), _) if answers.dropped > 0 => "sent more than is kept".to_owned(),
        (Some((answers, _)), _) => answers.whole().next().map_or_else(
            || "sent nothing that answers the question".to_owned(),
            |(_, message)| format!("answered {}", answer_words(message)),
        ),
        (None, Some(failure)) => failure.to_string(),
        (None, None) => "not asked".to_owned(),
    };
    format!("{} {why}", probe.server)
}
