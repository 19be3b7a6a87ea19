//! What hostile peers send. The canary closes, says nothing, and serves the next one.

use std::time::Duration;

use agent_core::canary::MAX_REQUEST_HEAD;
use proptest::prelude::*;

use super::super::http::Head;
use super::*;

#[tokio::test]
async fn what_is_no_http_is_closed_without_a_word() {
    let lab = Lab::start().await;
    for request in [
        b"\r\n\r\n".as_slice(),
        b"\n\n",
        b"GET\r\n\r\n",
        b"GET  / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/2.0\r\n\r\n",
        b"GET / HTTP/1.1 x\r\n\r\n",
        b"\x16\x03\x01\x00\x05hello\r\n\r\n",
        b"\xff\xff\xff\xff\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    ] {
        assert_eq!(lab.ask(request).await.status(), "none", "{request:?}");
    }
    assert_still_serves(&lab).await;
}

#[tokio::test]
async fn head_that_never_ends_is_cut_at_the_limit() {
    let lab = Lab::start().await;
    let mut stream = TcpStream::connect(lab.http()).await.unwrap();
    let endless = [get("/")[..16].to_vec(), vec![b'a'; 10 * MAX_REQUEST_HEAD]].concat();
    let _ = stream.write_all(&endless).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    assert!(answer.is_empty());
    assert_still_serves(&lab).await;
}

#[tokio::test]
async fn largest_head_is_echoed() {
    let lab = Lab::start().await;
    let start = format!("GET /{}/echo HTTP/1.1\r\nX: ", nonce(1));
    let padding = "x".repeat(MAX_REQUEST_HEAD - start.len() - 4);
    let request = format!("{start}{padding}\r\n\r\n").into_bytes();
    assert_eq!(lab.ask(&request).await.body, request);
}

#[tokio::test]
async fn request_that_comes_byte_by_byte_is_served() {
    let lab = Lab::start().await;
    let mut stream = TcpStream::connect(lab.http()).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let request = get("/generate_204");
    let (last, first) = request.split_last().unwrap();
    for byte in first {
        stream.write_all(&[*byte]).await.unwrap();
        tokio::task::yield_now().await;
    }
    assert_eq!(exchange(&mut stream, &[*last]).await.status(), "204");
}

#[tokio::test]
async fn peer_that_leaves_in_the_middle_harms_nobody() {
    let lab = Lab::start().await;
    for address in [lab.tls(), lab.http(), lab.dns()] {
        for bytes in [b"".as_slice(), b"G", b"\x16\x03", b"\x00\x20\x12"] {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(bytes).await.unwrap();
        }
    }
    assert_still_serves(&lab).await;
}

#[tokio::test]
async fn garbage_on_the_tls_port_is_closed() {
    let lab = Lab::start().await;
    let clear = get(&format!("/{}", nonce(1)));
    // A record of the largest length, and one that promises a ClientHello of 16 MB.
    let large = [b"\x16\x03\x01\x40\x00".as_slice(), &[0; 16_384]].concat();
    let promising = [b"\x16\x03\x01\x40\x00\x01\xff\xff\xff".as_slice(), &[0; 16_380]].concat();
    for bytes in [clear, large, promising] {
        let mut stream = TcpStream::connect(lab.tls()).await.unwrap();
        let _ = stream.write_all(&bytes).await;
        let mut answer = Vec::new();
        let read = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut answer)).await;
        assert!(read.is_ok(), "closed at once");
        // At most one TLS alert record.
        assert!(answer.len() <= 7, "{answer:?}");
    }
    assert_still_serves(&lab).await;
}

proptest! {
    #[test]
    fn head_ends_at_the_first_empty_line(
        line in "[ -~]{1,60}", rest in proptest::collection::vec(any::<u8>(), 0..40), segment in 1..50usize,
    ) {
        let expected = format!("{line}\r\n\r\n").into_bytes();
        let wire = [expected.clone(), rest].concat();
        let mut seen = 0;
        let head = loop {
            let next = (seen + segment).min(wire.len());
            if let Some(head) = Head::complete(&wire[..next], next - seen) {
                break head;
            }
            prop_assert!(next < wire.len());
            seen = next;
        };
        prop_assert_eq!(head.bytes(), &expected);
        prop_assert!(wire[expected.len()..].starts_with(&head.rest));
    }

    #[test]
    fn arbitrary_heads_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Some(head) = Head::complete(&[bytes.as_slice(), b"\r\n\r\n"].concat(), 204) {
            let _ = (head.request_line().is_some(), head.header("Host").is_some());
        }
    }
}

async fn assert_still_serves(lab: &Lab) {
    assert_eq!(lab.ask(&get("/generate_204")).await.status(), "204");
}
