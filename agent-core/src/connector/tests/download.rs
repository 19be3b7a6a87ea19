//! Downloads in parts, and connectors that answer otherwise than they should.

use super::support::{Behaviour, PATIENT, Server, TestKey, answer, client};
use crate::connector::{ConnectorError, DownloadState, Downloaded, Partial};

/// A partial file in memory.
#[derive(Default)]
struct Memory {
    state: Option<DownloadState>,
    bytes: Vec<u8>,
    begun: usize,
}

impl Partial for Memory {
    fn kept(&self) -> Option<(DownloadState, u64)> {
        self.state.clone().map(|state| (state, self.bytes.len() as u64))
    }

    fn begin(&mut self, state: DownloadState) -> Result<(), ConnectorError> {
        (self.state, self.begun) = (Some(state), self.begun + 1);
        self.bytes.clear();
        Ok(())
    }

    fn append(&mut self, piece: &[u8]) -> Result<(), ConnectorError> {
        self.bytes.extend(piece);
        Ok(())
    }

    fn discard(&mut self) -> Result<(), ConnectorError> {
        *self = Self { begun: self.begun, ..Self::default() };
        Ok(())
    }
}

impl Memory {
    fn with(etag: &str, total: u64, bytes: &[u8]) -> Self {
        let state = Some(DownloadState { etag: etag.to_owned(), total });
        Self { state, bytes: bytes.to_vec(), begun: 0 }
    }
}

fn part(range: &str, etag: &str, body: &[u8]) -> Vec<u8> {
    answer("206 Partial Content", &format!("Content-Range: {range}\r\nETag: {etag}\r\n"), body)
}

/// One request into `partial`, answered with `bytes`; and the request.
async fn step(partial: &mut Memory, bytes: Vec<u8>) -> (Result<Downloaded, ConnectorError>, String) {
    let server = Server::start(Behaviour::Answer(bytes)).await;
    let enrolment = server.enrolment(&TestKey::new());
    let result = client(PATIENT).download_intel(&enrolment, Some("\"1-in-force\""), partial).await;
    let request = server.requests.lock().unwrap().first().cloned().unwrap_or_default();
    (result, String::from_utf8(request).unwrap().to_ascii_lowercase())
}

#[tokio::test]
async fn a_download_begins_goes_on_and_ends() {
    let mut partial = Memory::default();
    let (result, request) = step(&mut partial, part("bytes 0-3/10", "\"2-new\"", b"abcd")).await;
    assert_eq!(result.unwrap(), Downloaded::Part { received: 4, total: 10 });
    assert!(request.contains("if-none-match: \"1-in-force\"\r\n"), "{request}");
    assert!(request.contains("range: bytes=0-1048575\r\n") && !request.contains("if-range"), "{request}");

    let (result, request) = step(&mut partial, part("bytes 4-9/10", "\"2-new\"", b"efghij")).await;
    let state = DownloadState { etag: "\"2-new\"".to_owned(), total: 10 };
    assert_eq!(result.unwrap(), Downloaded::Whole(state));
    assert!(request.contains("range: bytes=4-1048579\r\n"), "{request}");
    assert!(request.contains("if-range: \"2-new\"\r\n") && !request.contains("if-none-match"), "{request}");
    assert_eq!((partial.bytes.as_slice(), partial.begun), (b"abcdefghij".as_slice(), 1));

    let (result, request) = step(&mut partial, Vec::new()).await;
    assert!(matches!(result.unwrap(), Downloaded::Whole(_)));
    assert_eq!(request, "", "what is whole is not asked for");
}

#[tokio::test]
async fn another_file_is_fetched_from_its_beginning() {
    let whole = answer("200 OK", "ETag: \"3-newer\"\r\n", b"other");
    let mut partial = Memory::with("\"2-new\"", 10, b"abcd");
    let (result, _) = step(&mut partial, whole).await;
    assert!(matches!(result.unwrap(), Downloaded::Whole(state) if state.total == 5));
    assert_eq!(partial.bytes, b"other");

    let mut partial = Memory::with("\"2-new\"", 10, b"abcd");
    let (result, _) = step(&mut partial, part("bytes 0-3/8", "\"3-newer\"", b"wxyz")).await;
    assert_eq!(result.unwrap(), Downloaded::Part { received: 4, total: 8 });
    assert_eq!(partial.bytes, b"wxyz");

    let mut partial = Memory::with("\"2-new\"", 10, b"abcd");
    let gone = answer("416 Range Not Satisfiable", "Content-Range: bytes */3\r\n", b"");
    step(&mut partial, gone).await.0.unwrap();
    assert_eq!(partial.kept(), None);
}

#[tokio::test]
async fn what_is_not_new_or_not_there_is_said_so() {
    for (status, expected) in
        [("304 Not Modified", Downloaded::Unchanged), ("404 Not Found", Downloaded::Nothing)]
    {
        let (result, _) = step(&mut Memory::default(), answer(status, "", b"")).await;
        assert_eq!(result.unwrap(), expected);
    }
    let (result, _) = step(&mut Memory::default(), answer("503 Unavailable", "", b"")).await;
    assert!(matches!(result.unwrap_err(), ConnectorError::Busy { .. }));
}

#[tokio::test]
async fn an_answer_that_does_not_fit_is_refused_and_what_is_there_stays() {
    let kept = || Memory::with("\"2-new\"", 10, b"abcd");
    for (case, bytes) in [
        part("bytes 5-9/10", "\"2-new\"", b"fghij"),
        part("bytes 4-9/10", "\"3-newer\"", b"efghij"),
        part("bytes 4-9/11", "\"2-new\"", b"efghij"),
        part("bytes 9-4/10", "\"2-new\"", b"efghij"),
        part("bytes 4-10/10", "\"2-new\"", b"efghijk"),
        part("bytes */10", "\"2-new\"", b"efghij"),
        part("bytes 4-9/99999999999", "\"2-new\"", b"efghij"),
        part("bytes 0-3/10", "W/\"2-new\"", b"efgh"),
        answer("206 Partial Content", "Content-Range: bytes 4-9/10\r\n", b"efghij"),
        answer("200 OK", "", b"whole without a tag"),
    ]
    .into_iter()
    .enumerate()
    {
        let mut partial = kept();
        let (result, _) = step(&mut partial, bytes).await;
        assert!(matches!(result, Err(ConnectorError::Protocol { .. })), "case {case}: {result:?}");
        assert_eq!((partial.bytes.as_slice(), partial.begun), (b"abcd".as_slice(), 0), "case {case}");
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_keeps_what_came_and_one_that_is_too_long_is_cut() {
    let mut cut = part("bytes 4-9/10", "\"2-new\"", b"efghij");
    cut.truncate(cut.len() - 2);
    let mut partial = Memory::with("\"2-new\"", 10, b"abcd");
    let (result, _) = step(&mut partial, cut).await;
    assert!(result.is_err());
    assert_eq!(partial.bytes, b"abcdefgh");

    let mut partial = Memory::with("\"2-new\"", 10, b"abcd");
    let (result, _) = step(&mut partial, part("bytes 4-5/10", "\"2-new\"", b"efghij")).await;
    assert!(matches!(result, Err(ConnectorError::Protocol { .. })), "{result:?}");
    assert_eq!(partial.bytes, b"abcd");
}
