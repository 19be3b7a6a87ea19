//! From a host in another language to the traits of the core.
//!
//! What a host gives is looked at here, once: an address that is none becomes a fact that is not available, with the
//! reason, and never a wrong one.

use std::fmt::Display;
use std::str::FromStr;
use std::sync::Arc;

use agent_core::model::{self, AddedRoot, Date, Fact, Inventory, MacAddress, Nat64Prefix, Platform, Sha256};
use agent_core::platform as core;

use crate::host::{DeviceHost, DeviceKey, HostError, SecretStore};
use crate::inventory;
use crate::types::{
    ConfigurationProfile, DevicePosture, Neighbour, NetworkSnapshot, PrivateDns, Proxy, TextFact,
    TrustVerdict, timestamp,
};

/// A [`DeviceHost`] as the core asks it.
pub(crate) struct HostAdapter {
    host: Arc<dyn DeviceHost>,
    platform: Platform,
}

impl HostAdapter {
    pub(crate) fn new(host: Arc<dyn DeviceHost>, platform: Platform) -> Self {
        Self { host, platform }
    }
}

impl core::DeviceHost for HostAdapter {
    fn installed_apps(&self) -> Fact<Inventory> {
        match self.host.installed_apps() {
            Ok(apps) => inventory::accept(apps).map_or_else(Fact::not_available, Fact::known),
            Err(error) => withheld(error),
        }
    }

    fn device_posture(&self) -> model::DevicePosture {
        match self.host.device_posture() {
            Ok(posture) => device_posture(posture, self.platform),
            Err(error) => model::DevicePosture::withheld(self.platform, &withheld(error)),
        }
    }

    fn network_snapshot(&self) -> model::NetworkSnapshot {
        match self.host.network_snapshot() {
            Ok(snapshot) => network_snapshot(snapshot),
            Err(error) => model::NetworkSnapshot::withheld(&withheld(error)),
        }
    }

    fn evaluate_trust(&self, chain: &[Vec<u8>], host: &str) -> Fact<model::TrustVerdict> {
        match self.host.evaluate_trust(chain.to_vec(), host.to_owned()) {
            Ok(verdict) => trust_verdict(verdict),
            Err(error) => withheld(error),
        }
    }
}

/// A [`DeviceKey`] as the core uses it.
pub(crate) struct KeyAdapter(pub(crate) Arc<dyn DeviceKey>);

impl core::DeviceKey for KeyAdapter {
    fn public_key_spki_der(&self, slot: core::KeySlot) -> Result<Option<Vec<u8>>, core::PlatformError> {
        self.0.public_key_spki_der(slot.into()).map_err(|error| failed("read the device key", &error))
    }

    fn sign_es256(
        &self,
        slot: core::KeySlot,
        message: &[u8],
    ) -> Result<core::Es256Signature, core::PlatformError> {
        let signed = self.0.sign_es256(slot.into(), message.to_vec());
        signed.map(Into::into).map_err(|error| failed("sign", &error))
    }

    fn protection(&self, slot: core::KeySlot) -> Result<core::KeyProtection, core::PlatformError> {
        self.0.protection(slot.into()).map_err(|error| failed("look at the device key", &error))
    }

    fn make_candidate(&self, challenge: &[u8]) -> Result<Option<core::KeyAttestation>, core::PlatformError> {
        let attested = self.0.make_candidate(challenge.to_vec());
        attested.map(|told| told.map(Into::into)).map_err(|error| failed("make a device key", &error))
    }

    fn adopt_candidate(&self) -> Result<(), core::PlatformError> {
        self.0.adopt_candidate().map_err(|error| failed("adopt the new device key", &error))
    }
}

/// A [`SecretStore`] as the core uses it.
pub(crate) struct SecretsAdapter(pub(crate) Arc<dyn SecretStore>);

impl core::SecretStore for SecretsAdapter {
    fn wrap(&self, data_key: &[u8]) -> Result<Vec<u8>, core::PlatformError> {
        self.0.wrap(data_key.to_vec()).map_err(|error| failed("wrap the data key", &error))
    }

    fn unwrap(&self, wrapped: &[u8]) -> Result<Vec<u8>, core::PlatformError> {
        self.0.unwrap(wrapped.to_vec()).map_err(|error| failed("unwrap the data key", &error))
    }
}

fn failed(what: &str, error: &HostError) -> core::PlatformError {
    let kind = match error {
        HostError::Locked { .. } => core::FailureKind::Locked,
        HostError::Gone { .. } => core::FailureKind::Gone,
        HostError::Busy { .. } => core::FailureKind::Busy,
        HostError::NotPermitted { .. } | HostError::NotAvailable { .. } | HostError::Failed { .. } => {
            core::FailureKind::Failed
        }
    };
    core::PlatformError::of(kind, what, error)
}

/// A question without an answer. What failed is not there either.
fn withheld<T>(error: HostError) -> Fact<T> {
    match error {
        HostError::NotPermitted { why } => Fact::NotPermitted { why },
        HostError::NotAvailable { why }
        | HostError::Locked { why }
        | HostError::Gone { why }
        | HostError::Busy { why }
        | HostError::Failed { why } => Fact::NotAvailable { why },
    }
}

fn device_posture(posture: DevicePosture, platform: Platform) -> model::DevicePosture {
    model::DevicePosture {
        platform,
        model: posture.model.into(),
        os_name: posture.os_name.into(),
        os_version: posture.os_version.into(),
        kernel_version: posture.kernel_version.into(),
        security_patch: parsed::<Date>("security_patch", posture.security_patch),
        storage_encrypted: posture.storage_encrypted.into(),
        screen_lock: posture.screen_lock.into(),
        root_signs: posture.root_signs.into(),
        debug_flags: posture.debug_flags.into(),
        os_build: posture.os_build.into(),
        tamper_signs: posture.tamper_signs.into(),
        hooking_signs: posture.hooking_signs.into(),
        emulator_signs: posture.emulator_signs.into(),
        bootloader_locked: posture.bootloader_locked.into(),
        verified_boot: posture.verified_boot.into(),
        developer_mode: posture.developer_mode.into(),
        usb_debugging: posture.usb_debugging.into(),
        wireless_debugging: posture.wireless_debugging.into(),
        unknown_sources: posture.unknown_sources.into(),
        app_verification: posture.app_verification.into(),
        always_on_vpn: posture.always_on_vpn.into(),
        accessibility_services: posture.accessibility_services.into(),
        device_admins: posture.device_admins.into(),
        profiles: each(posture.profiles, |profile| Ok(configuration_profile(profile))),
        added_roots: each(posture.added_roots, |der: Vec<u8>| {
            AddedRoot::from_der(&der).map_err(|error| unusable("added_roots", &error))
        }),
    }
}

fn network_snapshot(snapshot: NetworkSnapshot) -> model::NetworkSnapshot {
    model::NetworkSnapshot {
        name: snapshot.name.into(),
        gateways: snapshot.gateways.into(),
        dns_servers: snapshot.dns_servers.into(),
        proxies: each(snapshot.proxies, |Proxy { scheme, address }| Ok(model::Proxy { scheme, address })),
        vpns: snapshot.vpns.into(),
        captive: snapshot.captive.into(),
        private_dns: private_dns(snapshot.private_dns),
        transport: snapshot.transport.into(),
        ssid: snapshot.ssid.into(),
        bssid: parsed::<MacAddress>("bssid", snapshot.bssid),
        security: snapshot.security.into(),
        neighbours: each(snapshot.neighbours, neighbour),
        dhcp_server: parsed("dhcp_server", snapshot.dhcp_server),
        nat64_prefix: parsed::<Nat64Prefix>("nat64_prefix", snapshot.nat64_prefix),
        portal_api: snapshot.portal_api.into(),
        metered: snapshot.metered.into(),
    }
}

fn configuration_profile(profile: ConfigurationProfile) -> model::ConfigurationProfile {
    let ConfigurationProfile { identifier, name, organization, managed, signed, payload_types } = profile;
    model::ConfigurationProfile { identifier, name, organization, managed, signed, payload_types }
}

/// A text as what it should be.
fn parsed<T: FromStr<Err: Display>>(what: &str, fact: TextFact) -> Fact<T> {
    and_then(fact.into(), |text: String| text.trim().parse().map_err(|error| unusable(what, &error)))
}

/// A list whose elements have all to be what they should be.
fn each<A, B, F: Into<Fact<Vec<A>>>>(fact: F, convert: impl Fn(A) -> Result<B, String>) -> Fact<Vec<B>> {
    and_then(fact.into(), |list: Vec<A>| list.into_iter().map(&convert).collect())
}

fn private_dns(fact: impl Into<Fact<PrivateDns>>) -> Fact<model::PrivateDns> {
    and_then(fact.into(), |state: PrivateDns| {
        Ok(match state {
            PrivateDns::Off => model::PrivateDns::Off,
            PrivateDns::Opportunistic { active } => model::PrivateDns::Opportunistic { active },
            PrivateDns::Active { server } => model::PrivateDns::Active { server },
            PrivateDns::Unreachable { server } => model::PrivateDns::Unreachable { server },
        })
    })
}

fn neighbour(neighbour: Neighbour) -> Result<model::Neighbour, String> {
    Ok(model::Neighbour {
        address: neighbour.address.parse().map_err(|error| unusable("neighbours", &error))?,
        mac: neighbour.mac.parse().map_err(|error| unusable("neighbours", &error))?,
    })
}

fn trust_verdict(verdict: TrustVerdict) -> Fact<model::TrustVerdict> {
    let root = |digest: Option<Vec<u8>>| match digest {
        None => Ok(None),
        Some(bytes) => <[u8; 32]>::try_from(bytes)
            .map(|bytes| Some(Sha256::from_bytes(bytes)))
            .map_err(|_| unusable("root_spki_sha256", &"expected 32 bytes")),
    };
    let converted = match verdict {
        TrustVerdict::Trusted { anchor, root_spki_sha256 } => {
            root(root_spki_sha256).map(|root_spki| model::TrustVerdict::Trusted { anchor, root_spki })
        }
        TrustVerdict::OutOfDate { anchor, root_spki_sha256, valid_at } => {
            root(root_spki_sha256).map(|root_spki| model::TrustVerdict::OutOfDate {
                anchor,
                root_spki,
                valid_at: timestamp(valid_at),
            })
        }
        TrustVerdict::Rejected { why } => Ok(model::TrustVerdict::Rejected { why }),
    };
    converted.map_or_else(Fact::not_available, Fact::known)
}

fn and_then<A, B>(fact: Fact<A>, convert: impl FnOnce(A) -> Result<B, String>) -> Fact<B> {
    match fact {
        Fact::Known { value } => convert(value).map_or_else(Fact::not_available, Fact::known),
        Fact::NotPermitted { why } => Fact::NotPermitted { why },
        Fact::NotAvailable { why } => Fact::NotAvailable { why },
    }
}

/// Names the fact, and not its value, which may be personal.
fn unusable(what: &str, error: &dyn Display) -> String {
    format!("the host app told {what} in a form that is not known ({error})")
}
