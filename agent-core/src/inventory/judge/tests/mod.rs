//! Tests of the judges: what each finds, and what looks like it and is none.

mod build;
mod origin;
mod publishers;
mod rules;

use super::*;
use crate::model::{AppRules, CheckOutcome, Sha256, SignerDigest};

fn android(id: &str, installer: Option<&str>) -> AppRecord {
    AppRecord {
        id: AppId::new(id),
        version: Some("412".into()),
        short_version: Some("4.1.2".into()),
        installer: installer.map(str::to_owned),
        system: Some(false),
        ..AppRecord::from_source(AppSource::AndroidPackageManager)
    }
}

fn from_play(id: &str) -> AppRecord {
    android(id, Some("com.android.vending"))
}

fn by_hand(id: &str) -> AppRecord {
    android(id, Some("com.google.android.packageinstaller"))
}

/// As a real response has it of an app from the App Store.
fn apple(id: &str) -> AppRecord {
    AppRecord {
        id: AppId::new(id),
        short_version: Some("4.1.2".into()),
        validated: Some(true),
        ad_hoc_code_signed: Some(false),
        app_store_vendable: Some(true),
        beta_app: Some(false),
        device_based_vpp: Some(false),
        ..AppRecord::from_source(AppSource::AppleMdm)
    }
}

fn ids(ids: &[&str]) -> Vec<AppId> {
    ids.iter().filter_map(AppId::new).collect()
}

fn sha256(of: &str) -> SignerDigest {
    SignerDigest::Sha256(Sha256::of(of.as_bytes()))
}

fn inventory(apps: impl IntoIterator<Item = AppRecord>) -> Inventory {
    Inventory { apps: apps.into_iter().collect(), ..Inventory::default() }
}

/// Detection, subject and verdict of each.
fn told(judgements: &[Judgement]) -> Vec<(Detection, &str, Verdict)> {
    judgements.iter().map(|it| (it.detection, it.subject.as_str(), it.verdict)).collect()
}

fn told_of(outcome: &CheckOutcome) -> Vec<(Detection, &str, Verdict)> {
    told(&outcome.judgements)
}
