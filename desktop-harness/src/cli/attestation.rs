//! `mtd attestation show`.

use std::path::{Path, PathBuf};

use agent_core::model::{Sha256, Timestamp};
use agent_core::report::jwk::{Jwk, PublicKey};
use serde::Serialize;

use super::intel::now;
use super::{Outcome, files};
use crate::CliError;
use crate::attestation::android::{
    self, AuthorizationList, BootState, KeyDescription, Provisioning, RevocationList, Roots,
};
use crate::attestation::{Refusal, apple, pem};
use crate::ui::{Ui, clean};

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  mtd attestation show chain.pem")]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// What an attestation says, and whether it holds
    Show(ShowArgs),
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mtd attestation show chain.pem
  mtd attestation show chain.pem --challenge nonce-of-the-connector --revoked status.json
  mtd attestation show object.cbor --challenge nonce-of-the-connector --key device.jwk.json --json

Exit status 3 if the attestation does not hold. Organisations ask for more: see `mtd connector settings`.")]
struct ShowArgs {
    /// Certificates of Android Key Attestation (PEM, leaf first) or an App Attest object (CBOR); - reads standard input
    #[arg(value_name = "FILE")]
    attestation: PathBuf,
    /// The challenge that it has to be for
    #[arg(long, value_name = "TEXT")]
    challenge: Option<String>,
    /// App Attest: the key that it has to vouch for, as JWK; needs --challenge
    #[arg(long, value_name = "FILE", requires = "challenge")]
    key: Option<PathBuf>,
    /// Root certificates (PEM) instead of Google's or Apple's
    #[arg(long, value_name = "FILE")]
    roots: Option<PathBuf>,
    /// Google's list of revoked certificates (JSON)
    #[arg(long, value_name = "FILE")]
    revoked: Option<PathBuf>,
    /// Judge as of this moment, in seconds since 1970 [default: now]
    #[arg(long, value_name = "SECONDS")]
    at: Option<i64>,
}

pub(crate) fn run(args: &Args, ui: &Ui) -> Result<Outcome, CliError> {
    let Command::Show(args) = &args.command;
    let bytes = files::read_bytes(&args.attestation)?;
    match std::str::from_utf8(&bytes).ok().map(pem::certificates) {
        Some(Ok(chain)) => android(&chain, args, ui),
        None | Some(Err(_)) if apple::is_object(&bytes) => apple(&bytes, args, ui),
        Some(Err(error)) => Err(named(&args.attestation, &error)),
        None => Err(named(&args.attestation, &"neither PEM certificates nor an App Attest object")),
    }
}

#[derive(Serialize)]
struct Shown<'a, S> {
    format: &'a str,
    statement: &'a S,
    holds: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<&'a Refusal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    chain: Option<Chain>,
}

#[derive(Serialize)]
struct Chain {
    root: Sha256,
    provisioning: Provisioning,
    expired: bool,
    revocation_checked: bool,
}

fn android(chain: &[Vec<u8>], args: &ShowArgs, ui: &Ui) -> Result<Outcome, CliError> {
    let roots = match &args.roots {
        Some(path) => Roots::of_certificates(&certificates(path)?).map_err(|error| named(path, &error))?,
        None => Roots::google(),
    };
    let revoked = args.revoked.as_deref().map(revocation_list).transpose()?;
    let trust = android::Trust { roots: &roots, revoked: revoked.as_ref(), now: moment(args) };
    let judged = android::verify_chain(chain, trust).and_then(|attested| match &args.challenge {
        Some(challenge) => attested.is_for(challenge.as_bytes()).map(|()| attested),
        None => Ok(attested),
    });
    let statement = android::read_statement(chain).map_err(|refusal| named(&args.attestation, &refusal))?;
    let refusal = judged.as_ref().err();
    let chain = judged.as_ref().ok().map(|attested| Chain {
        root: attested.root,
        provisioning: attested.provisioning,
        expired: attested.expired,
        revocation_checked: attested.revocation_checked,
    });
    if ui.json {
        let shown =
            Shown { format: "android-key", statement: &statement, holds: refusal.is_none(), refusal, chain };
        ui.json(&shown)?;
    } else {
        show_statement(ui, &statement);
        if let Some(chain) = &chain {
            show_chain(ui, chain);
        }
        show_verdict(ui, refusal);
    }
    Ok(outcome(refusal))
}

fn apple(object: &[u8], args: &ShowArgs, ui: &Ui) -> Result<Outcome, CliError> {
    let root = match &args.roots {
        Some(path) => {
            let certificates = certificates(path)?;
            let first = certificates.first().map(Vec::as_slice).unwrap_or_default();
            apple::Root::of_certificate(first).map_err(|error| named(path, &error))?
        }
        None => apple::Root::apple(),
    };
    let key = args.key.as_deref().map(public_key).transpose()?;
    let bound_to = args.challenge.as_deref().map(str::as_bytes).zip(key.as_ref());
    let statement = apple::read_statement(object).map_err(|refusal| named(&args.attestation, &refusal))?;
    let judged = apple::verify_object(object, apple::Trust { root: &root, now: moment(args) }, bound_to);
    let refusal = judged.as_ref().err();
    if ui.json {
        let format = "apple-appattest";
        ui.json(&Shown { format, statement: &statement, holds: refusal.is_none(), refusal, chain: None })?;
    } else {
        row(ui, "App Attest", format!("key {}", statement.key_id));
        row(ui, "app", format!("SHA-256 of its identifier {}", statement.app_id_sha256));
        row(
            ui,
            "environment",
            match statement.environment {
                Some(environment) => format!("{environment:?}").to_lowercase(),
                None => "unknown".to_owned(),
            },
        );
        row(ui, "signed", format!("{} times", statement.counter));
        if bound_to.is_none() {
            row(ui, "challenge", "not compared: needs --challenge and --key");
        }
        show_verdict(ui, refusal);
    }
    Ok(outcome(refusal))
}

fn show_statement(ui: &Ui, statement: &KeyDescription) {
    let hardware = &statement.hardware_enforced;
    row(ui, "Android Key Attestation", format!("version {}", statement.attestation_version));
    row(
        ui,
        "kept by",
        format!("{}, attested by {}", statement.keymint_security_level, statement.attestation_security_level),
    );
    row(ui, "challenge", readable(&statement.attestation_challenge.0));
    row(ui, "key", use_of(hardware));
    row(
        ui,
        "boot",
        match &hardware.root_of_trust {
            None => "not told by the hardware".to_owned(),
            Some(root) => format!(
                "boot loader {}, system {}",
                if root.device_locked { "locked" } else { "unlocked" },
                match root.verified_boot_state {
                    BootState::Verified => "verified",
                    BootState::SelfSigned => "under a key that the user put in",
                    BootState::Unverified => "not verified",
                    BootState::Failed => "failed its verification",
                }
            ),
        },
    );
    if let Some(level) = hardware.os_patch_level {
        row(ui, "patch level", format!("{level} (Android {})", told(hardware.os_version)));
    }
    if let Some(app) = &statement.software_enforced.attestation_application_id {
        for package in &app.packages {
            row(ui, "app", format!("{} {}", clean(&package.name), package.version));
        }
        for signer in &app.signers {
            row(ui, "signed by", signer.to_string());
        }
    }
}

/// `EC P-256, 256 bits, generated; signs; SHA-256; no user needed`.
fn use_of(list: &AuthorizationList) -> String {
    let algorithm = match (list.algorithm, list.ec_curve) {
        (Some(3), Some(1)) => "EC P-256".to_owned(),
        (Some(3), curve) => format!("EC, curve {}", told(curve)),
        (Some(1), _) => "RSA".to_owned(),
        (other, _) => format!("algorithm {}", told(other)),
    };
    let origin =
        list.origin.map_or("of unknown origin".to_owned(), |origin| format!("{origin:?}").to_lowercase());
    let numbers = |set: &Option<std::collections::BTreeSet<u64>>| {
        let set = set.iter().flatten().map(u64::to_string).collect::<Vec<_>>();
        if set.is_empty() { "none".to_owned() } else { set.join(", ") }
    };
    let user = match (list.no_auth_required, list.user_auth_type) {
        (Some(true), _) => "without the user".to_owned(),
        (_, Some(kinds)) => format!("after the user authenticated (kinds {kinds})"),
        _ => "user not told".to_owned(),
    };
    let (purposes, digests) = (numbers(&list.purpose), numbers(&list.digest));
    format!(
        "{algorithm}, {} bits, {origin}; purposes {purposes}; digests {digests}; {user}",
        told(list.key_size)
    )
}

fn show_chain(ui: &Ui, chain: &Chain) {
    row(ui, "root", format!("sha256 {}", chain.root));
    row(
        ui,
        "provisioned",
        match chain.provisioning {
            Provisioning::Factory if chain.expired => {
                "in the factory; the term is over, which factories do not renew".to_owned()
            }
            Provisioning::Factory => "in the factory".to_owned(),
            Provisioning::Remote { certificates_issued: None } => "remotely".to_owned(),
            Provisioning::Remote { certificates_issued: Some(count) } => {
                format!("remotely, {count} certificates in 30 days")
            }
        },
    );
    row(ui, "revocation", if chain.revocation_checked { "not listed" } else { "not checked: no list given" });
}

fn show_verdict(ui: &Ui, refusal: Option<&Refusal>) {
    ui.line(match refusal {
        None => ui.paint.good("✓ holds"),
        Some(refusal) => format!("{} {}", ui.paint.error("✗ does not hold:"), clean(&refusal.to_string())),
    });
}

fn row(ui: &Ui, name: &str, value: impl AsRef<str>) {
    ui.line(format!("{name:<24} {}", value.as_ref()));
}

fn told(value: Option<u64>) -> String {
    value.map_or_else(|| "not told".to_owned(), |value| value.to_string())
}

/// As text where it is text that can be shown, else in hexadecimal digits.
fn readable(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.is_empty() && text.bytes().all(|c| (0x20..0x7f).contains(&c)) => text.to_owned(),
        _ => android::Bytes(bytes.to_vec()).to_string(),
    }
}

fn outcome(refusal: Option<&Refusal>) -> Outcome {
    if refusal.is_none() { Outcome::Done } else { Outcome::SaysNo }
}

fn moment(args: &ShowArgs) -> Timestamp {
    args.at.map_or_else(now, Timestamp::from_unix)
}

fn certificates(path: &Path) -> Result<Vec<Vec<u8>>, CliError> {
    pem::certificates(&files::read_text(path)?).map_err(|error| named(path, &error))
}

fn revocation_list(path: &Path) -> Result<RevocationList, CliError> {
    RevocationList::parse(&files::read_bytes(path)?).map_err(|error| named(path, &error))
}

fn public_key(path: &Path) -> Result<PublicKey, CliError> {
    PublicKey::from_jwk(&files::read_json::<Jwk>(path)?).map_err(|error| named(path, &error))
}

fn named(path: &Path, why: &dyn std::fmt::Display) -> CliError {
    format!("{}: {why}", path.display()).into()
}
