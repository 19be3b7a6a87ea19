//! Hostile and broken inputs: a clear error, or the rest with a note.

use super::*;
use crate::inventory::limits::{MAX_APPS, MAX_FIELD_BYTES, MAX_NOTES, MAX_PLIST_DEPTH, MAX_SIGNERS};
use crate::inventory::{Format, ReadError, read, read_managed};

fn error(format: Format, input: impl AsRef<[u8]>) -> String {
    read(format, input.as_ref()).unwrap_err().to_string()
}

fn installed(apps: &str) -> String {
    format!("<plist><dict><key>InstalledApplicationList</key><array>{apps}</array></dict></plist>")
}

#[test]
fn every_truncation_of_every_fixture_is_an_error_or_what_came_before_the_cut() {
    for (format, name) in FIXTURES {
        let whole = fixture(name);
        let apps = read_fixture(*format, name).apps.len();
        for end in (0..whole.len()).step_by(7) {
            if let Ok(part) = read(*format, &whole[..end]) {
                // A package may be cut off before the line that says that it is not installed.
                assert!(part.apps.len() <= apps + 1, "{name} cut at {end}");
            }
        }
    }
    let binary = to_binary_plist(&fixture("installed-applications.plist"));
    for end in 0..binary.len() {
        assert!(read(Format::AppleMdm, &binary[..end]).is_err(), "cut at {end}");
    }
}

#[test]
fn a_truncated_plist_says_so() {
    let whole = fixture("installed-applications.plist");
    let half = &whole[..whole.len() / 2];
    assert!(error(Format::AppleMdm, half).starts_with("inventory: not readable as apple_mdm: "));
    assert!(error(Format::AppleMdm, "<plist><dict>").contains("it ends early"));
}

#[test]
fn an_input_above_the_limit_is_not_parsed() {
    let huge = vec![b' '; 33 * 1024 * 1024];
    for format in Format::ALL {
        assert!(matches!(read(*format, &huge), Err(ReadError::TooLarge { .. })), "{format}");
    }
    assert!(matches!(read_managed(&huge), Err(ReadError::TooLarge { .. })));
    let mut binary = b"bplist00".to_vec();
    binary.resize(5 * 1024 * 1024, 0);
    assert!(matches!(read(Format::AppleMdm, &binary), Err(ReadError::TooLarge { .. })));
}

#[test]
fn deep_nesting_is_an_error_and_not_a_stack_overflow() {
    let levels = 500_000;
    let xml = installed(&format!("{}{}", "<array>".repeat(levels), "</array>".repeat(levels)));
    assert_eq!(read(Format::AppleMdm, xml.as_bytes()), Err(ReadError::TooDeep));
    let unclosed = format!("<plist><dict><key>Other</key>{}", "<dict><key>a</key>".repeat(levels));
    assert_eq!(read(Format::AppleMdm, unclosed.as_bytes()), Err(ReadError::TooDeep));

    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let nested = format!("{}1{}", open.repeat(levels), close.repeat(levels));
        let json = format!(
            "[{nested}, {{\"displayName\": {nested}, \"version\": [{nested}], \"other\": {nested}}}]"
        );
        let inventory = read(Format::MicrosoftGraph, json.as_bytes()).unwrap();
        assert!((1..=2).contains(&inventory.apps.len()));
        assert_eq!(inventory.apps[0].name, None);
    }
}

#[test]
fn the_deepest_plist_that_is_allowed_is_read() {
    let inner = MAX_PLIST_DEPTH - 3;
    let nested = |levels: usize| {
        let lists = format!("{}{}", "<array>".repeat(levels), "</array>".repeat(levels));
        installed(&format!("<dict><key>Identifier</key><string>a</string><key>Odd</key>{lists}</dict>"))
    };
    assert_eq!(read(Format::AppleMdm, nested(inner).as_bytes()).unwrap().apps.len(), 1);
    assert_eq!(read(Format::AppleMdm, nested(inner + 1).as_bytes()), Err(ReadError::TooDeep));
}

/// A binary plist of a few hundred bytes: each of `levels` lists names the next one 200 times.
fn expanding_binary_plist(levels: u8) -> Vec<u8> {
    let mut plist = b"bplist00".to_vec();
    let mut offsets = Vec::new();
    let mut object = |plist: &mut Vec<u8>, bytes: &[u8]| {
        offsets.push(u16::try_from(plist.len()).unwrap());
        plist.extend_from_slice(bytes);
    };
    object(&mut plist, &[0xD1, 1, 2]);
    object(&mut plist, b"\x5F\x10\x18InstalledApplicationList");
    for level in 0..levels {
        let list = [&[0xAF, 0x10, 200][..], &[level + 3; 200]].concat();
        object(&mut plist, &list);
    }
    object(&mut plist, b"\x51x");
    let table = plist.len() as u64;
    for offset in &offsets {
        plist.extend_from_slice(&offset.to_be_bytes());
    }
    plist.extend_from_slice(&[0, 0, 0, 0, 0, 0, 2, 1]);
    for number in [offsets.len() as u64, 0, table] {
        plist.extend_from_slice(&number.to_be_bytes());
    }
    plist
}

#[test]
fn a_small_binary_plist_that_expands_without_end_is_refused() {
    let small = read(Format::AppleMdm, &expanding_binary_plist(1)).unwrap();
    assert_eq!((small.apps.len(), small.notes.len()), (0, 200));
    assert_eq!(read(Format::AppleMdm, &expanding_binary_plist(10)), Err(ReadError::TooManyValues));
}

#[test]
fn a_binary_plist_that_contains_itself_is_refused() {
    let mut plist = expanding_binary_plist(2);
    let last_list = plist.windows(3).rposition(|bytes| bytes == [0xAF, 0x10, 200]).unwrap();
    plist[last_list + 3] = 2;
    assert!(error(Format::AppleMdm, plist).starts_with("inventory: not readable as apple_mdm: "));
}

#[test]
fn a_wrongly_typed_whole_is_an_error() {
    let cases = [
        (Format::AppleMdm, "<plist><array/></plist>", "the root is not a dictionary"),
        (
            Format::AppleMdm,
            "<plist><dict><key>InstalledApplicationList</key><dict/></dict></plist>",
            "InstalledApplicationList is not a list",
        ),
        (Format::AppleMdm, "", "it ends early"),
        (Format::AppleMdm, "no markup", "not readable as apple_mdm"),
        (Format::AppleMdm, "<plist><dict><key>a</key></dict></plist>", "a key has no value"),
        (
            Format::AppleMdm,
            "<plist><dict><integer>1</integer></dict></plist>",
            "a dictionary key is not a text",
        ),
        (
            Format::AppleMdm,
            "<plist><dict><key>Status</key><string>NotNow</string></dict></plist>",
            "the device answered NotNow instead; send the command again",
        ),
        (
            Format::AppleMdm,
            "<plist><dict><key>ManagedApplicationList</key><dict/></dict></plist>",
            "give it as the managed list",
        ),
        (
            Format::AppleMdm,
            "<plist><dict><key>InstalledApplicationList</key><array/>\
             <key>InstalledApplicationList</key><array/></dict></plist>",
            "appears 2 times",
        ),
        (Format::AndroidManagement, "3", "line 1 column 1 is of the wrong type"),
        (Format::AndroidManagement, "{\"applicationReports\": 4}", "line 1 column 24 is of the wrong type"),
        (Format::AndroidManagement, "{\"name\": \"x\"}", "applicationReportsEnabled"),
        (Format::AndroidManagement, "[{\"packageName\": \"a\"}", "EOF while parsing a list"),
        (Format::AndroidManagement, "[] []", "trailing characters"),
        (
            Format::MicrosoftGraph,
            "{\"value\": \"Secret App\"}",
            "not readable as microsoft_graph: what ends at",
        ),
        (Format::MicrosoftGraph, "[{\"version\": 1, \"version\": 2}]", "or repeats a key"),
        (Format::MicrosoftGraph, "{\"value\": [], \"value\": []}", "2 lists of apps"),
        (Format::MicrosoftGraph, "{\"error\": {\"code\": \"Forbidden\"}}", "ask Graph for"),
        (Format::AndroidDumpsys, "Can't find service: package", "adb shell dumpsys package"),
        (Format::AndroidPmList, "Error: no such user", "no line starts with"),
        (Format::Dpkg, "", "there is no stanza"),
    ];
    for (format, input, expected) in cases {
        let error = error(format, input);
        assert!(error.contains(expected), "{format} {input}: {error}");
        assert!(!error.contains("Secret"), "{error}");
    }
}

#[test]
fn a_wrongly_typed_managed_list_is_an_error_and_a_wrong_entry_a_note() {
    let managed = |inner: &str| {
        read_managed(
            format!("<plist><dict><key>ManagedApplicationList</key>{inner}</dict></plist>").as_bytes(),
        )
    };
    assert!(managed("<array/>").unwrap_err().to_string().contains("is not a dictionary"));
    assert!(read_managed(b"<plist><dict/></plist>").unwrap_err().to_string().contains("there is no Managed"));

    let mut inventory = inventory([app("a")]);
    managed("<dict><key>a</key><string>Managed</string><key> </key><dict/></dict>")
        .unwrap()
        .join(&mut inventory);
    assert_eq!(inventory.apps[0].managed, Some(false));
    assert_eq!(
        notes(&inventory),
        [
            "inventory: ManagedApplicationList[0] is a text, not a dictionary; left out",
            "inventory: ManagedApplicationList[1] has no identifier; left out",
        ]
    );
}

#[test]
fn invalid_utf8_is_noted_in_text_and_refused_in_json() {
    let dumpsys = b"Packages:\n  Package [org.example.a] (1):\n    versionName=1.\xFF\n    versionCode=2\n";
    let inventory = read(Format::AndroidDumpsys, dumpsys).unwrap();
    assert_eq!(inventory.apps[0].short_version.as_deref(), Some("1.\u{FFFD}"));
    assert_eq!(inventory.apps[0].version.as_deref(), Some("2"));
    assert!(notes(&inventory)[0].starts_with("inventory: line 3 is not UTF-8"));

    let json = b"[{\"packageName\": \"\xFF\"}]";
    assert!(error(Format::AndroidManagement, json).contains("invalid unicode code point"));
    assert!(read(Format::AppleMdm, b"<plist><dict><key>\xFF</key><true/></dict></plist>").is_err());
}

#[test]
fn repeated_identifiers_are_kept_and_noted() {
    let text = "package:org.example.a\npackage:org.example.b\npackage:org.example.a\n";
    let inventory = read(Format::AndroidPmList, text.as_bytes()).unwrap();
    assert_eq!(inventory.apps.len(), 3);
    assert_eq!(notes(&inventory), [r#"inventory: "org.example.a" is listed 2 times; each is kept"#]);
}

#[test]
fn more_apps_than_any_device_has_are_refused() {
    let most = "package:a\n".repeat(MAX_APPS);
    assert_eq!(read(Format::AndroidPmList, most.as_bytes()).unwrap().apps.len(), MAX_APPS);
    let more = format!("{most}package:a\n");
    assert_eq!(read(Format::AndroidPmList, more.as_bytes()), Err(ReadError::TooManyApps));

    let json = format!("[{}{{}}]", "{},".repeat(MAX_APPS));
    assert_eq!(read(Format::AndroidManagement, json.as_bytes()), Err(ReadError::TooManyApps));
}

#[test]
fn notes_are_limited_and_the_rest_counted() {
    let text = format!("{}package:a\n", "noise\n".repeat(MAX_NOTES + 5));
    let inventory = read(Format::AndroidPmList, text.as_bytes()).unwrap();
    assert_eq!(inventory.notes.len(), MAX_NOTES + 1);
    assert_eq!(notes(&inventory).last().unwrap(), "inventory: notes 5 more were left out");
}

#[test]
fn overlong_fields_are_left_out_and_noted() {
    let long = "x".repeat(MAX_FIELD_BYTES + 1);
    let json = format!(r#"[{{"packageName": "a", "displayName": "{long}"}}, {{"packageName": "{long}"}}]"#);
    let inventory = read(Format::AndroidManagement, json.as_bytes()).unwrap();
    assert_eq!(find(&inventory, "a").name, None);
    assert_eq!(inventory.apps[0].id, None);
    assert_eq!(
        notes(&inventory)[0],
        "inventory: [0].displayName has 1025 bytes, at most 1024 are kept; left out"
    );
}

#[test]
fn signers_are_limited_and_noted() {
    let fingerprints: Vec<_> = (0..100).map(|number| format!("\"{number:040x}\"")).collect();
    let json =
        format!(r#"[{{"packageName": "a", "signingKeyCertFingerprints": [{}]}}]"#, fingerprints.join(","));
    let inventory = read(Format::AndroidManagement, json.as_bytes()).unwrap();
    assert_eq!(inventory.apps[0].signers.len(), MAX_SIGNERS);
    assert_eq!(notes(&inventory).len(), 1);
}

#[test]
fn control_characters_are_escaped_in_notes() {
    let inventory = read(Format::AndroidPmList, b"\x1b[31mred\npackage:a\n").unwrap();
    assert!(notes(&inventory)[0].contains(r#""\u{1b}[31mred""#));
}

#[test]
fn sizes_beyond_any_storage_are_left_out() {
    let plist = installed(
        "<dict><key>Identifier</key><string>a</string><key>BundleSize</key><integer>18446744073709551615</integer>\
         <key>DynamicSize</key><integer>9007199254740991</integer></dict>",
    );
    let inventory = read(Format::AppleMdm, plist.as_bytes()).unwrap();
    assert_eq!(inventory.apps[0].bundle_size, None);
    assert_eq!(inventory.apps[0].dynamic_size, Some(9_007_199_254_740_991));
    assert_eq!(
        notes(&inventory),
        [
            "inventory: InstalledApplicationList[0].BundleSize is 18446744073709551615, not a size in bytes; left out"
        ]
    );
}

#[test]
fn a_package_heading_outside_its_section_is_no_package() {
    let text = "Packages:\n  Package [a] (1):\n      Package [deep] (2):\nOther:\n  Package [b] (3):\n";
    let inventory = read(Format::AndroidDumpsys, text.as_bytes()).unwrap();
    assert_eq!(inventory.apps.len(), 1);
    assert_eq!(find(&inventory, "a").system, None);
}

#[test]
fn a_missing_managed_list_leaves_managed_absent() {
    let inventory = read_fixture(Format::AppleMdm, "installed-applications.plist");
    assert_eq!(find(&inventory, "com.acme.expenses").managed, None);
    assert_eq!(find(&inventory, "com.acme.directory").managed, Some(true));
}

#[test]
fn dumpsys_counts_a_permission_only_where_it_is_granted() {
    let text = "Packages:\n  Package [org.example.a] (1):\n    versionCode=1 targetSdk=30\n    requested permissions:\n      \
                android.permission.CAMERA: granted=true\n    install permissions:\n      android.permission.INTERNET: \
                granted=true\n      android.permission.VIBRATE: granted=false\n    User 0: installed=true\n      \
                gids=[3003]\n      runtime permissions:\n        android.permission.READ_SMS: granted=true, flags=[ \
                USER_SET ]\n        android.permission.RECORD_AUDIO: granted=false, flags=[ granted=true ]\n        \
                malformed\n      disabledComponents:\n        org.example.a.B: granted=true\n    User 10: \
                installed=true\n      runtime permissions:\n        android.permission.READ_SMS: granted=true\n";
    let inventory = read(Format::AndroidDumpsys, text.as_bytes()).unwrap();
    let permissions = &find(&inventory, "org.example.a").permissions;
    assert_eq!(*permissions, ["android.permission.INTERNET", "android.permission.READ_SMS"]);
}

#[test]
fn dumpsys_with_more_permissions_than_any_app_has_keeps_the_first() {
    let mut text = "Packages:\n  Package [org.example.a] (1):\n    install permissions:\n".to_owned();
    for number in 0..1500 {
        text += &format!("      p.{number:04}: granted=true\n");
    }
    let inventory = read(Format::AndroidDumpsys, text.as_bytes()).unwrap();
    assert_eq!(find(&inventory, "org.example.a").permissions.len(), 1000);
    assert_eq!(inventory.notes.len(), 1);
}
