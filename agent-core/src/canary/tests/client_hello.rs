use proptest::prelude::*;

use super::*;

#[test]
fn digest_is_over_the_message_without_record_headers() {
    let message = message(300);
    let mut reader = ClientHelloReader::new();
    reader.push(&records(&message, 16_384));
    assert_eq!(reader.sha256(), Some(Sha256::of(&message)));
}

#[test]
fn bytes_after_the_client_hello_change_nothing() {
    let message = message(300);
    let mut reader = ClientHelloReader::new();
    reader.push(&[records(&message, 16_384), records(&self::message(40), 16_384)].concat());
    assert_eq!(reader.sha256(), Some(Sha256::of(&message)));
}

#[test]
fn what_is_no_client_hello_is_refused() {
    let hello = records(&message(300), 16_384);
    let mut alert = hello.clone();
    alert[0] = 21;
    let mut ssl2 = hello.clone();
    ssl2[1] = 2;
    let mut server_hello = hello.clone();
    server_hello[5] = 2;
    let mut huge = hello.clone();
    huge[6] = 1;
    for bytes in [alert, ssl2, server_hello, huge, b"GET / HTTP/1.1\r\n\r\n".to_vec(), vec![22, 3, 1, 0, 0]] {
        let mut reader = ClientHelloReader::new();
        reader.push(&bytes);
        reader.push(&hello);
        assert_eq!(reader.sha256(), None);
    }
}

#[test]
fn endless_tiny_records_are_refused() {
    let mut reader = ClientHelloReader::new();
    reader.push(&records(&message(300), 1));
    assert_eq!(reader.sha256(), None);
}

proptest! {
    #[test]
    fn records_and_segments_do_not_matter(
        length in 40..4000usize, fragment in 100..16_384usize, segment in 1..2000usize,
    ) {
        let message = message(length);
        let wire = records(&message, fragment);
        let mut reader = ClientHelloReader::new();
        for part in wire.chunks(segment) {
            prop_assert_eq!(reader.sha256(), None);
            reader.push(part);
        }
        prop_assert_eq!(reader.sha256(), Some(Sha256::of(&message)));
    }

    #[test]
    fn arbitrary_bytes_never_panic(parts in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..100), 0..20)) {
        let mut reader = ClientHelloReader::new();
        reader.push(&[22, 3]);
        for part in parts {
            reader.push(&part);
        }
    }
}

/// A handshake message of type 1 with `length` bytes of content.
fn message(length: usize) -> Vec<u8> {
    let size = u32::try_from(length).unwrap().to_be_bytes();
    let content = (0..length).map(|at| u8::try_from(at % 251).unwrap());
    [1, size[1], size[2], size[3]].into_iter().chain(content).collect()
}

fn records(message: &[u8], fragment: usize) -> Vec<u8> {
    let record = |part: &[u8]| {
        let length = u16::try_from(part.len()).unwrap().to_be_bytes();
        [&[22, 3, 1, length[0], length[1]], part].concat()
    };
    message.chunks(fragment).flat_map(record).collect()
}
