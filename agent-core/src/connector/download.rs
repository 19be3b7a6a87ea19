//! Download of a file that is too large to be held: in parts, resumed where it broke off (RFC 9110, section 14).
//!
//! Each request asks for one part, over the connection of the calls before. `If-Range` makes sure that parts of two files
//! are never put together: when the file has changed, the connector sends the new one from its beginning. Nothing here
//! says that the file is any good; that is for whoever puts it in force.

use hyper::StatusCode;
use hyper::header::{
    CONTENT_LENGTH, CONTENT_RANGE, ETAG, HeaderMap, HeaderValue, IF_NONE_MATCH, IF_RANGE, RANGE,
};
use serde::{Deserialize, Serialize};

use super::client::Client;
use super::error::ConnectorError;
use super::http::Sink;
use super::limits::{DOWNLOAD_PART, MAX_DOWNLOAD};
use super::wire::Enrolment;

/// Which file a download is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DownloadState {
    /// Its strong entity tag, quotes included.
    pub etag: String,
    /// Its length, in bytes.
    pub total: u64,
}

/// Where a download is kept until it is whole.
pub trait Partial: Send {
    /// The download that was begun, and the bytes of it that are there.
    fn kept(&self) -> Option<(DownloadState, u64)>;

    /// Begins the download of another file, from its first byte. An error refuses it.
    fn begin(&mut self, state: DownloadState) -> Result<(), ConnectorError>;

    /// Adds what follows.
    fn append(&mut self, piece: &[u8]) -> Result<(), ConnectorError>;

    /// Forgets what is there.
    fn discard(&mut self) -> Result<(), ConnectorError>;
}

/// What one request of a download brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Downloaded {
    /// The one in force is still the newest.
    Unchanged,
    /// The organisation has none.
    Nothing,
    /// There is more to come.
    Part {
        /// Bytes that are there.
        received: u64,
        /// Bytes in all.
        total: u64,
    },
    /// All of it is there.
    Whole(DownloadState),
}

impl Client {
    /// Fetches the next part of the intelligence bundle into `partial`, unless the one in force, by its entity tag, is
    /// still the newest.
    pub async fn download_intel(
        &self,
        enrolment: &Enrolment,
        in_force: Option<&str>,
        partial: &mut dyn Partial,
    ) -> Result<Downloaded, ConnectorError> {
        let kept = partial.kept();
        if let Some((state, received)) = &kept
            && *received == state.total
        {
            return Ok(Downloaded::Whole(state.clone()));
        }
        let url = format!("{}/intel", enrolment.iss);
        let mut pour = Pour { partial, kept: kept.clone(), left: 0, host: enrolment.connector_host() };
        let headers = conditions(in_force, kept.as_ref())?;
        let answer = self.get_into(enrolment, &url, headers, Some(&mut pour)).await?;
        match answer.status {
            StatusCode::OK | StatusCode::PARTIAL_CONTENT if pour.left > 0 => {
                Err(ConnectorError::protocol(&answer.host, "a download that breaks off"))
            }
            StatusCode::OK | StatusCode::PARTIAL_CONTENT => Ok(progress(partial)),
            StatusCode::NOT_MODIFIED => Ok(Downloaded::Unchanged),
            StatusCode::NOT_FOUND => Ok(Downloaded::Nothing),
            // What is kept does not fit what is offered.
            StatusCode::RANGE_NOT_SATISFIABLE => {
                partial.discard()?;
                Ok(Downloaded::Part { received: 0, total: 0 })
            }
            _ => Err(answer.unexpected()),
        }
    }
}

fn progress(partial: &dyn Partial) -> Downloaded {
    match partial.kept() {
        Some((state, received)) if received == state.total => Downloaded::Whole(state),
        Some((state, received)) => Downloaded::Part { received, total: state.total },
        None => Downloaded::Nothing,
    }
}

fn conditions(
    in_force: Option<&str>,
    kept: Option<&(DownloadState, u64)>,
) -> Result<HeaderMap, ConnectorError> {
    let value = |text: &str| {
        HeaderValue::try_from(text)
            .map_err(|_| ConnectorError::Device("an entity tag that HTTP cannot carry".to_owned()))
    };
    let from = kept.map_or(0, |(_, received)| *received);
    let mut headers = HeaderMap::new();
    headers.insert(RANGE, value(&format!("bytes={from}-{}", from + DOWNLOAD_PART - 1))?);
    match (kept, in_force) {
        (Some((state, _)), _) => _ = headers.insert(IF_RANGE, value(&state.etag)?),
        (None, Some(etag)) => _ = headers.insert(IF_NONE_MATCH, value(etag)?),
        (None, None) => {}
    }
    Ok(headers)
}

/// Pours the body of an answer into a partial file, as far as the answer says that it belongs there.
struct Pour<'a> {
    partial: &'a mut dyn Partial,
    kept: Option<(DownloadState, u64)>,
    /// Bytes that the answer still owes.
    left: u64,
    host: String,
}

impl Sink for Pour<'_> {
    fn wants(&mut self, status: StatusCode, headers: &HeaderMap) -> Result<bool, ConnectorError> {
        let odd = |what: &str| ConnectorError::protocol(&self.host, format!("a download {what}"));
        let (from, to, total) = match status {
            StatusCode::PARTIAL_CONTENT => text(headers, CONTENT_RANGE)
                .and_then(content_range)
                .ok_or_else(|| odd("without a Content-Range that can be read"))?,
            StatusCode::OK => {
                let total = text(headers, CONTENT_LENGTH).and_then(|length| length.parse().ok());
                let total = total.ok_or_else(|| odd("without its length"))?;
                (0, total, total)
            }
            _ => return Ok(false),
        };
        if total > MAX_DOWNLOAD {
            return Err(odd(&format!("of {total} bytes: {MAX_DOWNLOAD} are taken at most")));
        }
        // A weak one may stand for other bytes.
        let etag = text(headers, ETAG).filter(|etag| etag.starts_with('"'));
        let state =
            DownloadState { etag: etag.ok_or_else(|| odd("without a strong ETag"))?.to_owned(), total };
        let follows =
            self.kept.as_ref().is_some_and(|(known, received)| *known == state && *received == from);
        if !follows {
            if from != 0 {
                return Err(odd("that does not go on where it broke off"));
            }
            self.partial.begin(state)?;
        }
        self.left = to - from;
        Ok(true)
    }

    fn take(&mut self, piece: &[u8]) -> Result<(), ConnectorError> {
        let length = piece.len() as u64;
        self.left = self
            .left
            .checked_sub(length)
            .ok_or_else(|| ConnectorError::protocol(&self.host, "more of a download than it said"))?;
        self.partial.append(piece)
    }
}

fn text(headers: &HeaderMap, name: hyper::header::HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// `bytes 0-99/1000` as the first byte, the one after the last, and the length of the whole.
fn content_range(value: &str) -> Option<(u64, u64, u64)> {
    let (range, total) = value.strip_prefix("bytes ")?.split_once('/')?;
    let (from, last) = range.split_once('-')?;
    let (from, last, total): (u64, u64, u64) = (from.parse().ok()?, last.parse().ok()?, total.parse().ok()?);
    (from <= last && last < total).then_some((from, last + 1, total))
}
