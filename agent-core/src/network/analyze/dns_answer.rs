//! The answers check: do the network's resolvers tell the truth about names whose answer is known?
//!
//! A nonce's name was never asked for before and has one right answer. What else comes is weighed by who is there:
//!
//! | answered | judged |
//! |---|---|
//! | the derived address, or as a NAT64 shows it | clean |
//! | another, in a zone that is declared split-horizon | split horizon, benign |
//! | another, where a valid certificate for the canary is presented | redirected, benign: somebody passes TLS on unopened |
//! | another, where the certificate is not valid or TLS breaks | spoofing, confirmed |
//! | the same, and names that do not exist lead there too, and no signed reply shows that the zone is served | spoofing, suspicious: a wildcard may have stood in for a canary that is down |
//! | the same, while a portal has overstayed or no connectivity check was answered | spoofing, suspicious |
//! | another beside the right one, where TLS breaks | spoofing, suspicious: one of the two is forged |
//! | another, where nothing could be seen, or the date is in doubt, or `0.0.0.0` | spoofing, suspicious |
//! | no address | nothing: the name is withheld, not forged |
//!
//! While a portal holds the network, only a certificate that no portal can have still counts. The check comes to a
//! result when at least half of the questions were answered, and none by a portal.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::Scene;
use super::captive::Hold;
use super::chain::Standing;
use super::dns_split;
use super::dns_words::{answer_words, gap, listed};
use super::sighting::Sighting;
use crate::canary::{CanarySettings, KeySet, Nonce, Stamp, StampReply, address_v4, address_v6, verify};
use crate::model::{CheckId, CheckOutcome, Coverage, Detection, Judgement, ProbeEndpoint, Verdict};
use crate::network::dns::{is_right, zones};
use crate::network::dns_record::{DnsAim, DnsMessage, DnsPacket, DnsProbe, DnsType};
use crate::network::observation::{FailureKind, Target, answer, failure};

/// Judges the answers to the canaries' names.
pub(super) fn judge(scene: &Scene<'_>) -> CheckOutcome {
    if let Some(gap) = gap(scene, CheckId::DnsAnswer) {
        return gap;
    }
    let mut tally = Tally::default();
    for probe in &scene.seen.dns {
        let DnsAim::Nonce { zone, nonce } = &probe.aim else { continue };
        let Some((canary, _)) = zones(scene.settings).find(|(_, known)| known == zone) else { continue };
        tally.add(scene, &Question { canary, zone, nonce, probe });
    }
    dns_split::judgements(scene).for_each(|judgement| tally.merge(judgement));
    tally.outcome()
}

/// Whether a canary's names are led elsewhere: that explains what other names get.
pub(super) fn is_forged(outcome: &CheckOutcome) -> bool {
    let elsewhere = [Detection::DnsSpoofing, Detection::DnsRedirected];
    outcome.judgements.iter().any(|judgement| elsewhere.contains(&judgement.detection))
}

/// The addresses that names which do not exist were given.
pub(super) fn wildcard(probes: &[DnsProbe]) -> BTreeSet<IpAddr> {
    let missing = probes.iter().filter(|probe| probe.aim == DnsAim::Missing);
    let messages = missing.filter_map(|probe| answer(&probe.attempts));
    let addresses = messages.flat_map(|(answers, _)| answers.whole().flat_map(|(_, it)| &it.addresses));
    addresses.map(|found| found.address).collect()
}

struct Question<'a> {
    canary: &'a CanarySettings,
    zone: &'a str,
    nonce: &'a Nonce,
    probe: &'a DnsProbe,
}

/// All questions together: at most one judgement a detection and subject.
#[derive(Default)]
struct Tally {
    asked: usize,
    right: usize,
    judged: usize,
    held: usize,
    missed: BTreeSet<String>,
    judgements: Vec<Judgement>,
}

impl Tally {
    fn add(&mut self, scene: &Scene<'_>, question: &Question<'_>) {
        self.asked += 1;
        let Question { nonce, zone, probe, .. } = question;
        let server = &probe.server;
        let Some((answers, _)) = answer(&probe.attempts) else {
            let why = failure(&probe.attempts).map_or_else(|| "not asked".to_owned(), ToString::to_string);
            self.missed.insert(format!("{server} {why}"));
            return;
        };
        let prefixes = &scene.settings.nat64_prefixes;
        let wrong = |message: &DnsMessage| {
            let addresses = message.addresses.iter().map(|found| found.address);
            addresses.filter(|address| !is_right(*address, nonce, zone, prefixes)).collect::<Vec<_>>()
        };
        // Of two answers the forged one may come first or last.
        let Some((packet, message)) = answers.whole().find(|(_, message)| !wrong(message).is_empty()) else {
            let mut messages = answers.whole().map(|(_, message)| message);
            match (messages.clone().any(|message| !message.addresses.is_empty()), messages.next()) {
                (true, _) => self.right += 1,
                (false, Some(message)) => self.withheld(scene, question, message),
                (false, None) => {
                    self.missed.insert(format!("{server} sent nothing that answers the question"));
                }
            }
            return;
        };
        let mut messages = answers.whole().map(|(_, message)| message);
        let contradicted = messages.any(|other| !other.addresses.is_empty() && wrong(other).is_empty());
        let found = Found { question, packet, message, contradicted };
        let judged = wrong(message).into_iter().map(|address| found.judge(scene, address));
        match judged.flatten().max_by_key(|judgement| judgement.verdict) {
            Some(judgement) => {
                self.judged += 1;
                self.merge(judgement);
            }
            None => self.held += 1,
        }
    }

    /// A name without IPv6 address is ordinary: some networks filter those.
    fn withheld(&mut self, scene: &Scene<'_>, question: &Question<'_>, message: &DnsMessage) {
        if question.probe.record == DnsType::Aaaa && message.rcode == 0 {
            self.right += 1;
            return;
        }
        let served = if is_served(scene, question) {
            ", while the canary proves by a signed reply that it serves the name"
        } else {
            ""
        };
        let (server, words) = (&question.probe.server, answer_words(message));
        self.missed.insert(format!("{server} answered {words} for the canary's name{served}"));
    }

    fn merge(&mut self, judgement: Judgement) {
        let same = self
            .judgements
            .iter_mut()
            .find(|known| (known.detection, &known.subject) == (judgement.detection, &judgement.subject));
        match same {
            Some(known) => {
                if judgement.verdict > known.verdict {
                    (known.verdict, known.reason) = (judgement.verdict, judgement.reason);
                }
                known.evidence.extend(judgement.evidence);
            }
            None => self.judgements.push(judgement),
        }
    }

    fn outcome(mut self) -> CheckOutcome {
        if self.asked == 0 {
            return CheckOutcome::unknown(CheckId::DnsAnswer, "the canaries' names were not asked for");
        }
        self.judgements.sort_by_key(|judgement| std::cmp::Reverse(judgement.verdict));
        let mut said: Vec<String> = self.judgements.iter().take(1).map(|it| it.reason.clone()).collect();
        if self.judgements.is_empty() && self.right > 0 {
            said.push(format!("{} of {} answers are the right ones", self.right, self.asked));
        }
        if self.held > 0 {
            said.push(
                "a captive portal answers for others: sign in to the network and scan again".to_owned(),
            );
        }
        if !self.missed.is_empty() {
            said.push(format!("no answer to some questions: {}", listed(&self.missed)));
        }
        let summary = said.join("; ");
        let coverage = if self.held == 0 && (self.right + self.judged) * 2 >= self.asked {
            Coverage::Complete
        } else {
            Coverage::Unknown { why: summary.clone() }
        };
        CheckOutcome {
            check: CheckId::DnsAnswer,
            coverage,
            summary,
            judgements: self.judgements,
            part_of: None,
        }
    }
}

/// An answer with a wrong address.
struct Found<'a> {
    question: &'a Question<'a>,
    packet: &'a DnsPacket,
    message: &'a DnsMessage,
    /// Whether the right answer came too.
    contradicted: bool,
}

impl Found<'_> {
    /// What is to be said of `address`; `None` while a portal may be the cause.
    fn judge(&self, scene: &Scene<'_>, address: IpAddr) -> Option<Judgement> {
        let Question { canary, zone, .. } = self.question;
        let server = &self.question.probe.server;
        let wrong = format!("{server} answers {address} for a name of the canary {}", canary.name);
        if let Some(declared) = scene.settings.split_horizon.iter().find(|declared| lies_in(zone, declared)) {
            let judgement = Judgement::new(Detection::SplitHorizon, Verdict::Benign).about(*zone).because(
                format!("{wrong}, and the organisation declared that {declared} is answered otherwise here"),
            );
            return Some(self.evidence(judgement));
        }

        let endpoint = as_endpoint(canary, address);
        let target = Target::from(&endpoint);
        let Scene { seen, settings, public_roots, now, .. } = *scene;
        let sighting = Sighting::of(&endpoint, &seen.dns_tls, settings, public_roots, now);
        let kind = seen.dns_tls.iter().find(|probe| probe.target == target);
        let kind = kind.and_then(|probe| failure(&probe.attempts)).map(|failure| failure.kind);
        let (presence, phrase) = match &sighting {
            Ok(sighting) => {
                (Presence::of(sighting.standing), format!("the server there presents {}", sighting.phrase()))
            }
            Err(_) if address.is_unspecified() => (Presence::Unseen, "that is nobody's address".to_owned()),
            Err(why) => {
                (Presence::without_chain(kind), format!("nobody there shows the canary's certificate: {why}"))
            }
        };
        let held = match &sighting {
            Ok(sighting) => scene.hold.explains(sighting),
            Err(_) => scene.portal,
        };
        if held && presence != Presence::Genuine {
            return None;
        }
        let excusable = !is_served(scene, self.question) && wildcard(&seen.dns).contains(&address);
        let doubt = scene.hold.doubt().filter(|_| match &sighting {
            Ok(sighting) => sighting.standing.may_be_a_portal(),
            Err(_) => scene.hold == Hold::Untold,
        });
        let (detection, verdict, consequence) = match presence {
            Presence::Genuine => {
                (Detection::DnsRedirected, Verdict::Benign, "so the connection is passed on unopened")
            }
            Presence::Foreign if excusable => (
                Detection::DnsSpoofing,
                Verdict::Suspicious,
                "as for names that do not exist: the canary may be down, or all names are forged",
            ),
            Presence::Foreign if let Some(doubt) = doubt => {
                (Detection::DnsSpoofing, Verdict::Suspicious, doubt)
            }
            // A race: without a chain there is only the one layer.
            Presence::Foreign if self.contradicted && sighting.is_err() => {
                (Detection::DnsSpoofing, Verdict::Suspicious, "while another answer is the right one")
            }
            Presence::Foreign => {
                (Detection::DnsSpoofing, Verdict::Confirmed, "so the name is led to somebody else")
            }
            Presence::Unseen => {
                (Detection::DnsSpoofing, Verdict::Suspicious, "so the answer is forged or blocked")
            }
        };
        let reason = format!("{wrong}; {phrase}, {consequence}");
        let judgement = self.evidence(Judgement::new(detection, verdict).because(reason));
        Some(match &sighting {
            Ok(sighting) => sighting.evidence(judgement),
            Err(why) => judgement.with("endpoint", format!("{address} {why}")),
        })
    }

    fn evidence(&self, judgement: Judgement) -> Judgement {
        let Question { zone, nonce, probe, .. } = self.question;
        let expected: IpAddr = match probe.record {
            DnsType::Aaaa => address_v6(nonce, zone).into(),
            DnsType::A | DnsType::Txt => address_v4(nonce, zone).into(),
        };
        judgement
            .with("dns_server", &probe.server)
            .with("dns_question", format!("{} {}", probe.name, probe.record))
            .with("dns_answer", answer_words(self.message))
            .with("dns_delay_ms", self.packet.delay_ms)
            .with("dns_expected", expected)
    }
}

/// Who is at an address.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Presence {
    /// The canary, as far as its certificate tells, or the organisation's own inspection.
    Genuine,
    /// Somebody who cannot show a valid certificate.
    Foreign,
    /// Nobody could be seen, or the date is in doubt.
    Unseen,
}

impl Presence {
    const fn of(standing: Standing) -> Self {
        match standing {
            Standing::Genuine | Standing::Inspected => Self::Genuine,
            Standing::OutOfDate { .. } => Self::Unseen,
            Standing::OtherName | Standing::KeyNotProven | Standing::DeviceOnly(_) | Standing::Untrusted => {
                Self::Foreign
            }
        }
    }

    /// Of an address that showed no chain.
    const fn without_chain(kind: Option<FailureKind>) -> Self {
        match kind {
            Some(
                FailureKind::Refused
                | FailureKind::Reset
                | FailureKind::Closed
                | FailureKind::Alert
                | FailureKind::Certificate
                | FailureKind::Downgraded
                | FailureKind::Protocol
                | FailureKind::TooLarge,
            ) => Self::Foreign,
            Some(
                FailureKind::Configuration
                | FailureKind::NameNotResolved
                | FailureKind::Unreachable
                | FailureKind::TimedOut
                | FailureKind::Deadline,
            )
            | None => Self::Unseen,
        }
    }
}

/// The canary, as if it were at `address`.
fn as_endpoint(canary: &CanarySettings, address: IpAddr) -> ProbeEndpoint {
    ProbeEndpoint {
        host: canary.name.clone(),
        port: canary.tls_port,
        address: Some(address),
        network: canary.network.clone(),
        private_anchors: canary.private_anchors.clone(),
    }
}

/// Whether a signed reply shows that the canary serves the name.
fn is_served(scene: &Scene<'_>, question: &Question<'_>) -> bool {
    let Question { canary, nonce, zone, .. } = question;
    let aim = DnsAim::Canary { zone: (*zone).to_owned(), nonce: **nonce };
    let asked = scene.seen.dns.iter().filter(|probe| probe.aim == aim && probe.record == DnsType::Txt);
    asked
        .filter_map(|probe| answer(&probe.attempts))
        .any(|(answers, _)| answers.whole().any(|(_, message)| is_signed(message, nonce, &canary.keys)))
}

fn is_signed(message: &DnsMessage, nonce: &Nonce, keys: &KeySet) -> bool {
    let Some(token) = &message.text else { return false };
    verify::<StampReply>(token, Stamp::Dns, nonce, keys).is_ok()
}

/// Whether `zone` is `parent` or lies in it.
fn lies_in(zone: &str, parent: &str) -> bool {
    let plain = |name: &str| name.trim_matches('.').to_ascii_lowercase();
    let (zone, parent) = (plain(zone), plain(parent));
    !parent.is_empty()
        && zone.strip_suffix(&parent).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}
