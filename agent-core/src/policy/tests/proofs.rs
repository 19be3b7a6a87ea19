//! Every detection has a test that makes it appear and one that makes it resolve. `proofs.toml` names them.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::*;
use crate::policy::{Language, System};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Registry {
    proof: BTreeMap<Detection, Proof>,
}

/// Tests, each as `file.rs::name`, the file beneath `agent-core/src`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Proof {
    appears: String,
    resolves: String,
}

fn registry() -> Registry {
    toml::from_str(include_str!("proofs.toml")).unwrap()
}

#[test]
fn every_row_has_a_source_texts_a_fix_and_tests() {
    let Registry { proof } = registry();
    let policy = policy();
    for row in policy.rows() {
        assert!(row.source.len() > 5, "{}: no source", row.id);
        assert!(!row.resolved_by.is_empty(), "{}: nothing resolves it", row.id);
        for language in Language::ALL {
            let texts = policy.texts(*language).detection(row.id);
            for platform in crate::model::Platform::ALL {
                let system = System { platform: *platform, version: None };
                for text in [&texts.title, &texts.meaning, &texts.action, &texts.admin, texts.fix(&system)] {
                    assert!(!text.trim().is_empty(), "{} in {language:?}: a text is empty", row.id);
                }
            }
        }
        assert!(proof.contains_key(&row.id), "{}: name its tests in proofs.toml", row.id);
    }
}

#[test]
fn every_test_that_is_named_exists_and_names_its_detection() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for (detection, Proof { appears, resolves }) in registry().proof {
        for named in [appears, resolves] {
            let (file, name) = named.split_once("::").expect("file.rs::name");
            let text =
                std::fs::read_to_string(source.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
            assert!(is_test(&text, name), "{detection}: {file} has no test \"{name}\"");
            let check = format!("CheckId::{:?}", detection.check());
            let words = [&format!("{detection:?}"), detection.as_str(), &check, "in Detection::ALL"];
            let is_named = words.iter().any(|word| text.contains(*word));
            assert!(is_named, "{detection}: {file} names neither it nor its check, nor walks all detections");
        }
    }
}

/// Whether `fn name` in `text` comes right after `#[test]`, other attributes aside, and is not left out.
fn is_test(text: &str, name: &str) -> bool {
    let lines: Vec<_> = text.lines().map(str::trim).collect();
    let head = lines.iter().position(|line| line.starts_with(&format!("fn {name}(")));
    let attributes = |head: usize| lines[..head].iter().rev().take_while(|line| line.starts_with("#["));
    let is_run = |head: usize| !attributes(head).any(|line| line.starts_with("#[ignore"));
    head.is_some_and(|head| attributes(head).any(|line| *line == "#[test]") && is_run(head))
}

#[test]
fn a_test_is_told_from_a_function_that_nobody_runs() {
    let text = "#[test]\nfn yes() {}\n\n  #[test]\n  #[ignore]\n  fn idle() {}\nfn no() {}\n";
    assert!(is_test(text, "yes"));
    assert!(!is_test(text, "idle") && !is_test(text, "no") && !is_test(text, "other"));
}
