//! Permissions that each are harmless in some hands, and together take over a device.

use crate::model::AppRecord;

/// A power over the device or its user's data, by the Android permissions that give it: one of them is enough.
struct Power {
    permissions: &'static [&'static str],
    /// Fit for "it can".
    can: &'static str,
}

const ACCESSIBILITY: Power = Power {
    permissions: &["android.permission.BIND_ACCESSIBILITY_SERVICE"],
    can: "read and operate other apps' screens",
};
const OVERLAY: Power =
    Power { permissions: &["android.permission.SYSTEM_ALERT_WINDOW"], can: "draw over other apps" };
const SMS: Power = Power {
    permissions: &[
        "android.permission.RECEIVE_SMS",
        "android.permission.READ_SMS",
        "android.permission.SEND_SMS",
    ],
    can: "read or send text messages",
};
const INSTALL: Power = Power {
    permissions: &["android.permission.REQUEST_INSTALL_PACKAGES", "android.permission.INSTALL_PACKAGES"],
    can: "install apps",
};
const NOTIFICATIONS: Power = Power {
    permissions: &["android.permission.BIND_NOTIFICATION_LISTENER_SERVICE"],
    can: "read notifications",
};
const ADMIN: Power =
    Power { permissions: &["android.permission.BIND_DEVICE_ADMIN"], can: "administer the device" };
const CALLS: Power = Power {
    permissions: &["android.permission.READ_CALL_LOG", "android.permission.PROCESS_OUTGOING_CALLS"],
    can: "follow calls",
};
const MICROPHONE: Power =
    Power { permissions: &["android.permission.RECORD_AUDIO"], can: "listen by the microphone" };
const LOCATION: Power = Power {
    permissions: &["android.permission.ACCESS_BACKGROUND_LOCATION"],
    can: "follow the device's place at any time",
};

/// Powers that together have a use by which malware is known.
pub struct Combination {
    powers: &'static [Power],
    /// That use, fit for "together: ".
    pub use_of_it: &'static str,
}

/// The worst first. What each means is described in MITRE ATT&CK for Mobile under the technique that is named.
const COMBINATIONS: &[Combination] = &[
    Combination {
        powers: &[ACCESSIBILITY, OVERLAY, SMS],
        use_of_it: "banking trojans lay false log-in pages over an app and take the one-time codes (T1417, T1636.004)",
    },
    Combination {
        powers: &[ACCESSIBILITY, INSTALL],
        use_of_it: "droppers confirm their own installations by operating the screen (T1453)",
    },
    Combination {
        powers: &[ACCESSIBILITY, ADMIN],
        use_of_it: "malware clicks away every attempt to remove it (T1629.001)",
    },
    Combination {
        powers: &[NOTIFICATIONS, SMS],
        use_of_it: "one-time codes are taken from messages and notifications (T1517, T1636.004)",
    },
    Combination {
        powers: &[ADMIN, OVERLAY],
        use_of_it: "ransomware locks the device behind a page of its own (T1629.002)",
    },
    Combination {
        powers: &[MICROPHONE, LOCATION, SMS, CALLS],
        use_of_it: "stalkerware collects a person's talks, ways and messages (T1429, T1430, T1636)",
    },
    Combination {
        powers: &[ACCESSIBILITY, MICROPHONE, LOCATION],
        use_of_it: "stalkerware watches a person's screen, talks and ways (T1429, T1430, T1453)",
    },
];

impl Combination {
    /// The combinations that `app` holds, the worst first.
    pub fn held_by(app: &AppRecord) -> impl Iterator<Item = &'static Self> {
        COMBINATIONS.iter().filter(|it| it.powers.iter().all(|power| power.permission_of(app).is_some()))
    }

    /// What it lets an app do, in words.
    pub fn in_words(&self) -> String {
        let can: Vec<_> = self.powers.iter().map(|power| power.can).collect();
        can.join(", ")
    }

    /// The permissions of `app` that make it up, without their common prefix.
    pub fn permissions_of(&self, app: &AppRecord) -> String {
        let held = self.powers.iter().filter_map(|power| power.permission_of(app));
        let held: Vec<_> = held.map(|it| it.strip_prefix("android.permission.").unwrap_or(it)).collect();
        held.join(", ")
    }
}

impl Power {
    fn permission_of(&self, app: &AppRecord) -> Option<&'static str> {
        self.permissions
            .iter()
            .copied()
            .find(|permission| app.permissions.iter().any(|held| held == permission))
    }
}
