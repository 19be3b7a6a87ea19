//! The parts that a scan is measured in, and how two make a whole.

use std::time::Duration;

use crate::model::NetworkSettings;
use crate::network::limits::{EVERYTHING_LIMIT, FIRST_TIER_LIMIT};
use crate::network::observation::{ClearQuestion, Observations, Target};

/// A part of what is measured: of a scan, or at one peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// The first tier.
    First,
    /// What the first tier leaves.
    Rest,
    /// Both.
    Whole,
}

impl Part {
    /// This part of a scan at one peer; `None` where it has nothing to ask there. `is_chosen` tells that the first tier
    /// asks this peer.
    pub(super) const fn of(self, is_chosen: bool) -> Option<Self> {
        match (self, is_chosen) {
            (Self::First, false) => None,
            (Self::Rest, false) => Some(Self::Whole),
            (part, _) => Some(part),
        }
    }

    /// Whether this part has what the first tier measures.
    pub(super) const fn begins(self) -> bool {
        !matches!(self, Self::Rest)
    }

    /// The questions over clear HTTP.
    pub(super) fn questions(self) -> impl Iterator<Item = ClearQuestion> {
        let is_asked = move |question: &ClearQuestion| match (self, question) {
            (Self::Whole, _) => true,
            (Self::First, ClearQuestion::Redirect) => true,
            (Self::First, _) => false,
            (Self::Rest, question) => *question != ClearQuestion::Redirect,
        };
        ClearQuestion::ALL.into_iter().filter(is_asked)
    }

    /// The hard stop, from the beginning of the scan.
    pub(super) const fn limit(self) -> Duration {
        match self {
            Self::First => FIRST_TIER_LIMIT,
            Self::Rest | Self::Whole => EVERYTHING_LIMIT,
        }
    }
}

/// One record of both parts, in the order of `settings`.
pub(super) fn join(first: Observations, rest: Observations, settings: &NetworkSettings) -> Observations {
    let mut seen = first;
    seen.captive.extend(rest.captive);
    seen.captive.sort_by_key(|probe| settings.captive_probes.iter().position(|url| *url == probe.url));
    seen.tls.extend(rest.tls);
    seen.tls.sort_by_key(|probe| settings.endpoints.iter().position(|it| Target::from(it) == probe.target));
    for mut canary in rest.canaries {
        match seen.canaries.iter_mut().find(|known| known.target == canary.target) {
            Some(known) => known.clear.append(&mut canary.clear),
            None => seen.canaries.push(canary),
        }
    }
    seen.canaries
        .sort_by_key(|probe| settings.canaries.iter().position(|it| Target::from(it) == probe.target));
    seen.dns.extend(rest.dns);
    seen.dns_tls.extend(rest.dns_tls);
    seen.paths.extend(rest.paths);
    seen
}
