//! Certificates and keys of the benign worlds, made once: signing for each of 30,000 sets would take too long.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::canary::{CanarySigner, Reply, sign};
use crate::model::{CtLogList, Sha256, SpkiPin, Timestamp};
use crate::network::observation::Certificate;
use crate::network::testing::{Authority, Dates, NOW, key, leaf_key, self_signed};
use crate::network::transparency::testing::{TestLog, list, scts};

pub(super) static POOL: LazyLock<Pool> = LazyLock::new(Pool::new);

/// Hosts of the connectivity check over HTTPS and of portals' APIs.
pub(super) const OTHERS: [&str; 2] = ["probe.example", "portal.cafe.example"];

/// Hosts of endpoints; the last of them is in the network of the first.
pub(super) const ENDPOINTS: [(&str, &str); 4] =
    [("a.example", "net-1"), ("b.example", "net-2"), ("c.example", "net-3"), ("d.example", "net-1")];

/// Hosts of canaries, each in a network of its own.
pub(super) const CANARIES: [&str; 3] = ["canary-0.example", "canary-1.example", "canary-2.example"];

const DAY: i64 = 86_400;
const YEAR: i64 = 365 * DAY;

/// What a server, or somebody in its place, may present.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// A public certificate of 90 days, 30 days old.
    Current,
    /// Its successor, for the backup key.
    Rotated,
    /// That of another content delivery network, by another public authority.
    OtherIssuer,
    /// A public certificate that should have been renewed.
    NotRenewed,
    /// A public certificate that is in use too early.
    TooEarly,
    /// By the organisation's authority.
    Private,
    /// By a root of the organisation that the server does not send.
    PrivateBare,
    /// By the organisation's inspection.
    Inspected,
    /// By a public root that is younger than this release.
    YoungRoot,
    /// By a gateway that makes up a certificate for every name.
    MadeUp,
}

impl Kind {
    const ALL: [Self; 10] = [
        Self::Current,
        Self::Rotated,
        Self::OtherIssuer,
        Self::NotRenewed,
        Self::TooEarly,
        Self::Private,
        Self::PrivateBare,
        Self::Inspected,
        Self::YoungRoot,
        Self::MadeUp,
    ];
}

/// A chain, and what a platform needs to know of it.
pub(super) struct Presented {
    pub(super) chain: Vec<Certificate>,
    /// When all of it is valid.
    pub(super) valid: (Timestamp, Timestamp),
    /// The key of its root; absent where nobody knows the root.
    pub(super) root: Option<Sha256>,
    pub(super) is_public: bool,
}

pub(super) struct Pool {
    pub(super) public: Authority,
    other_public: Authority,
    pub(super) company: Authority,
    pub(super) bare: Authority,
    pub(super) inspector: Authority,
    pub(super) evil: Authority,
    chains: BTreeMap<(&'static str, Kind), Presented>,
    /// What portals present: a public certificate for their own name, one that has expired, and a self-signed one.
    pub(super) portal: [Presented; 3],
    /// The logs in which the public certificates are.
    pub(super) log_list: CtLogList,
    /// Two keys a canary: that in use, and the next.
    pub(super) signers: Vec<[CanarySigner; 2]>,
}

impl Pool {
    fn new() -> Self {
        let public = Authority::new("Public Root", 1);
        let other_public = Authority::new("Other Public Root", 2);
        let issuers = [
            public.subordinate("Public Issuer", 3, Dates(2024, 2034)),
            other_public.subordinate("Other Public Issuer", 4, Dates(2025, 2032)),
        ];
        let [company, bare] =
            [Authority::new("Company CA", 5), Authority::new("Company Root That Is Not Sent", 6)];
        let inspector = Authority::new("Company Inspection", 7);
        let young = Authority::new("Young Root", 8);
        let gateway = Authority::new("Gateway", 9);
        let evil = Authority::new("Evil Root", 10);

        let logs = [TestLog::new(), TestLog::new()];
        let log_list = list(&[("Operator A", &[&logs[0]]), ("Operator B", &[&logs[1]])]);

        let of = |kind: Kind, host: &str| {
            let (by, root, from, to, key) = match kind {
                Kind::Current => (&issuers[0], Some(&public), -30 * DAY, 60 * DAY, leaf_key()),
                Kind::Rotated => (&issuers[0], Some(&public), -9 * DAY, 81 * DAY, key(101)),
                Kind::OtherIssuer => (&issuers[1], Some(&other_public), -60 * DAY, 110 * DAY, key(102)),
                Kind::NotRenewed => (&issuers[0], Some(&public), -105 * DAY, -15 * DAY, leaf_key()),
                Kind::TooEarly => (&issuers[0], Some(&public), 12 * DAY, 102 * DAY, leaf_key()),
                Kind::Private => (&company, Some(&company), -YEAR, 2 * YEAR, leaf_key()),
                Kind::PrivateBare => (&bare, Some(&bare), -YEAR, 2 * YEAR, leaf_key()),
                Kind::Inspected => (&inspector, Some(&inspector), -30 * DAY, 60 * DAY, key(103)),
                Kind::YoungRoot => (&young, Some(&young), -30 * DAY, 60 * DAY, leaf_key()),
                Kind::MadeUp => (&gateway, None, -DAY, YEAR, key(104)),
            };
            let valid = (NOW.plus_seconds(from), NOW.plus_seconds(to));
            let is_public =
                !matches!(kind, Kind::Private | Kind::PrivateBare | Kind::Inspected | Kind::MadeUp);
            let plain = by.chain_between(host, valid, Vec::new(), &key);
            let mut chain = if is_public {
                let issued = valid.0.plus_seconds(60);
                let stamps = scts(&plain, by, &[(&logs[0], issued), (&logs[1], issued)]);
                by.chain_between(host, valid, vec![stamps], &key)
            } else {
                plain
            };
            if kind == Kind::PrivateBare {
                chain.truncate(1);
            }
            let is_public =
                !matches!(kind, Kind::Private | Kind::PrivateBare | Kind::Inspected | Kind::MadeUp);
            Presented { chain, valid, root: root.map(spki), is_public }
        };
        let hosts = ENDPOINTS.iter().map(|(host, _)| *host).chain(CANARIES).chain(OTHERS);
        let chains = hosts.flat_map(|host| Kind::ALL.map(|kind| ((host, kind), of(kind, host)))).collect();

        let portal = [Kind::Current, Kind::NotRenewed].map(|kind| of(kind, "login.cafe.example"));
        let [own, expired] = portal;
        let made = self_signed("gateway.local");
        let valid = (NOW.plus_seconds(-YEAR), NOW.plus_seconds(YEAR));
        let made = Presented { chain: made, valid, root: None, is_public: false };
        let signer = |seed| CanarySigner::from_seed(&[seed; 32]).unwrap();
        Self {
            chains,
            log_list,
            portal: [own, expired, made],
            signers: (0..3).map(|number| [signer(50 + number), signer(60 + number)]).collect(),
            public,
            other_public,
            company,
            bare,
            inspector,
            evil,
        }
    }

    pub(super) fn presented(&self, host: &str, kind: Kind) -> &Presented {
        let hosts = ENDPOINTS.iter().map(|(host, _)| *host).chain(CANARIES).chain(OTHERS);
        let host = hosts.into_iter().find(|known| *known == host).unwrap();
        &self.chains[&(host, kind)]
    }

    pub(super) fn public_roots(&self) -> [rustls::pki_types::TrustAnchor<'_>; 2] {
        [self.public.anchor(), self.other_public.anchor()]
    }

    /// Pins for a host: the key in use and its backup, and the authority of the second delivery network.
    pub(super) fn pins(&self) -> Vec<SpkiPin> {
        let leaf =
            |key: rcgen::KeyPair| SpkiPin::of_spki(&rcgen::PublicKeyData::subject_public_key_info(&key));
        vec![leaf(leaf_key()), leaf(key(101)), self.other_public.pin()]
    }
}

fn spki(authority: &Authority) -> Sha256 {
    Sha256::of(&webpki::spki_for_anchor(&authority.anchor()))
}

/// Signs `reply`, or finds it among those that this thread has signed.
pub(super) fn signed<R: Reply>(signer: &CanarySigner, kind: R::Kind, reply: &R) -> String {
    thread_local! {
        static SIGNED: RefCell<BTreeMap<String, String>> = const { RefCell::new(BTreeMap::new()) };
    }
    let question = format!("{} {} {}", signer.kid(), R::typ(kind), serde_json::to_string(reply).unwrap());
    SIGNED.with_borrow_mut(|known| {
        known.entry(question).or_insert_with(|| sign(signer, kind, reply).unwrap()).clone()
    })
}
