use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::model::Platform;
use crate::policy::Language;
use crate::policy::texts::{ENGLISH, KOREAN, Texts, fill, laid_over, parse};

fn table(text: &str) -> toml::Table {
    text.parse().unwrap()
}

/// Every text by its path: `detection.app.malicious.title`.
fn flat(prefix: &str, table: &toml::Table, texts: &mut BTreeMap<String, String>) {
    for (key, value) in table {
        let path = format!("{prefix}{key}");
        match value {
            toml::Value::Table(inner) => flat(&format!("{path}."), inner, texts),
            other => _ = texts.insert(path, other.as_str().unwrap().to_owned()),
        }
    }
}

fn texts(text: &str) -> BTreeMap<String, String> {
    let mut texts = BTreeMap::new();
    flat("", &table(text), &mut texts);
    texts
}

fn placeholders(text: &str) -> BTreeSet<&str> {
    text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name).collect()
}

#[test]
fn every_detection_has_title_meaning_and_fix_in_every_language() {
    let texts = Texts::embedded().unwrap();
    for language in Language::ALL {
        for detection in Detection::ALL {
            let told = texts.of(*language).detection(*detection);
            for platform in Platform::ALL {
                for text in [&told.title, &told.meaning, &told.action, told.fix(*platform)] {
                    assert!(!text.trim().is_empty(), "{detection} in {language:?}");
                }
            }
        }
    }
}

#[test]
fn korean_translates_every_text_and_no_other() {
    let (english, korean) = (texts(ENGLISH), texts(KOREAN));
    assert_eq!(english.keys().collect::<Vec<_>>(), korean.keys().collect::<Vec<_>>());
    let hangul = |text: &str| text.chars().any(|c| ('가'..='힣').contains(&c));
    let untranslated: Vec<_> =
        korean.iter().filter(|(path, text)| !hangul(text) && *path != "phrase.about").collect();
    assert_eq!(untranslated, []);
}

#[test]
fn a_translation_fills_in_the_same_values() {
    let korean = texts(KOREAN);
    for (path, english) in texts(ENGLISH) {
        assert_eq!(placeholders(&english), placeholders(&korean[&path]), "{path}");
    }
}

#[test]
fn no_korean_particle_follows_a_value() {
    for (path, text) in texts(KOREAN) {
        let without_counter = text.replace("{count}건", "");
        let after = without_counter.split('}').skip(1).filter_map(|rest| rest.chars().next());
        assert!(!after.into_iter().any(|c| ('가'..='힣').contains(&c)), "{path}: {text}");
    }
}

#[test]
fn only_app_texts_name_the_subject() {
    for (path, text) in texts(ENGLISH) {
        if path.starts_with("detection.") && text.contains("{subject}") {
            assert!(path.starts_with("detection.app."), "{path}: its subject can be empty");
        }
    }
}

#[test]
fn a_text_that_is_not_translated_is_read_in_english() {
    let partial = "[level]\nhigh = \"높음\"\n[detection.\"device.rooted\"]\ntitle = \"루팅된 기기\"\n";
    let texts = parse("ko.toml", laid_over(table(ENGLISH), table(partial))).unwrap();
    assert_eq!(texts.level(Level::High), "높음");
    assert_eq!(texts.level(Level::Low), "low");
    let rooted = texts.detection(Detection::Rooted);
    assert_eq!(rooted.title, "루팅된 기기");
    assert!(rooted.meaning.starts_with("The protection"));
}

#[test]
fn a_text_of_unknown_name_is_refused_and_named() {
    let wrong = "[detection.\"device.rooted\"]\ntitel = \"x\"\n";
    let error = parse("ko.toml", laid_over(table(ENGLISH), table(wrong))).unwrap_err();
    let message = error.to_string();
    assert!(message.starts_with("policy: texts/ko.toml: ") && message.contains("titel"), "{message}");
}

#[test]
fn a_language_is_found_by_tag_or_locale() {
    for tag in ["ko", "ko-KR", "ko_KR.UTF-8", "KO"] {
        assert_eq!(Language::from_tag(tag), Language::Ko, "{tag}");
    }
    for tag in ["", "C", "en-GB", "kok-IN", "de_DE@euro"] {
        assert_eq!(Language::from_tag(tag), Language::En, "{tag}");
    }
}

#[test]
fn values_are_filled_in_once() {
    let values = [("subject", "{level} {subject}"), ("level", "high")];
    assert_eq!(fill("{subject}: {level}!", &values), "{level} {subject}: high!");
    assert_eq!(fill("a {unknown} {b {level", &values), "a {unknown} {b {level");
    assert_eq!(fill("{{level}}", &values), "{high}");
}

proptest! {
    #[test]
    fn filling_in_never_panics_and_keeps_what_it_does_not_know(text in "[a-z{} ]{0,40}") {
        prop_assert_eq!(fill(&text, &[]), text);
    }
}
