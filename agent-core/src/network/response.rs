//! An HTTP/1 response read from raw bytes: by the measurement to know when it is whole, by the analysis to judge
//! it. Lenient and bounded: whatever came in a canary's place is read as far as it can be.

use std::borrow::Cow;

use super::limits::MAX_HTTP_HEAD;

/// A response, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Response<'a> {
    /// Status code.
    pub(super) status: u16,
    fields: Vec<(&'a str, &'a str)>,
    /// The body as far as it came, without transfer coding.
    pub(super) body: Cow<'a, [u8]>,
    /// How the body ends.
    pub(super) ending: Ending,
}

/// How a body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// Where its head or its last chunk says.
    Whole,
    /// Earlier.
    Cut,
    /// With the connection: nobody can tell whether that was all.
    Close,
}

impl<'a> Response<'a> {
    /// Reads `bytes`; `None` when they do not begin with the whole head of a response.
    pub(super) fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (head, rest) = split_head(bytes)?;
        let mut lines = head.split(|byte| *byte == b'\n').map(line);
        let mut words = lines.next()?.split(' ');
        let version = words.next()?;
        if !version.get(..5)?.eq_ignore_ascii_case("HTTP/") {
            return None;
        }
        let status = words.next()?.parse().ok()?;
        let fields = lines.filter_map(|line| line.split_once(':')).map(|(name, value)| (name, value.trim()));
        let mut response =
            Self { status, fields: fields.collect(), body: Cow::Borrowed(rest), ending: Ending::Close };
        if response.field("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
            let (body, whole) = unchunked(rest);
            (response.body, response.ending) =
                (Cow::Owned(body), if whole { Ending::Whole } else { Ending::Cut });
        } else if let Some(length) = response.field("content-length").and_then(|length| length.parse().ok()) {
            let body = rest.get(..length);
            response.ending = if body.is_some() { Ending::Whole } else { Ending::Cut };
            response.body = Cow::Borrowed(body.unwrap_or(rest));
        }
        Some(response)
    }

    /// The first field `name`.
    pub(super) fn field(&self, name: &str) -> Option<&'a str> {
        self.fields.iter().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
    }
}

/// Head without its empty line, and what follows.
fn split_head(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let window = bytes.get(..MAX_HTTP_HEAD).unwrap_or(bytes);
    let crlf = window.windows(4).position(|four| four == b"\r\n\r\n").map(|at| (at, at + 4));
    let bare = window.windows(2).position(|two| two == b"\n\n").map(|at| (at, at + 2));
    let (end, body) = crlf.into_iter().chain(bare).min()?;
    Some((bytes.get(..end)?, bytes.get(body..)?))
}

/// A line as text; one that is not UTF-8 is empty.
fn line(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default().trim_end_matches('\r')
}

/// The content of chunks (RFC 9112, section 7.1), and whether the last one came.
fn unchunked(mut rest: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let size = rest.get(..end).map(line).unwrap_or_default();
        let size = size.split(';').next().unwrap_or_default().trim();
        let Ok(size) = usize::from_str_radix(size, 16) else { break };
        if size == 0 {
            return (body, true);
        }
        let data = rest.get(end + 1..).unwrap_or_default();
        let Some((chunk, after)) = data.split_at_checked(size) else {
            body.extend_from_slice(data);
            break;
        };
        body.extend_from_slice(chunk);
        let after = after.strip_prefix(b"\r").unwrap_or(after);
        rest = after.strip_prefix(b"\n").unwrap_or(after);
    }
    (body, false)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn body(bytes: &[u8]) -> (Vec<u8>, Ending) {
        let response = Response::parse(bytes).unwrap();
        (response.body.into_owned(), response.ending)
    }

    #[test]
    fn a_body_ends_where_its_head_says() {
        assert_eq!(body(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabc"), (b"ab".to_vec(), Ending::Whole));
        assert_eq!(body(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabc"), (b"abc".to_vec(), Ending::Cut));
        assert_eq!(body(b"HTTP/1.0 200 OK\n\nabc"), (b"abc".to_vec(), Ending::Close));
    }

    #[test]
    fn chunks_are_put_together() {
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        let whole = format!("{head}2;x=y\r\nab\r\n1\r\nc\r\n0\r\n\r\n");
        assert_eq!(body(whole.as_bytes()), (b"abc".to_vec(), Ending::Whole));
        let cut = format!("{head}2\r\nab\r\nffffffffffffffff\r\nc");
        assert_eq!(body(cut.as_bytes()), (b"abc".to_vec(), Ending::Cut));
    }

    #[test]
    fn field_names_have_no_case() {
        let response =
            Response::parse(b"HTTP/1.1 301 Moved\r\nLOCATION:  https://a.example/ \r\n\r\n").unwrap();
        assert_eq!((response.status, response.field("Location")), (301, Some("https://a.example/")));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = Response::parse(&bytes);
        }

        #[test]
        fn arbitrary_chunks_never_panic(chunks in "[0-9a-fx;\r\n]{0,200}") {
            let response = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}");
            prop_assert!(Response::parse(response.as_bytes()).is_some());
        }
    }
}
