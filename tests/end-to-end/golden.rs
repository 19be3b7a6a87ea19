//! Comparison with a golden JSON file below `tests/`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// Set to renew the files instead.
const UPDATE: &str = "UPDATE_GOLDEN";

pub fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests").join(name)
}

pub fn read(name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(path(name)).unwrap()).unwrap()
}

/// Fails with a list of what differs, unless [`UPDATE`] is set.
#[track_caller]
pub fn compare(name: &str, found: &Value) {
    if std::env::var_os(UPDATE).is_some() {
        std::fs::write(path(name), format!("{found:#}\n")).unwrap();
        return;
    }
    let differences = differences(&read(name), found);
    assert!(
        differences.is_empty(),
        "{} differences from tests/{name} (expected, found):\n  {}\nIf they are meant, run this test with {UPDATE}=1 and \
         review the change of the file.",
        differences.len(),
        differences.join("\n  ")
    );
}

/// What differs, by JSON pointer.
pub fn differences(expected: &Value, found: &Value) -> Vec<String> {
    let mut differences = Vec::new();
    collect("", Some(expected), Some(found), &mut differences);
    differences
}

fn collect(at: &str, expected: Option<&Value>, found: Option<&Value>, into: &mut Vec<String>) {
    match (expected, found) {
        (Some(Value::Object(expected)), Some(Value::Object(found))) => {
            let names: BTreeSet<_> = expected.keys().chain(found.keys()).collect();
            for name in names {
                let step = name.replace('~', "~0").replace('/', "~1");
                collect(&format!("{at}/{step}"), expected.get(name), found.get(name), into);
            }
        }
        (Some(Value::Array(expected)), Some(Value::Array(found))) => {
            for index in 0..expected.len().max(found.len()) {
                collect(&format!("{at}/{index}"), expected.get(index), found.get(index), into);
            }
        }
        (expected, found) if expected != found => {
            let told = |value: Option<&Value>| value.map_or("nothing".to_owned(), Value::to_string);
            into.push(format!("{at}: {}, {}", told(expected), told(found)));
        }
        _ => {}
    }
}

#[test]
fn differences_are_told_by_pointer() {
    use serde_json::json;

    let expected = json!({ "a": [1, 2], "b/c": "x", "same": null });
    let found = json!({ "a": [1, 3, 4], "d": true, "same": null });
    assert_eq!(
        differences(&expected, &found),
        ["/a/1: 2, 3", "/a/2: nothing, 4", "/b~1c: \"x\", nothing", "/d: nothing, true"]
    );
    assert_eq!(differences(&expected, &expected), [""; 0]);
}
