//! The logs of a list, by their id.

use std::collections::BTreeMap;

use crate::model::{CtLog, CtLogList, CtLogPhase, CtLogState, Sha256, Timestamp};

/// The logs of one list.
pub(in crate::network) struct Logs<'a>(BTreeMap<Sha256, Log<'a>>);

/// A log and who operates it.
pub(super) struct Log<'a> {
    log: &'a CtLog,
    operator: &'a str,
}

/// Whether SCTs of a log are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Acceptance {
    /// They are.
    Current,
    /// Those up to this moment.
    Until(Timestamp),
    /// None.
    Never(Option<CtLogPhase>),
}

impl<'a> Logs<'a> {
    /// The logs of `list`.
    pub(in crate::network) fn of(list: &'a CtLogList) -> Self {
        let logs = list.operators.iter().flat_map(|operator| {
            let logs = operator.logs.iter().chain(&operator.tiled_logs);
            logs.map(|log| (Sha256::of(log.key.as_spki()), Log { log, operator: &operator.name }))
        });
        Self(logs.collect())
    }

    /// The log with this id.
    pub(super) fn get(&self, id: &Sha256) -> Option<&Log<'a>> {
        self.0.get(id)
    }
}

impl<'a> Log<'a> {
    /// Its key: SubjectPublicKeyInfo, DER.
    pub(super) fn spki(&self) -> &'a [u8] {
        self.log.key.as_spki()
    }

    /// Who operated it at `moment`.
    pub(super) fn operator_at(&self, moment: Timestamp) -> &'a str {
        let previous = self.log.previous_operators.iter().filter(|previous| moment < previous.end_time);
        previous.min_by_key(|previous| previous.end_time).map_or(self.operator, |previous| &previous.name)
    }

    /// Whether its SCTs are taken at the moment `now`.
    pub(super) fn acceptance(&self, now: Timestamp) -> Acceptance {
        let Some(CtLogState { phase, since }) = self.log.state else { return Acceptance::Never(None) };
        match phase {
            CtLogPhase::Qualified | CtLogPhase::Usable | CtLogPhase::ReadOnly => Acceptance::Current,
            CtLogPhase::Retired if now < since => Acceptance::Current,
            CtLogPhase::Retired => Acceptance::Until(since),
            CtLogPhase::Pending | CtLogPhase::Rejected => Acceptance::Never(Some(phase)),
        }
    }

    /// Whether it takes certificates that end at `not_after`.
    pub(super) fn takes(&self, not_after: Timestamp) -> bool {
        let interval = self.log.temporal_interval;
        interval
            .is_none_or(|interval| (interval.start_inclusive..interval.end_exclusive).contains(&not_after))
    }
}
