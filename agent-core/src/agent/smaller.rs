//! Reports that a connector finds too large (HTTP 413) are told again in smaller parts.
//!
//! In one transaction the report leaves the queue as *replaced*, and its content is split, signed and queued at the end of
//! the chain. Each part names the number and the digest of what it replaces, so that nobody takes the number that never
//! arrives for a lost report. The size that is tried next is half, and is remembered for the reports to come.

use serde::{Deserialize, Serialize};

use super::error::AgentError;
use super::{Inner, signing};
use crate::connector::Enrolment;
use crate::model::{ChainPosition, Settings};
use crate::report::{ChainLink, DeviceReport, Event, Replaced, ReportError, Reporter, SetClaims, jws};
use crate::store::{ReadTx, Slot, StoredReport, WriteTx};

/// Smallest token that is made on a 413, in bytes. What a part repeats takes some 4 KiB of it; a connector that takes less
/// says so in its settings, and whoever answers 413 to everything does not get a report cut to shreds.
const MIN_TOKEN_BYTES: usize = 16 * 1024;

/// How much of the size that did not get through is tried next, in eighths: less first, more where what every part repeats
/// leaves no room.
const EIGHTHS: [usize; 3] = [4, 6, 7];

/// A size of token that was found out, and holds until the organisation says another.
#[derive(Serialize, Deserialize)]
struct LearnedLimit {
    max_token_bytes: usize,
    /// What the settings said at that time.
    settings: usize,
}

/// The largest token to make: what the settings allow, or less where less was found to get through.
pub(super) fn max_token_bytes(tx: &ReadTx<'_>, settings: &Settings) -> Result<usize, AgentError> {
    let allowed = settings.limits.max_token_bytes;
    let learned: Option<LearnedLimit> = tx.get(Slot::TokenLimit)?;
    let learned = learned.filter(|learned| learned.settings == allowed);
    Ok(learned.map_or(allowed, |learned| learned.max_token_bytes.min(allowed)))
}

/// Replaces `report`; gives the numbers of its parts. `None` where it cannot be made smaller.
pub(super) fn tell_again(
    inner: &Inner,
    report: &StoredReport,
    token: &str,
) -> Result<Option<Vec<u64>>, AgentError> {
    let claims: SetClaims = jws::peek_claims(token)?;
    let Event::DeviceReport(whole) = claims.events else { return Ok(None) };
    let mut replaced = claims.mtd_replaces;
    replaced.push(Replaced { seq: report.seq, sha256: ChainLink::to(token), part: whole.part });

    inner.store.write(|tx| {
        let enrolment: Enrolment = tx.get(Slot::Enrolment)?.ok_or(AgentError::NotEnrolled)?;
        let issuer = signing::issuer(&enrolment);
        let signer = signing::signer(inner, &enrolment)?;
        let reporter = signing::reporter(inner, &issuer, &signer, &claims.txn, claims.toe);
        let sizes = Sizes { refused: token.len(), known: max_token_bytes(tx, &inner.settings(tx)?)? };
        let parts = smaller_parts(&reporter, &replaced, *whole, &tx.next_position()?, sizes)?;
        let Some((limit, parts)) = parts else { return Ok(None) };
        learn(inner, tx, limit)?;
        let now = inner.host.clock.now();
        tx.replace(report.id, now, || {
            let queue = |part| {
                let event = Event::DeviceReport(Box::new(part));
                let sign = |position: &_| reporter.sign_in_place_of(&replaced, position, event);
                tx.enqueue(now, |position| sign(position).map_err(AgentError::from)).map(|report| report.seq)
            };
            parts.into_iter().map(queue).collect()
        })
        .map(|by| Some(by.unwrap_or_default()))
    })
}

/// Sizes of tokens, in bytes.
struct Sizes {
    /// What did not get through.
    refused: usize,
    /// What gets through, as far as is known.
    known: usize,
}

/// `report` in at least two parts, and the size that they keep to. `None` where that is not possible.
fn smaller_parts(
    reporter: &Reporter<'_>,
    replaced: &[Replaced],
    report: DeviceReport,
    position: &ChainPosition,
    sizes: Sizes,
) -> Result<Option<(usize, Vec<DeviceReport>)>, AgentError> {
    let eighths = EIGHTHS.map(|eighths| sizes.refused / 8 * eighths);
    for limit in [sizes.known.min(sizes.refused / 2)].into_iter().chain(eighths) {
        let limit = limit.max(MIN_TOKEN_BYTES);
        if limit >= sizes.refused {
            continue;
        }
        match reporter.split_in_place_of(replaced, report.clone(), position, limit) {
            Ok(parts) => return Ok(Some((limit, parts))),
            Err(ReportError::Split(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(None)
}

fn learn(inner: &Inner, tx: &WriteTx<'_>, limit: usize) -> Result<(), AgentError> {
    let settings = inner.settings(tx)?;
    let max_token_bytes = limit.min(max_token_bytes(tx, &settings)?);
    let learned = LearnedLimit { max_token_bytes, settings: settings.limits.max_token_bytes };
    Ok(tx.put(Slot::TokenLimit, &learned)?)
}
