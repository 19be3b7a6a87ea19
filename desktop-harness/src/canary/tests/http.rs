use agent_core::canary::{Content, ContentReply, RedirectReply, Stamp, StampReply};
use agent_core::model::Sha256;

use super::*;

#[tokio::test]
async fn clear_get_is_redirected_to_https_under_a_signature() {
    let lab = Lab::start().await;
    let request = get(&format!("/{}", nonce(1)));
    let answer = lab.ask(&request).await;
    let location = format!("https://{NAME}:{}/{}", lab.tls().port(), nonce(1));
    assert_eq!((answer.status(), answer.header("Location")), ("301", Some(location.as_str())));
    let reply: RedirectReply = answer.verify((), nonce(1), lab.keys()).unwrap();
    assert_eq!(reply.location, location);
    assert_eq!(reply.request_as_received_sha256, Sha256::of(&request));
}

#[tokio::test]
async fn content_is_signed_with_its_digest() {
    let lab = Lab::start().await;
    for (name, kind, media_type, begins) in [
        ("page.html", Content::Page, "text/html; charset=utf-8", b"<!DOCTYPE html>".as_slice()),
        ("script.js", Content::Script, "text/javascript; charset=utf-8", b"(function"),
        ("image.png", Content::Image, "image/png", b"\x89PNG\r\n\x1a\n"),
    ] {
        let answer = lab.ask(&get(&format!("/{}/{name}", nonce(2)))).await;
        let reply: ContentReply = answer.verify(kind, nonce(2), lab.keys()).unwrap();
        assert_eq!(reply.body_sha256, Sha256::of(&answer.body));
        assert_eq!(answer.header("Content-Type"), Some(media_type));
        assert!(answer.body.starts_with(begins));
    }
}

#[tokio::test]
async fn page_links_to_the_canary_itself() {
    let lab = Lab::start().await;
    let page = String::from_utf8(lab.ask(&get(&format!("/{}/page.html", nonce(2)))).await.body).unwrap();
    assert!(page.contains(&format!("\"https://{NAME}:{}/", lab.tls().port())));
    assert!(!page.contains("{{"));
}

#[tokio::test]
async fn echo_gives_back_every_byte_of_any_request() {
    let lab = Lab::start().await;
    let path = format!("/{}/echo", nonce(4));
    for request in [
        format!("GET {path} HTTP/1.1\r\nhOsT: a\r\naCCept:  */*\r\nX:\r\n\r\n").into_bytes(),
        format!("XYZZY {path} HTTP/9.9\r\n\r\n").into_bytes(),
        format!("GET {path}\r\nno colon here\r\n\r\n").into_bytes(),
        format!("{path}\n\n").into_bytes(),
        format!("POST {path} HTTP/1.1\nHost: a\n\r\n").into_bytes(),
        [b"\xff\xfe\0 ".as_slice(), path.as_bytes(), b"\r\n\r\n"].concat(),
    ] {
        let answer = lab.ask(&request).await;
        assert_eq!(answer.body, request);
        let reply: ContentReply = answer.verify(Content::Echo, nonce(4), lab.keys()).unwrap();
        assert_eq!(reply.body_sha256, Sha256::of(&request));
        assert_eq!(reply.request_as_received_sha256, Sha256::of(&request));
    }
}

#[tokio::test]
async fn echo_of_a_request_with_a_body_arrives_whole() {
    let lab = Lab::start().await;
    let head = format!("POST /{}/echo HTTP/1.1\r\nContent-Length: 30000\r\n\r\n", nonce(4)).into_bytes();
    let answer = lab.ask(&[head.clone(), vec![b'x'; 30_000]].concat()).await;
    assert_eq!(answer.body, head);
}

#[tokio::test]
async fn time_is_signed() {
    let lab = Lab::start().await;
    let answer = lab.ask(&get(&format!("/{}/time", nonce(5)))).await;
    let reply: StampReply = answer.verify(Stamp::Time, nonce(5), lab.keys()).unwrap();
    assert_eq!(reply.server_time, NOW);
}

#[tokio::test]
async fn target_in_absolute_form_is_served() {
    let lab = Lab::start().await;
    let answer = lab.ask(&get(&format!("http://{NAME}/{}/time", nonce(5)))).await;
    assert!(answer.verify::<StampReply>(Stamp::Time, nonce(5), lab.keys()).is_ok());
}

#[tokio::test]
async fn header_that_is_not_text_does_not_spoil_the_request() {
    let lab = Lab::start().await;
    let request = [format!("GET /{} HTTP/1.1\r\nVia: ", nonce(1)).as_bytes(), b"\xff\xfe\r\n\r\n"].concat();
    let answer = lab.ask(&request).await;
    let reply: RedirectReply = answer.verify((), nonce(1), lab.keys()).unwrap();
    assert_eq!(reply.request_as_received_sha256, Sha256::of(&request));
}

#[tokio::test]
async fn no_content_has_no_content() {
    let lab = Lab::start().await;
    let answer = lab.ask(&get("/generate_204")).await;
    assert_eq!(
        answer.head,
        "HTTP/1.1 204 No Content\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n"
    );
    assert!(answer.body.is_empty());
}

#[tokio::test]
async fn nothing_is_said_beyond_what_is_asked() {
    let lab = Lab::start().await;
    let nonce = nonce(6);
    for (request, status) in [
        (get("/"), "404"),
        (get("/index.html"), "404"),
        (get(&format!("/{nonce}/other")), "404"),
        (get("/dns-query?dns=AAAA"), "404"),
        (format!("HEAD /{nonce} HTTP/1.1\r\n\r\n").into_bytes(), "405"),
    ] {
        let answer = lab.ask(&request).await;
        assert_eq!((answer.status(), answer.body.len()), (status, 0));
        for header in ["Server", "Date", "Mtd-Canary"] {
            assert_eq!(answer.header(header), None);
        }
    }
}
