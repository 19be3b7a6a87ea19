//! `mtd connector attestation`, and the settings on device keys.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use agent_core::model::Sha256;
use clap::ValueEnum;

use super::files;
use super::switch::Switch;
use crate::CliError;
use crate::attestation::android::{AndroidApp, PatchLevel};
use crate::attestation::apple::Environment;
use crate::connector::{AttestationFile, Connector, KeyRules};
use crate::ui::{Ui, clean, plural};

/// Takes a setting back.
const NONE: &str = "none";

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Google's list of revoked attestation certificates (JSON, android.googleapis.com/attestation/status); none: no list
    #[arg(long, value_name = "FILE")]
    revoked: Option<PathBuf>,
    /// For emulators and tests: root certificates (PEM) in place of Google's; none: Google's again
    #[arg(long, value_name = "FILE")]
    android_root: Option<PathBuf>,
    /// For tests: a root certificate (PEM) in place of Apple's; none: Apple's again
    #[arg(long, value_name = "FILE")]
    apple_root: Option<PathBuf>,
}

/// Which device keys are taken.
#[derive(Debug, clap::Args)]
pub(super) struct KeyArgs {
    /// Take keys in software too, which whoever can read a device's files can copy
    #[arg(long, value_enum)]
    accept_software_keys: Option<Switch>,
    /// Android app whose keys are taken, and SHA-256 of its signing certificate; repeatable, replaces the list; none: no app
    #[arg(long, value_name = "PACKAGE=SHA256")]
    android_app: Vec<String>,
    /// Take Android keys in StrongBox only
    #[arg(long, value_enum)]
    android_strongbox: Option<Switch>,
    /// Oldest patch level of Android that is taken; none: any
    #[arg(long, value_name = "YYYY-MM")]
    android_patch_level: Option<String>,
    /// Apple app whose keys are taken; repeatable, replaces the list; none: no app
    #[arg(long, value_name = "TEAMID.BUNDLE")]
    apple_app: Vec<String>,
    /// App Attest's environment
    #[arg(long, value_enum)]
    apple_environment: Option<EnvironmentChoice>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum EnvironmentChoice {
    Production,
    Development,
}

pub(super) fn run(connector: &Connector, args: &Args, ui: &Ui) -> Result<(), CliError> {
    for (kind, path) in [
        (AttestationFile::Revoked, &args.revoked),
        (AttestationFile::AndroidRoots, &args.android_root),
        (AttestationFile::AppleRoot, &args.apple_root),
    ] {
        if let Some(path) = path {
            install(connector, kind, path)?;
        }
    }
    let trust = connector.attestation_trust()?;
    if ui.json {
        return ui.json(&trust);
    }
    let root = |is_makers, maker| if is_makers { maker } else { "one of your own: for tests only" };
    ui.line(format!("Android roots     {}", root(trust.google_roots, "Google's")));
    ui.line(format!("Apple root        {}", root(trust.apple_root, "Apple's")));
    ui.line(match (trust.revoked, trust.revoked_installed_at) {
        (Some(count), Some(at)) => {
            format!("Revocation list   {}, installed {at}", plural(count, "certificate"))
        }
        _ => "Revocation list   none: revoked attestation keys pass".to_owned(),
    });
    Ok(())
}

fn install(connector: &Connector, kind: AttestationFile, path: &Path) -> Result<(), CliError> {
    let content = match path.to_str() {
        Some(NONE) => None,
        _ => Some(files::read_bytes(path)?),
    };
    connector
        .set_attestation_file(kind, content.as_deref())
        .map_err(|error| format!("{}: {error}", path.display()).into())
}

impl KeyArgs {
    /// The change that was asked for, checked before anything is changed.
    pub(super) fn change(self) -> Result<impl FnOnce(&mut KeyRules), CliError> {
        let android_apps = list(&self.android_app, android_app)?;
        let apple_apps = list(&self.apple_app, apple_app)?;
        let patch_level = match self.android_patch_level.as_deref() {
            None => None,
            Some(NONE) => Some(None),
            Some(text) => {
                let level = PatchLevel::from_str(text);
                Some(Some(level.map_err(|error| format!("--android-patch-level {text}: {error}"))?))
            }
        };
        Ok(move |rules: &mut KeyRules| {
            set(&mut rules.software, self.accept_software_keys.map(Switch::is_on));
            set(&mut rules.android.apps, android_apps);
            set(&mut rules.android.strongbox, self.android_strongbox.map(Switch::is_on));
            set(&mut rules.android.minimum_patch_level, patch_level);
            set(&mut rules.apple.app_ids, apple_apps);
            set(&mut rules.apple.environment, self.apple_environment.map(Environment::from));
        })
    }
}

pub(super) fn show_rules(rules: &KeyRules, ui: &Ui) {
    ui.line(format!("Software keys     {}", if rules.software { "accepted" } else { "refused" }));
    let least = if rules.android.strongbox { "StrongBox" } else { "trusted environment" };
    let patches = match rules.android.minimum_patch_level {
        Some(level) => format!("patched to {level} at least"),
        None => "any patch level".to_owned(),
    };
    match rules.android.apps.as_slice() {
        [] => ui.line("Android keys      refused: no app is named"),
        apps => {
            ui.line(format!("Android keys      {least}, {patches}"));
            for app in apps {
                ui.line(format!("  app             {} signed by {}", clean(&app.package), app.signer));
            }
        }
    }
    match rules.apple.app_ids.as_slice() {
        [] => ui.line("Apple keys        refused: no app is named"),
        apps => {
            let environment = format!("{:?}", rules.apple.environment).to_lowercase();
            ui.line(format!("Apple keys        {} ({environment})", clean(&apps.join(", "))));
        }
    }
}

/// `None` where nothing was given.
fn list<T>(given: &[String], read: fn(&str) -> Result<T, CliError>) -> Result<Option<Vec<T>>, CliError> {
    match given {
        [] => Ok(None),
        [none] if none == NONE => Ok(Some(Vec::new())),
        given => given.iter().map(|text| read(text)).collect::<Result<_, _>>().map(Some),
    }
}

fn android_app(text: &str) -> Result<AndroidApp, CliError> {
    let wrong = |why: &dyn std::fmt::Display| format!("--android-app {text}: {why}: write PACKAGE=SHA256");
    let (package, signer) = text.split_once('=').ok_or_else(|| wrong(&"no signing certificate"))?;
    let signer: Sha256 = signer.parse().map_err(|error| wrong(&error))?;
    if !package.contains('.') {
        return Err(wrong(&"not a package name").into());
    }
    Ok(AndroidApp { package: package.to_owned(), signer })
}

fn apple_app(text: &str) -> Result<String, CliError> {
    let is_app = text.split_once('.').is_some_and(|(team, bundle)| {
        team.len() == 10 && team.bytes().all(|c| c.is_ascii_alphanumeric()) && !bundle.is_empty()
    });
    match is_app {
        true => Ok(text.to_owned()),
        false => Err(format!("--apple-app {text}: not an app identifier: write TEAMID.bundle.id").into()),
    }
}

fn set<T>(setting: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *setting = value;
    }
}

impl From<EnvironmentChoice> for Environment {
    fn from(choice: EnvironmentChoice) -> Self {
        match choice {
            EnvironmentChoice::Production => Self::Production,
            EnvironmentChoice::Development => Self::Development,
        }
    }
}
