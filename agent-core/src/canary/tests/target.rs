use proptest::prelude::*;

use super::*;

#[test]
fn only_exact_paths_are_served() {
    let nonce = nonce();
    for path in [
        "/".to_owned(),
        nonce.to_string(),
        format!("/{nonce}/"),
        format!("/{nonce}/page"),
        format!("/{nonce}?"),
        format!("/{nonce}0"),
        format!("//{nonce}"),
        format!("/{}", nonce.to_string().to_uppercase()),
    ] {
        assert_eq!(Resource::parse(&path), None, "{path}");
    }
}

#[test]
fn echo_is_found_in_what_is_no_http() {
    let nonce = nonce();
    assert_eq!(echo_nonce(format!("gEt  /{nonce}/echo\tHTTP/9\r\n\r\n").as_bytes()), Some(nonce));
    assert_eq!(echo_nonce(format!("\0\u{ff}\r\nX: http://a/{nonce}/echo\r\n").as_bytes()), Some(nonce));
    assert_eq!(echo_nonce(format!("GET /{nonce}/time HTTP/1.1").as_bytes()), None);
    assert_eq!(echo_nonce(format!("GET /0{nonce}/echo HTTP/1.1").as_bytes()), None);
}

proptest! {
    #[test]
    fn paths_round_trip(bytes in any::<[u8; 16]>(), which in 0..Resource::ALL.len()) {
        let (nonce, resource) = (Nonce::from_bytes(bytes), Resource::ALL[which]);
        prop_assert_eq!(Resource::parse(&resource.path(&nonce)), Some((nonce, resource)));
    }

    #[test]
    fn arbitrary_input_never_panics(path in ".{0,80}", head in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Resource::parse(&path);
        let _ = echo_nonce(&head);
    }
}
