//! Android: the text of `dumpsys package`, whole or of one package, alone or within a bug report.
//!
//! The form is that of `com.android.server.pm.Settings.dumpPackageLPr`: a section `Packages:` at the margin,
//! `  Package [ID] (HASH):` for each package, its properties four columns in. `Hidden system packages:`
//! repeats packages in the version that came with the device and was updated since: not read.
//!
//! `signatures=PackageSignatures{…}` has had two forms. Since Android 9 it is `version:N, signatures:[…], past
//! signatures:[…]`, Java hash codes of the certificates; past ones are kept too, since a rotated key is still
//! the same signer. Before, the brackets hold `System.identityHashCode`, another number at every boot, which
//! says nothing about the signer and is not kept.

use super::Format;
use super::draft::{Draft, Place, app_id, quote};
use super::error::ReadError;
use super::grants::Grants;
use super::text;
use super::value::Fields;
use crate::model::{AppRecord, AppSource, Inventory, SignerDigest};

pub fn read(input: &[u8]) -> Result<Inventory, ReadError> {
    let mut draft = Draft::default();
    let text = text::decode(input, &mut draft);
    let mut in_packages = false;
    let mut seen = false;
    let mut old_signatures = None;
    let mut package: Option<Package<'_>> = None;

    for (number, line) in text::lines(&text) {
        let content = line.trim_start_matches(' ');
        let indent = line.len() - content.len();
        if indent == 0 && !content.is_empty() {
            finish(package.take(), &mut draft)?;
            in_packages = content.trim_end() == "Packages:";
            seen |= in_packages;
        }
        if !in_packages {
            continue;
        }
        if indent == PACKAGE_INDENT
            && let Some(id) = package_heading(content)
        {
            finish(package.take(), &mut draft)?;
            package = Some(Package { line: number, id, ..Package::default() });
        } else if indent == PROPERTY_INDENT
            && let Some(package) = &mut package
        {
            package.read_property(content.trim_end());
            if package.old_signatures && old_signatures.is_none() {
                old_signatures = Some(number);
            }
        } else if let Some(package) = &mut package {
            match indent.checked_sub(PROPERTY_INDENT) {
                Some(2) => package.grants.read_entry(content.trim_end()),
                Some(4) => package.grants.read_inner_entry(content.trim_end()),
                _ => {}
            }
        }
    }
    finish(package, &mut draft)?;

    if let Some(number) = old_signatures {
        draft.note(
            Place::Line(number),
            "signatures of Android before 9 are numbers of the running system, not of signers; left out",
        );
    }
    if !seen {
        let why = "there is no section \"Packages:\"; export it with: adb shell dumpsys package";
        return Err(ReadError::no_app_list(Format::AndroidDumpsys, why));
    }
    Ok(draft.finish())
}

const PACKAGE_INDENT: usize = 2;
const PROPERTY_INDENT: usize = 4;

/// The identifier in `Package [ID] (HASH):`.
fn package_heading(content: &str) -> Option<&str> {
    let (id, _) = content.strip_prefix("Package [")?.split_once("] (")?;
    Some(id)
}

fn finish(package: Option<Package<'_>>, draft: &mut Draft) -> Result<(), ReadError> {
    let Some(package) = package else { return Ok(()) };
    if package.installed == Some(false) {
        return Ok(());
    }
    let place = Place::Line(package.line);
    let app = package.into_record(Fields { draft: &mut *draft, place });
    draft.push(place, "package name", app)
}

/// The properties of one package that matter, as they stand.
#[derive(Default)]
struct Package<'a> {
    line: usize,
    id: &'a str,
    version_code: Option<&'a str>,
    version_name: Option<&'a str>,
    target_sdk: Option<&'a str>,
    installer: Option<&'a str>,
    flags: Option<Flags>,
    signatures: Option<&'a str>,
    old_signatures: bool,
    /// Whether any user of the device has it; untold where no user is listed.
    installed: Option<bool>,
    grants: Grants<'a>,
}

#[derive(Clone, Copy, Default)]
struct Flags {
    system: bool,
    debuggable: bool,
}

impl<'a> Package<'a> {
    fn read_property(&mut self, property: &'a str) {
        self.grants.read_property(property);
        if property.starts_with("User ") {
            self.read_user(property);
            return;
        }
        let Some((key, value)) = property.split_once('=') else { return };
        match key {
            "versionCode" => self.read_versions(property),
            "versionName" => self.version_name = Some(value),
            "installerPackageName" => self.installer = Some(value),
            "flags" | "pkgFlags" => self.read_flags(value),
            "signatures" => {
                self.old_signatures = !value.contains(" version:") && !value.ends_with(" []}");
                self.signatures = Some(value);
            }
            _ => {}
        }
    }

    /// `User 0: ceDataInode=474317 installed=true hidden=false …`
    fn read_user(&mut self, property: &str) {
        let Some(installed) = property.split_whitespace().find_map(|word| word.strip_prefix("installed="))
        else {
            return;
        };
        self.installed = Some(self.installed == Some(true) || installed == "true");
    }

    /// `versionCode=1 minSdk=21 targetSdk=24`
    fn read_versions(&mut self, property: &'a str) {
        for word in property.split_whitespace() {
            match word.split_once('=') {
                Some(("versionCode", code)) => self.version_code = Some(code),
                Some(("targetSdk", sdk)) => self.target_sdk = Some(sdk),
                _ => {}
            }
        }
    }

    /// `[ SYSTEM HAS_CODE ]`. Of `flags` (the app's) and `pkgFlags` (its setting's), either may lack a flag.
    fn read_flags(&mut self, value: &str) {
        let flags = self.flags.get_or_insert_default();
        for word in value.split_whitespace() {
            flags.system |= word == "SYSTEM";
            flags.debuggable |= word == "DEBUGGABLE";
        }
    }

    fn into_record(self, mut fields: Fields<'_>) -> AppRecord {
        let mut app = AppRecord::from_source(AppSource::AndroidDumpsys);
        app.id = app_id(fields.text("package name", Some(self.id).into()));
        app.version = fields.text("versionCode", self.version_code.into());
        app.short_version =
            fields.text("versionName", self.version_name.filter(|name| *name != "null").into());
        app.installer = match self.installer {
            Some("null") => Some(String::new()),
            other => fields.text("installerPackageName", other.into()),
        };
        app.system = self.flags.map(|flags| flags.system);
        app.debuggable = self.flags.map(|flags| flags.debuggable);
        app.target_sdk = self.target_sdk.and_then(|sdk| target_sdk(&mut fields, sdk));
        app.permissions = self.grants.finish(&mut fields);
        app.signers = self.signatures.map(|value| signers(&mut fields, value)).unwrap_or_default();
        app
    }
}

fn target_sdk(fields: &mut Fields<'_>, sdk: &str) -> Option<u32> {
    let number = sdk.parse().ok();
    if number.is_none() {
        fields.note("targetSdk", format_args!("is {}, not a number; left out", quote(sdk)));
    }
    number
}

/// `PackageSignatures{7c4 version:3, signatures:[1f2e3d4c], past signatures:[0a1b2c3d flags: 17]}`
fn signers(fields: &mut Fields<'_>, value: &str) -> Vec<SignerDigest> {
    let now = bracketed(value, ", signatures:[");
    let past = bracketed(value, ", past signatures:[");
    let mut signers = Vec::new();
    for entry in now.chain(past) {
        let code = entry.split_whitespace().next().unwrap_or_default();
        match u32::from_str_radix(code, 16) {
            Ok(code) => signers.push(SignerDigest::HashCode(code)),
            Err(_) => fields.note("signatures", format_args!("{} is no hash code; left out", quote(code))),
        }
    }
    signers
}

/// The comma-separated entries between `opening` and the next `]`.
fn bracketed<'a>(value: &'a str, opening: &str) -> impl Iterator<Item = &'a str> {
    let entries =
        value.split_once(opening).and_then(|(_, rest)| rest.split_once(']')).map(|(entries, _)| entries);
    entries
        .into_iter()
        .flat_map(|entries| entries.split(','))
        .map(str::trim)
        .filter(|entry| !entry.is_empty())
}
