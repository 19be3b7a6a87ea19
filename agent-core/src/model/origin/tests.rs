use super::*;
use crate::model::{AppId, Sha256};

fn android(installer: Option<&str>) -> AppRecord {
    AppRecord {
        id: AppId::new("com.example.app"),
        installer: installer.map(str::to_owned),
        ..AppRecord::from_source(AppSource::AndroidPackageManager)
    }
}

fn apple() -> AppRecord {
    AppRecord { id: AppId::new("com.example.app"), ..AppRecord::from_source(AppSource::AppleMdm) }
}

fn origin(app: &AppRecord) -> AppOrigin {
    app.origin(&AppRules::default())
}

#[test]
fn the_installer_tells_where_an_android_app_came_from() {
    let cases = [
        (Some("com.android.vending"), AppOrigin::PlatformStore),
        (Some("com.google.android.feedback"), AppOrigin::PlatformStore),
        (Some("com.sec.android.app.samsungapps"), AppOrigin::ThirdPartyStore),
        (Some("org.fdroid.fdroid"), AppOrigin::ThirdPartyStore),
        (Some("com.google.android.packageinstaller"), AppOrigin::Sideloaded),
        (Some("com.android.shell"), AppOrigin::Sideloaded),
        (Some("com.nobody.knows"), AppOrigin::Sideloaded),
        // Packages are compared exactly: one that only looks like the store is none.
        (Some("com.android.Vending"), AppOrigin::Sideloaded),
        (Some("com.android.vending.update"), AppOrigin::Sideloaded),
        (Some(""), AppOrigin::Sideloaded),
        (None, AppOrigin::Unknown),
    ];
    for (installer, expected) in cases {
        assert_eq!(origin(&android(installer)), expected, "{installer:?}");
    }
}

#[test]
fn what_belongs_to_the_system_or_the_organisation_is_so_however_it_came() {
    let by_hand = || android(Some("com.android.shell"));
    assert_eq!(origin(&AppRecord { system: Some(true), ..by_hand() }), AppOrigin::System);
    assert_eq!(origin(&AppRecord { managed: Some(true), ..by_hand() }), AppOrigin::Trusted);
    assert_eq!(
        origin(&AppRecord { managed: Some(true), validated: Some(false), ..apple() }),
        AppOrigin::Trusted
    );

    let rules = AppRules {
        trusted_installers: AppId::new("com.nobody.knows").into_iter().collect(),
        ..AppRules::default()
    };
    assert_eq!(android(Some("com.nobody.knows")).origin(&rules), AppOrigin::Trusted);
    assert_eq!(by_hand().origin(&rules), AppOrigin::Sideloaded);
}

#[test]
fn an_in_house_signer_is_known_by_a_digest_and_not_by_a_hash_code() {
    let (house, code) = (SignerDigest::Sha256(Sha256::of(b"house")), SignerDigest::HashCode(7));
    let rules = AppRules { trusted_signers: vec![house.clone(), code.clone()], ..AppRules::default() };
    let signed = |signer| AppRecord { signers: vec![signer], ..android(Some("")) };
    assert_eq!(signed(house).origin(&rules), AppOrigin::Trusted);
    assert_eq!(signed(code).origin(&rules), AppOrigin::Sideloaded);
}

#[test]
fn on_ios_the_licence_and_the_signature_tell_and_vendable_alone_does_not() {
    let cases = [
        (AppRecord { app_store_vendable: Some(true), ..apple() }, AppOrigin::PlatformStore),
        (
            AppRecord { app_store_vendable: Some(false), device_based_vpp: Some(true), ..apple() },
            AppOrigin::PlatformStore,
        ),
        (
            AppRecord { app_store_vendable: Some(false), beta_app: Some(true), ..apple() },
            AppOrigin::PlatformStore,
        ),
        (AppRecord { app_store_vendable: Some(false), validated: Some(true), ..apple() }, AppOrigin::Unknown),
        (
            AppRecord { app_store_vendable: Some(false), validated: Some(false), ..apple() },
            AppOrigin::Sideloaded,
        ),
        (
            AppRecord { ad_hoc_code_signed: Some(true), validated: Some(true), ..apple() },
            AppOrigin::Sideloaded,
        ),
        (apple(), AppOrigin::Unknown),
    ];
    for (app, expected) in cases {
        assert_eq!(origin(&app), expected, "{app:?}");
    }
}

#[test]
fn debian_installs_from_its_repositories() {
    assert_eq!(origin(&AppRecord::from_source(AppSource::Dpkg)), AppOrigin::Trusted);
}

#[test]
fn every_known_installer_is_listed_once() {
    let mut packages: Vec<_> = KNOWN_INSTALLERS.iter().map(|known| known.package).collect();
    packages.sort_unstable();
    let listed = packages.len();
    packages.dedup();
    assert_eq!(packages.len(), listed);
}
