use super::{DerError, Reader};

fn bytes(hex: &str) -> Vec<u8> {
    let digits: String = hex.split_whitespace().collect();
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}

#[test]
fn booleans_are_00_and_ff_alone() {
    let read = |hex: &str| Reader::new(&bytes(hex)).boolean();
    assert_eq!((read("0101 00"), read("0101 ff")), (Ok(false), Ok(true)));
    for value in 1..=0xfe {
        assert_eq!(read(&format!("0101 {value:02x}")), Err(DerError::Boolean(value)));
    }
    assert_eq!(read("0102 ffff"), Err(DerError::Length));
    assert_eq!(read("0100"), Err(DerError::Length));
}

#[test]
fn integers_have_one_encoding() {
    let read = |hex| Reader::new(&bytes(hex)).integer();
    for (hex, number) in [
        ("0201 00", 0),
        ("0201 7f", 127),
        ("0202 0080", 128),
        ("0204 0134d9a5", 20_240_805),
        ("0209 00ffffffffffffffff", u64::MAX),
    ] {
        assert_eq!(read(hex), Ok(number), "{hex}");
    }
    for hex in
        ["0200", "0201 80", "0202 007f", "0202 0000", "0209 010000000000000000", "020a 00ffffffffffffffffff"]
    {
        assert_eq!(read(hex), Err(DerError::Integer), "{hex}");
    }
}

#[test]
fn lengths_have_one_encoding() {
    let read = |header: &str, content: usize| {
        let der = [bytes(header), vec![7; content]].concat();
        Reader::new(&der).octets().map(<[u8]>::len)
    };
    assert_eq!(read("047f", 127), Ok(127));
    assert_eq!(read("048180", 128), Ok(128));
    assert_eq!(read("04820100", 256), Ok(256));
    assert_eq!(read("0483010000", 65_536), Ok(65_536));
    for (header, content) in
        [("04817f", 127), ("04820080", 128), ("0483000100", 256), ("0484 00010000", 65_536)]
    {
        assert_eq!(read(header, content), Err(DerError::Length), "{header}");
    }
    assert_eq!(read("0480", 4), Err(DerError::Length), "indefinite");
    assert_eq!(read("04ff", 4), Err(DerError::Length), "reserved");
    assert_eq!(read("0405", 4), Err(DerError::Truncated));
    assert_eq!(read("0482 01", 0), Err(DerError::Truncated));
}

#[test]
fn tags_have_one_encoding() {
    let read = |hex| Reader::new(&bytes(hex)).tagged().map(|(number, _)| number);
    assert_eq!(read("a1 00"), Ok(1));
    assert_eq!(read("be 00"), Ok(30));
    assert_eq!(read("bf1f 00"), Ok(31));
    assert_eq!(read("bf8548 00"), Ok(712));
    assert_eq!(read("bfff7f 00"), Ok(16_383));
    for hex in ["bf1e 00", "bf801f 00", "bf818000 00", "bf8080 00"] {
        assert_eq!(read(hex), Err(DerError::Tag), "{hex}");
    }
    assert_eq!(read("bf85"), Err(DerError::Truncated));
    assert!(matches!(read("81 00"), Err(DerError::Unexpected { .. })), "implicit");
}

#[test]
fn what_follows_is_refused() {
    let der = bytes("0500 00");
    let mut reader = Reader::new(&der);
    reader.null().unwrap();
    assert_eq!(reader.end(), Err(DerError::Trailing(1)));
    assert_eq!(Reader::new(&bytes("0501 00")).null(), Err(DerError::Null));
    assert!(matches!(Reader::new(&der).sequence(), Err(DerError::Unexpected { .. })));
}
