//! Splitting a device report into parts that fit one token each.

use serde::Serialize;

use super::claims::Replaced;
use super::device_report::{AppKey, DeviceReport, InventoryReport, Part};
use super::event::Event;
use super::jws;
use super::sign::{ReportError, Reporter};
use crate::model::{AppRecord, ChainPosition, Finding, Sha256, Timestamp};

/// Length of a `jti` of 128 bits.
const JTI_CHARS: usize = 22;

impl Reporter<'_> {
    /// `report` in parts, each of which becomes a token of at most `max_token_bytes` when signed at `position`
    /// or later in the same epoch. One part when it fits.
    pub fn split(
        &self,
        report: DeviceReport,
        position: &ChainPosition,
        max_token_bytes: usize,
    ) -> Result<Vec<DeviceReport>, ReportError> {
        self.split_in_place_of(&[], report, position, max_token_bytes)
    }

    /// [`Self::split`], of the last of `replaced`, for tokens that name it.
    pub fn split_in_place_of(
        &self,
        replaced: &[Replaced],
        report: DeviceReport,
        position: &ChainPosition,
        max_token_bytes: usize,
    ) -> Result<Vec<DeviceReport>, ReportError> {
        let (frame, items) = take_apart(report);
        let budget = jws::max_claims(max_token_bytes.min(jws::MAX_TOKEN));
        let framed = self.framed_size(replaced, &frame, position)?;
        let room = budget.checked_sub(framed).ok_or(ReportTooLarge::Frame)?;

        let mut parts = Vec::new();
        let mut part = frame.clone();
        let mut used = 0usize;
        for item in items {
            // The comma that parts it from the item before.
            let size = item.size()?.saturating_add(1);
            if size > room {
                return Err(ReportTooLarge::Item.into());
            }
            if used.saturating_add(size) > room {
                parts.push(std::mem::replace(&mut part, frame.clone()));
                used = 0;
            }
            used = used.saturating_add(size);
            item.add_to(&mut part);
        }
        parts.push(part);
        number(&mut parts)?;
        Ok(parts)
    }

    /// The largest that the claims around `frame` can get, in bytes, whatever place they are given.
    fn framed_size(
        &self,
        replaced: &[Replaced],
        frame: &DeviceReport,
        position: &ChainPosition,
    ) -> Result<usize, ReportError> {
        let furthest = ChainPosition {
            epoch: position.epoch.clone(),
            seq: u64::MAX,
            prev: Some(Sha256::from_bytes([0; 32])),
        };
        let event = Event::DeviceReport(Box::new(frame.clone()));
        let jti = "j".repeat(JTI_CHARS);
        size_of(&self.claims(replaced, &furthest, event, &jti, Timestamp::from_unix(i64::MIN)))
    }
}

/// One entry of one of the lists that are split.
enum Item {
    Finding(Finding),
    App(AppRecord),
    Removed(AppKey),
}

impl Item {
    fn size(&self) -> Result<usize, ReportError> {
        match self {
            Self::Finding(finding) => size_of(finding),
            Self::App(app) => size_of(app),
            Self::Removed(key) => size_of(key),
        }
    }

    fn add_to(self, part: &mut DeviceReport) {
        match (self, &mut part.inventory) {
            (Self::Finding(finding), _) => part.findings.push(finding),
            (
                Self::App(app),
                InventoryReport::Full { apps, .. } | InventoryReport::Delta { changed: apps, .. },
            ) => apps.push(app),
            (Self::Removed(key), InventoryReport::Delta { removed, .. }) => removed.push(key),
            // `take_apart` makes an item only of a list that its frame has.
            (Self::App(_) | Self::Removed(_), _) => {}
        }
    }
}

/// The report with empty lists and the longest part number, and the entries of the lists in order.
fn take_apart(mut report: DeviceReport) -> (DeviceReport, Vec<Item>) {
    let mut items: Vec<_> = report.findings.drain(..).map(Item::Finding).collect();
    match &mut report.inventory {
        InventoryReport::Full { apps, .. } => items.extend(apps.drain(..).map(Item::App)),
        InventoryReport::Delta { changed, removed, .. } => {
            items.extend(changed.drain(..).map(Item::App));
            items.extend(removed.drain(..).map(Item::Removed));
        }
        InventoryReport::NotShared { .. } => {}
    }
    report.part = Part { n: u32::MAX, of: u32::MAX };
    (report, items)
}

fn number(parts: &mut [DeviceReport]) -> Result<(), ReportTooLarge> {
    let of = u32::try_from(parts.len()).map_err(|_| ReportTooLarge::Item)?;
    for (n, part) in (1..=of).zip(parts) {
        part.part = Part { n, of };
    }
    Ok(())
}

fn size_of<T: Serialize>(value: &T) -> Result<usize, ReportError> {
    serde_json::to_vec(value).map(|json| json.len()).map_err(|_| ReportError::Serialize)
}

/// A report that no split makes small enough. Names neither the app nor the finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReportTooLarge {
    /// What every part repeats is larger than a token.
    #[error("what every part repeats does not fit a token; the connector must allow larger ones")]
    Frame,
    /// One app or finding is larger than a token.
    #[error("one app or finding alone does not fit a token; the connector must allow larger ones")]
    Item,
}
