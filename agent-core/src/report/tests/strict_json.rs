use proptest::prelude::*;
use serde::Deserialize;
use serde_json::Value;

use crate::report::strict_json::{describe, from_slice};

#[test]
fn a_member_twice_is_refused_at_any_depth() {
    for json in [
        r#"{"a":1,"a":1}"#,
        r#"{"a":{"b":[{"c":1,"c":2}]}}"#,
        // The same member, written with an escape.
        r#"{"a":1,"\u0061":2}"#,
    ] {
        let error = from_slice::<Value>(json.as_bytes()).unwrap_err();
        assert!(describe(&error).starts_with("a member appears twice"), "{error}");
    }
    assert!(from_slice::<Value>(br#"{"a":{"a":[{"a":1},{"a":1}]}}"#).is_ok());
}

#[test]
fn anything_after_the_value_is_refused() {
    assert!(from_slice::<Value>(b"{} {}").is_err());
    assert!(from_slice::<Value>(b"{}\0").is_err());
    assert!(from_slice::<Value>(b"{} \n").is_ok());
}

#[test]
fn deep_nesting_is_refused() {
    let deep = "[".repeat(100_000);
    assert!(from_slice::<Value>(deep.as_bytes()).is_err());
}

#[test]
fn errors_name_members_of_our_types_and_repeat_no_value() {
    #[derive(Debug, Deserialize)]
    struct Form {
        #[serde(rename = "count")]
        _count: u32,
    }
    let said = |json: &[u8]| describe(&from_slice::<Form>(json).unwrap_err());
    assert!(said(b"{}").starts_with("missing field `count`"));
    for json in
        [r#"{"count":"alice"}"#, r#"{"count":alice}"#, r#"{"alice":1,"alice":1}"#, r#"{"count":1}alice"#]
    {
        let said = said(json.as_bytes());
        assert!(!said.contains("alice"), "{said}");
        assert!(said.contains("line 1 column"), "{said}");
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes: Vec<u8>) {
        if let Err(error) = from_slice::<Value>(&bytes) {
            describe(&error);
        }
    }

    #[test]
    fn json_with_distinct_members_is_read_as_serde_reads_it(
        names in proptest::collection::btree_set("[a-z]{0,3}", 0..8),
    ) {
        let value = Value::Object(names.into_iter().map(|name| (name, Value::from(1))).collect());
        let json = serde_json::to_vec(&value).unwrap();
        prop_assert_eq!(from_slice::<Value>(&json).unwrap(), value);
    }
}
