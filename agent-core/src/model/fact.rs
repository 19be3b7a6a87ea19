//! A value that the platform may withhold.

use std::convert::Infallible;

use serde::{Deserialize, Serialize};

/// What a host says about one property of the device: its value, or why there is none.
///
/// Absent is never zero or false: an analysis must say what it does with each of the three.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum Fact<T> {
    /// The platform told.
    Known {
        /// What it told.
        value: T,
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

impl<T> Fact<T> {
    /// A value that the platform told.
    pub const fn known(value: T) -> Self {
        Self::Known { value }
    }

    /// Withheld for want of a permission or setting.
    pub fn not_permitted(why: impl Into<String>) -> Self {
        Self::NotPermitted { why: why.into() }
    }

    /// Not to be had on this platform.
    pub fn not_available(why: impl Into<String>) -> Self {
        Self::NotAvailable { why: why.into() }
    }

    /// The value, if the platform told.
    pub const fn value(&self) -> Option<&T> {
        match self {
            Self::Known { value } => Some(value),
            Self::NotPermitted { .. } | Self::NotAvailable { .. } => None,
        }
    }

    /// The value itself, if the platform told.
    pub fn into_value(self) -> Option<T> {
        match self {
            Self::Known { value } => Some(value),
            Self::NotPermitted { .. } | Self::NotAvailable { .. } => None,
        }
    }
}

impl Fact<Infallible> {
    /// The same reason for the absence of another value.
    pub fn of<T>(&self) -> Fact<T> {
        match self {
            Self::Known { value } => match *value {},
            Self::NotPermitted { why } => Fact::not_permitted(why),
            Self::NotAvailable { why } => Fact::not_available(why),
        }
    }
}
