//! A file over HTTP, whole or one range of it (RFC 9110, sections 13 and 14).
//!
//! Several ranges in one request are answered with the whole file, as the standard allows; so is what cannot be read.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use axum::http::header::{ACCEPT_RANGES, CONTENT_RANGE, CONTENT_TYPE, ETAG, IF_NONE_MATCH, IF_RANGE, RANGE};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use hyper::body::{Frame, SizeHint};
use tokio::sync::mpsc;

use super::bundles::BundleFile;

/// Bytes that are read from a file at once.
const PIECE: u64 = 64 * 1024;

/// Pieces that are read ahead of a slow client.
const AHEAD: usize = 2;

/// Answers a request with `headers` for `file`.
pub(super) async fn serve(file: BundleFile, headers: &HeaderMap) -> io::Result<Response> {
    let BundleFile { path, size, etag } = file;
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let tags = [(ETAG, etag.clone()), (ACCEPT_RANGES, "bytes".to_owned())];
    if text(IF_NONE_MATCH).is_some_and(|known| lists(known, &etag)) {
        return Ok((StatusCode::NOT_MODIFIED, tags).into_response());
    }
    // A range of another file than the one that is meant is no use.
    let is_meant = text(IF_RANGE).is_none_or(|meant| meant == etag);
    let asked = text(RANGE).filter(|_| is_meant).map_or(Asked::Whole, |range| Asked::of(range, size));
    let (status, from, to) = match asked {
        Asked::Whole => (StatusCode::OK, 0, size),
        Asked::Part(from, to) => (StatusCode::PARTIAL_CONTENT, from, to),
        Asked::Beyond => {
            let range = [(CONTENT_RANGE, format!("bytes */{size}"))];
            return Ok((StatusCode::RANGE_NOT_SATISFIABLE, tags, range).into_response());
        }
    };
    let opened = tokio::task::spawn_blocking(move || File::open(path));
    let file = opened.await.map_err(io::Error::other)??;
    let media_type = [(CONTENT_TYPE, "application/octet-stream")];
    let body = Body::new(Pieces::of(file, from, to));
    Ok(match status {
        StatusCode::PARTIAL_CONTENT => {
            let range = [(CONTENT_RANGE, format!("bytes {from}-{}/{size}", to - 1))];
            (status, tags, media_type, range, body).into_response()
        }
        _ => (status, tags, media_type, body).into_response(),
    })
}

/// Whether a list of entity tags has `etag`, or is `*`.
fn lists(list: &str, etag: &str) -> bool {
    list.split(',').map(str::trim).any(|known| known == "*" || known == etag)
}

#[derive(Debug, PartialEq, Eq)]
enum Asked {
    Whole,
    /// From the first byte to the one after the last.
    Part(u64, u64),
    /// Nothing that is there.
    Beyond,
}

impl Asked {
    fn of(range: &str, size: u64) -> Self {
        let Some((first, last)) = range.strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
            return Self::Whole;
        };
        let (from, to) = match (first.parse::<u64>(), last.parse::<u64>()) {
            (Ok(from), Ok(last)) if last >= from => (from, last.saturating_add(1).min(size)),
            (Ok(from), Err(_)) if last.is_empty() => (from, size),
            // The last so many bytes.
            (Err(_), Ok(0)) if first.is_empty() => return Self::Beyond,
            (Err(_), Ok(length)) if first.is_empty() => (size.saturating_sub(length), size),
            _ => return Self::Whole,
        };
        if from < size { Self::Part(from, to) } else { Self::Beyond }
    }
}

/// A body that is read from a file as the client takes it.
struct Pieces {
    pieces: mpsc::Receiver<io::Result<Bytes>>,
    left: u64,
}

impl Pieces {
    fn of(file: File, from: u64, to: u64) -> Self {
        let (sender, pieces) = mpsc::channel(AHEAD);
        tokio::spawn(read(Arc::new(file), from, to, sender));
        Self { pieces, left: to - from }
    }
}

impl hyper::body::Body for Pieces {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let next = std::task::ready!(self.pieces.poll_recv(context));
        if let Some(Ok(piece)) = &next {
            self.left = self.left.saturating_sub(piece.len() as u64);
        }
        Poll::Ready(next.map(|piece| piece.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

/// Reads piece by piece, off the runtime's workers, until all is sent or nobody takes it any more.
async fn read(file: Arc<File>, mut from: u64, to: u64, sender: mpsc::Sender<io::Result<Bytes>>) {
    while from < to {
        let (file, length) = (Arc::clone(&file), PIECE.min(to - from));
        let piece = tokio::task::spawn_blocking(move || {
            let mut piece = vec![0; usize::try_from(length).unwrap_or_default()];
            file.read_exact_at(&mut piece, from).map(|()| Bytes::from(piece))
        });
        let piece = piece.await.unwrap_or_else(|error| Err(io::Error::other(error)));
        let broke = piece.is_err();
        if sender.send(piece).await.is_err() || broke {
            return;
        }
        from += length;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_read_as_the_standard_says() {
        for (range, expected) in [
            ("bytes=0-0", Asked::Part(0, 1)),
            ("bytes=0-9", Asked::Part(0, 10)),
            ("bytes=3-", Asked::Part(3, 10)),
            ("bytes=3-999", Asked::Part(3, 10)),
            ("bytes=-4", Asked::Part(6, 10)),
            ("bytes=-999", Asked::Part(0, 10)),
            ("bytes=9-9", Asked::Part(9, 10)),
            ("bytes=10-", Asked::Beyond),
            ("bytes=10-20", Asked::Beyond),
            ("bytes=-0", Asked::Beyond),
            ("bytes=18446744073709551615-", Asked::Beyond),
            ("bytes=0-18446744073709551615", Asked::Part(0, 10)),
            ("bytes=5-3", Asked::Whole),
            ("bytes=0-1,3-4", Asked::Whole),
            ("bytes=-", Asked::Whole),
            ("bytes=a-b", Asked::Whole),
            ("items=0-1", Asked::Whole),
            ("", Asked::Whole),
        ] {
            assert_eq!(Asked::of(range, 10), expected, "{range}");
        }
    }

    #[test]
    fn a_tag_is_looked_for_in_a_list() {
        assert!(lists("\"a\", \"b\"", "\"b\"") && lists("*", "\"b\""));
        assert!(!lists("\"a\", W/\"b\"", "\"b\"") && !lists("", "\"b\""));
    }
}
