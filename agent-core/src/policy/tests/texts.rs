use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::model::Platform;
use crate::policy::texts::{ENGLISH, KOREAN, fill, laid_over, parse};
use crate::policy::{Language, System};

/// What every detection has, in every language.
const REQUIRED: [&str; 5] = ["title", "meaning", "action", "fix", "admin"];
/// What fits on a lock screen beside a level, in characters.
const LONGEST_TITLE: usize = 40;

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

/// The texts of one detection, by their paths.
fn of(detection: Detection, texts: &BTreeMap<String, String>) -> BTreeMap<&str, &str> {
    let prefix = format!("detection.{detection}.");
    let texts = texts.iter().map(|(path, text)| (path.as_str(), text.as_str()));
    texts.filter(|(path, _)| path.starts_with(&prefix)).collect()
}

fn system(platform: Platform, version: Option<&str>) -> System {
    System { platform, version: version.map(|version| version.parse().unwrap()) }
}

#[test]
fn every_detection_has_all_its_texts_in_every_language() {
    for language in [ENGLISH, KOREAN] {
        let texts = texts(language);
        for detection in Detection::ALL {
            for name in REQUIRED {
                let path = format!("detection.{detection}.{name}");
                let text = texts.get(&path).map_or("", |text| text.trim());
                assert!(!text.is_empty() && !text.contains(detection.as_str()), "{path}: {text:?}");
            }
        }
    }
}

#[test]
fn texts_that_lack_one_are_refused() {
    let english = table(ENGLISH);
    for name in REQUIRED {
        let mut lacking = english.clone();
        lacking["detection"]["device.rooted"].as_table_mut().unwrap().remove(name).unwrap();
        let message = parse("en.toml", lacking).unwrap_err().to_string();
        assert!(message.contains(&format!("missing field `{name}`")), "{message}");
    }
    for detection in Detection::ALL {
        let mut lacking = english.clone();
        lacking["detection"].as_table_mut().unwrap().remove(detection.as_str()).unwrap();
        let message = parse("en.toml", lacking).unwrap_err().to_string();
        assert!(message.ends_with(&format!("no texts for detection \"{detection}\"")), "{message}");
    }
}

#[test]
fn the_texts_stand_in_the_order_of_their_kin() {
    for (language, text) in [("en", ENGLISH), ("ko", KOREAN)] {
        let headings = |kind: &str| -> Vec<String> {
            let names = text.lines().filter_map(|line| line.strip_prefix(&format!("[{kind}.\"")));
            names.map(|name| name.trim_end_matches("\"]").to_owned()).collect()
        };
        let detections: Vec<_> = Detection::ALL.iter().map(ToString::to_string).collect();
        let checks: Vec<_> = CheckId::ALL.iter().map(ToString::to_string).collect();
        assert_eq!(headings("detection"), detections, "{language}");
        assert_eq!(headings("check"), checks, "{language}");
    }
}

#[test]
fn a_title_is_its_own_and_fits_on_a_lock_screen() {
    for language in [ENGLISH, KOREAN] {
        let titles: Vec<_> =
            texts(language).into_iter().filter(|(path, _)| path.ends_with(".title")).collect();
        let different: BTreeSet<_> = titles.iter().map(|(_, title)| title).collect();
        assert_eq!(different.len(), Detection::ALL.len());
        for (path, title) in &titles {
            assert!(title.chars().count() <= LONGEST_TITLE && !title.ends_with('.'), "{path}: {title}");
        }
    }
}

#[test]
fn a_fix_is_that_of_the_version_that_the_system_has_reached() {
    const VERSIONED: &str = r#"
        [detection."device.emulator"]
        fix = "anywhere"
        fix_ios = "iOS"
        fix_ios_from.16 = "iOS 16"
        fix_android = "Android"
        fix_android_from."8.1" = "Android 8.1"
        fix_android_from.14 = "Android 14"
        fix_android_from.12 = "Android 12"
    "#;
    let texts = parse("en.toml", laid_over(table(ENGLISH), table(VERSIONED))).unwrap();
    let cases = [
        (Platform::Android, None, "Android"),
        (Platform::Android, Some("8"), "Android"),
        (Platform::Android, Some("8.0.9"), "Android"),
        (Platform::Android, Some("8.1"), "Android 8.1"),
        (Platform::Android, Some("8.1.0"), "Android 8.1"),
        (Platform::Android, Some("11"), "Android 8.1"),
        (Platform::Android, Some("12"), "Android 12"),
        (Platform::Android, Some("12.1"), "Android 12"),
        (Platform::Android, Some("13"), "Android 12"),
        (Platform::Android, Some("14"), "Android 14"),
        (Platform::Android, Some("100"), "Android 14"),
        (Platform::Ios, None, "iOS"),
        (Platform::Ios, Some("14"), "iOS"),
        (Platform::Ios, Some("15.8.3"), "iOS"),
        (Platform::Ios, Some("16.0"), "iOS 16"),
        (Platform::Ios, Some("18.7.1"), "iOS 16"),
        (Platform::Linux, None, "anywhere"),
        (Platform::Linux, Some("13"), "anywhere"),
    ];
    for (platform, version, expected) in cases {
        let fix = texts.detection(Detection::Emulator).fix(&system(platform, version));
        assert_eq!(fix, expected, "{platform} {version:?}");
    }
}

#[test]
fn a_translation_can_leave_a_version_to_english() {
    let partial = "[detection.\"device.screen_lock_off\"]\nfix_android_from.13 = \"열셋\"\n";
    let texts = parse("ko.toml", laid_over(table(ENGLISH), table(partial))).unwrap();
    let fix =
        |version| texts.detection(Detection::ScreenLockOff).fix(&system(Platform::Android, Some(version)));
    assert_eq!(fix("13"), "열셋");
    assert!(fix("14").starts_with("Settings > "), "{}", fix("14"));
}

#[test]
fn a_version_that_is_none_is_refused_and_named() {
    let wrong = "[detection.\"device.rooted\"]\nfix_android_from.twelve = \"x\"\n";
    let message = parse("en.toml", laid_over(table(ENGLISH), table(wrong))).unwrap_err().to_string();
    assert!(message.contains("a version is numbers with dots between them"), "{message}");
}

#[test]
fn every_version_of_a_fix_says_something_else() {
    for language in [ENGLISH, KOREAN] {
        let texts = texts(language);
        for (detection, platform) in Detection::ALL.iter().flat_map(|it| [(*it, "ios"), (*it, "android")]) {
            let of_platform = format!(".fix_{platform}");
            let mut fixes = of(detection, &texts);
            fixes.retain(|path, _| path.contains(&of_platform));
            let different: BTreeSet<_> = fixes.values().collect();
            assert_eq!(different.len(), fixes.len(), "{detection}: {fixes:?}");
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
fn texts_name_the_subject_exactly_where_there_is_one() {
    let english = texts(ENGLISH);
    for detection in Detection::ALL {
        let is_of_another = matches!(detection, Detection::RiskyProfile | Detection::UndeclaredRoot);
        let has_subject =
            detection.is_about_an_app() || detection.as_str().starts_with("web.") || is_of_another;
        for (path, text) in of(*detection, &english) {
            let names_it = text.contains("{subject}");
            assert!(has_subject || !names_it, "{path}: its subject can be empty");
            if path.ends_with(".meaning") || path.ends_with(".action") {
                assert_eq!(names_it, has_subject, "{path}");
            }
        }
    }
}

#[test]
fn a_title_and_what_an_administrator_does_hold_for_all_subjects() {
    for (path, text) in texts(ENGLISH) {
        if path.ends_with(".title") || path.ends_with(".admin") {
            assert_eq!(placeholders(&text), BTreeSet::new(), "{path}");
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
    assert!(rooted.meaning.starts_with("On this device"));
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
