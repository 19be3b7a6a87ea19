//! A value that the platform may withhold. One type for each kind of value, because the languages share no generic one.

use agent_core::model::Fact;

use super::{ConfigurationProfile, Neighbour, PrivateDns, Proxy, Transport, VerifiedBoot, WifiSecurity};

/// Declares one kind of fact.
macro_rules! fact {
    ($(#[$meta:meta])* $name:ident($value:ty)) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
        pub enum $name {
            /// The platform told.
            Known {
                /// What it told.
                value: $value,
            },
            /// The platform could tell, but the user or the administrator has not allowed it.
            NotPermitted {
                /// The permission or setting that is missing, in words for a person.
                why: String,
            },
            /// This platform or OS version cannot tell.
            NotAvailable {
                /// What is missing, in words for a person.
                why: String,
            },
        }

        impl From<$name> for Fact<$value> {
            fn from(fact: $name) -> Self {
                match fact {
                    $name::Known { value } => Self::Known { value },
                    $name::NotPermitted { why } => Self::NotPermitted { why },
                    $name::NotAvailable { why } => Self::NotAvailable { why },
                }
            }
        }
    };
}

fact! {
    /// A text, or why there is none. Absent is never empty.
    TextFact(String)
}
fact! {
    /// Yes or no, or why neither. Absent is never no.
    BoolFact(bool)
}
fact! {
    /// A list of texts, or why there is none. Absent is never empty.
    TextListFact(Vec<String>)
}
fact! {
    /// The proxies, or why they are not known.
    ProxiesFact(Vec<Proxy>)
}
fact! {
    /// The state of encrypted DNS, or why it is not known.
    PrivateDnsFact(PrivateDns)
}
fact! {
    /// What carries the network, or why that is not known.
    TransportFact(Transport)
}
fact! {
    /// How a Wi-Fi is protected, or why that is not known.
    WifiSecurityFact(WifiSecurity)
}
fact! {
    /// The neighbours on the link, or why they are not known.
    NeighboursFact(Vec<Neighbour>)
}
fact! {
    /// What the boot loader said, or why that is not known.
    VerifiedBootFact(VerifiedBoot)
}
fact! {
    /// The configuration profiles, or why they are not known.
    ProfilesFact(Vec<ConfigurationProfile>)
}
fact! {
    /// Certificates, DER, or why they are not known.
    CertificatesFact(Vec<Vec<u8>>)
}
