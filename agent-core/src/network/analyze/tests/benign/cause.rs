//! What makes a benign set look odd, and how often.

use std::collections::BTreeSet;

use super::dice::Dice;
use super::place::Place;
use crate::model::words::words;

words! {
    /// One honest reason why a network, a server or a device is not as it should be.
    pub enum Cause {
        /// A sign-in page holds the network.
        Portal = "portal",
        /// It redirects (302, 303, 307).
        PortalRedirects = "portal: redirects",
        /// It answers with its page, 200.
        PortalPage = "portal: 200 page",
        /// It answers 511 (RFC 6585).
        Portal511 = "portal: 511",
        /// It answers every name with its own address.
        PortalHijacksDns = "portal: hijacks DNS",
        /// It presents its own valid certificate for every name.
        PortalOtherName = "portal: certificate of another name",
        /// It presents its own certificate, which has expired.
        PortalExpired = "portal: expired certificate",
        /// It presents a self-signed certificate.
        PortalSelfSigned = "portal: self-signed",
        /// It makes up a certificate for each name.
        PortalMakesUp = "portal: made-up certificates",
        /// It refuses HTTPS, drops it or ends it with an alert.
        PortalRefusesTls = "portal: refuses HTTPS",
        /// The same network was open an hour ago: the session ended.
        PortalReturned = "portal: session ended",
        /// The same portal was there in the scan before.
        PortalLasts = "portal: lasts",
        /// Signed in; the system still speaks of a portal.
        PortalCleared = "portal: cleared",
        /// The portal tells of itself by RFC 8908.
        PortalApi = "portal: API",

        /// 2 to 10 % of the attempts are lost.
        Loss = "loss: some",
        /// 20 to 60 % are.
        HeavyLoss = "loss: heavy",
        /// All of one probe's are.
        OneProbeLost = "loss: one probe",
        /// Nothing gets through.
        NoWayOut = "loss: no way out",
        /// What is asked last is not answered in time.
        Slow = "loss: slow link",
        /// The scan ends early.
        EndsEarly = "loss: scan ends early",

        /// The clock is up to four minutes off.
        SkewSeconds = "clock: seconds",
        /// Five minutes to 13 hours, as by a wrong time zone.
        SkewHours = "clock: hours",
        /// 1 to 300 days.
        SkewDays = "clock: days",
        /// 1 to 7 years.
        SkewYears = "clock: years",
        /// Reset, to 1970, 1980 or 2000.
        ClockReset = "clock: reset",

        /// A server has a new certificate, for the backup key.
        LeafRotated = "server: rotated",
        /// A server is at another delivery network, under another authority.
        OtherIssuer = "server: other CDN",
        /// A server has let its certificate expire.
        NotRenewed = "server: not renewed",
        /// A server uses its certificate too early.
        TooEarly = "server: too early",
        /// Endpoints under the organisation's own authority.
        PrivateAuthority = "server: private authority",
        /// The same, and the root is not sent.
        PrivateRootNotSent = "server: private root not sent",
        /// A root that is younger than this release, and that the settings name.
        YoungRoot = "server: young root",
        /// An endpoint is down.
        EndpointDown = "server: down",
        /// A server that knows no TLS 1.3.
        OldTls = "server: TLS 1.2",
        /// A server that wants a certificate of its client.
        ClientCertificate = "server: wants client certificate",
        /// The organisation pins an endpoint.
        Pinned = "server: pinned",
        /// The pin set ended, and the pins fit no more.
        PinsExpired = "server: pins expired",

        /// The list of transparency logs is stale.
        LogsStale = "server: stale logs",

        /// A canary is down.
        CanaryDown = "canary: one down",
        /// All are.
        CanariesDown = "canary: all down",
        /// A canary signs with the next key already.
        CanaryKeyRotated = "canary: key rotated",
        /// A canary's clock is wrong.
        CanaryClockOff = "canary: clock off",

        /// A canary's name is led to a delivery network or a relay that shows the valid certificate.
        Relayed = "DNS: relayed",
        /// No IPv6 addresses come through.
        NoAaaa = "DNS: no AAAA",
        /// Names that do not exist lead to the provider's search page.
        Wildcard = "DNS: wildcard",
        /// A resolver errs.
        ResolverErrs = "DNS: errors",
        /// Answers come twice, in another order and with another TTL.
        Duplicates = "DNS: duplicates",
        /// Datagrams that answer nothing.
        Stray = "DNS: stray datagrams",
        /// Answers that are cut short, and come over TCP.
        Truncated = "DNS: truncated",
        /// A resolver withholds addresses that are set apart.
        RebindGuard = "DNS: rebinding guard",
        /// The declared zone is answered otherwise.
        SplitHorizon = "DNS: split horizon",
        /// IPv6 only, with the well-known prefix.
        Nat64 = "NAT64: well-known",
        /// IPv6 only, with a prefix that the organisation declared.
        Nat64Declared = "NAT64: declared",

        /// A proxy adds fields to the requests.
        ProxyAdds = "proxy: adds fields",
        /// A proxy names itself in the responses.
        ProxyVia = "proxy: Via",
        /// A proxy mends the requests.
        ProxyMends = "proxy: mends requests",
        /// A proxy refuses what is no HTTP.
        ProxyRefuses = "proxy: refuses odd requests",
        /// A proxy answers errors.
        ProxyErrs = "proxy: errors",
        /// Bodies are compressed on the way.
        Compressed = "proxy: compresses",
        /// Images are recompressed on the way.
        Recompressed = "proxy: recompresses images",
        /// Bodies come in chunks.
        Chunked = "proxy: chunks",

        /// The organisation inspects TLS, as declared.
        Inspected = "inspection: all",
        /// The same, but for the canaries.
        InspectedInPart = "inspection: not the canaries",

        /// Traffic leaves by a VPN.
        Vpn = "device: VPN",
        /// Private DNS is in use.
        PrivateDns = "device: private DNS",
        /// Private DNS is to be used where it can be.
        PrivateDnsMay = "device: opportunistic private DNS",
        /// A proxy is set, as the organisation declared.
        SetProxy = "device: declared proxy",
        /// The platform does not judge chains.
        MuteVerifier = "device: no verifier",
        /// The platform's roots are old: it refuses what is public.
        OldRoots = "device: old roots",

        /// Nothing of this network is known from before.
        NewNetwork = "link: new network",
        /// Another access point of the same network.
        Roamed = "link: roamed",
        /// The same name at another site: other gateway, servers and exit.
        OtherSite = "link: other site",
        /// Another gateway of a redundant pair answers (VRRP, HSRP).
        FirstHop = "link: first-hop redundancy",
        /// The other DHCP server of two.
        DhcpFailover = "link: DHCP fail-over",
        /// The resolvers were changed from the provider's to public ones.
        ResolversChanged = "link: resolvers changed",
        /// The router was replaced: gateway and access point have new hardware addresses.
        RouterReplaced = "link: router replaced",
        /// A router behind a router.
        DoubleNat = "link: double NAT",
        /// The provider gave another address.
        ExitChanged = "link: exit changed",
        /// Clients are kept apart: the router answers ARP for all.
        ProxyArp = "link: proxy ARP",
        /// The security of the Wi-Fi was raised, or an access point of a mixed network has the older one.
        MixedSecurity = "link: mixed security",

        /// Suspicious as specified: a filter answers nobody's address for names that it does not know.
        Filter = "as specified: filter",
        /// Suspicious as specified: the network answers DNS in everybody's place, truly.
        TransparentResolver = "as specified: transparent resolver",
        /// Suspicious as specified: private DNS cannot be reached.
        PrivateDnsBlocked = "as specified: private DNS blocked",
        /// Suspicious as specified: a filter's page in place of every page over clear HTTP.
        BlockPage = "as specified: block page",
    }
}

/// How often each cause is drawn, of ten thousand sets at a place. Causes of a portal are drawn with it, those that
/// need a certain configuration take effect where it is.
const RATES: &[(Cause, &[Place], u64)] = {
    use Cause::*;
    use Place::*;
    const ANYWHERE: &[Place] = &[Home, Office, Hotspot, Cellular, Wired];
    const WIFI: &[Place] = &[Home, Office, Hotspot];
    &[
        (Portal, &[Hotspot], 4500),
        (PortalCleared, &[Hotspot], 2000),
        (PortalApi, &[Hotspot], 2000),
        (Loss, ANYWHERE, 1500),
        (HeavyLoss, ANYWHERE, 300),
        (OneProbeLost, ANYWHERE, 500),
        (NoWayOut, ANYWHERE, 100),
        (Slow, ANYWHERE, 600),
        (EndsEarly, ANYWHERE, 150),
        (SkewSeconds, ANYWHERE, 2500),
        (SkewHours, ANYWHERE, 150),
        (SkewDays, ANYWHERE, 80),
        (SkewYears, ANYWHERE, 80),
        (ClockReset, ANYWHERE, 30),
        (LeafRotated, ANYWHERE, 800),
        (OtherIssuer, ANYWHERE, 600),
        (NotRenewed, ANYWHERE, 80),
        (TooEarly, ANYWHERE, 20),
        (PrivateAuthority, ANYWHERE, 1200),
        (PrivateRootNotSent, ANYWHERE, 300),
        (YoungRoot, ANYWHERE, 100),
        (EndpointDown, ANYWHERE, 200),
        (OldTls, ANYWHERE, 300),
        (ClientCertificate, ANYWHERE, 100),
        (Pinned, ANYWHERE, 3000),
        (PinsExpired, ANYWHERE, 200),
        (LogsStale, ANYWHERE, 300),
        (CanaryDown, ANYWHERE, 300),
        (CanariesDown, ANYWHERE, 50),
        (CanaryKeyRotated, ANYWHERE, 500),
        (CanaryClockOff, ANYWHERE, 20),
        (Relayed, &[Office, Hotspot, Cellular], 100),
        (NoAaaa, ANYWHERE, 800),
        (Wildcard, &[Home, Cellular, Hotspot], 300),
        (ResolverErrs, ANYWHERE, 150),
        (Duplicates, ANYWHERE, 100),
        (Stray, ANYWHERE, 100),
        (Truncated, ANYWHERE, 50),
        (RebindGuard, &[Home, Office], 150),
        (SplitHorizon, &[Office], 800),
        (Nat64, &[Cellular], 1500),
        (Nat64Declared, &[Office], 300),
        (ProxyAdds, &[Cellular, Office], 300),
        (ProxyVia, &[Cellular, Office], 300),
        (ProxyMends, &[Cellular, Office], 200),
        (ProxyRefuses, &[Cellular, Office, Hotspot], 300),
        (ProxyErrs, &[Cellular, Office], 150),
        (Compressed, &[Cellular], 150),
        (Recompressed, &[Cellular], 400),
        (Chunked, &[Cellular, Office], 150),
        (Inspected, &[Office], 500),
        (InspectedInPart, &[Office], 500),
        (Vpn, ANYWHERE, 800),
        (PrivateDns, ANYWHERE, 2000),
        (PrivateDnsMay, ANYWHERE, 4000),
        (SetProxy, &[Office], 700),
        (MuteVerifier, ANYWHERE, 1500),
        (OldRoots, ANYWHERE, 200),
        (NewNetwork, ANYWHERE, 3000),
        (Roamed, WIFI, 2500),
        (OtherSite, &[Office, Hotspot], 1500),
        (FirstHop, &[Office, Hotspot], 2500),
        (DhcpFailover, &[Office], 500),
        (ResolversChanged, &[Home, Office, Wired], 80),
        (RouterReplaced, &[Home, Wired], 30),
        (DoubleNat, &[Home, Hotspot], 800),
        (ExitChanged, ANYWHERE, 1000),
        (ProxyArp, &[Office, Hotspot], 300),
        (MixedSecurity, &[Home, Office], 300),
        (Filter, ANYWHERE, 5),
        (TransparentResolver, &[Hotspot, Home], 10),
        (PrivateDnsBlocked, &[Office, Hotspot], 15),
        (BlockPage, &[Office, Hotspot], 10),
    ]
};

/// Causes of which a set has at most one: the first that is drawn.
const APART: &[&[Cause]] = {
    use Cause::*;
    &[
        &[Portal, PortalCleared],
        &[Portal, BlockPage],
        &[SkewYears, ClockReset, SkewDays, SkewHours, SkewSeconds],
        &[Nat64, Nat64Declared, NoAaaa],
        &[PrivateDnsBlocked, PrivateDns],
        &[Inspected, InspectedInPart],
        &[PrivateRootNotSent, PrivateAuthority],
        &[RouterReplaced, OtherSite, Roamed],
        &[NoWayOut, HeavyLoss, Loss],
        &[PinsExpired, Pinned],
        &[MuteVerifier, PrivateRootNotSent],
    ]
};

/// Draws the causes of one set.
pub(super) fn draw(dice: &mut Dice, place: Place) -> BTreeSet<Cause> {
    let here = RATES.iter().filter(|(_, places, _)| places.contains(&place));
    let mut causes: BTreeSet<_> =
        here.filter(|(_, _, rate)| dice.chance(*rate)).map(|(cause, _, _)| *cause).collect();
    for group in APART {
        let drawn: Vec<_> = group.iter().filter(|cause| causes.contains(cause)).skip(1).collect();
        drawn.into_iter().for_each(|cause| {
            causes.remove(cause);
        });
    }
    if causes.contains(&Cause::Portal) {
        causes.extend(portal(dice));
    }
    causes
}

fn portal(dice: &mut Dice) -> Vec<Cause> {
    use Cause::*;
    let mut causes = vec![
        dice.pick(&[PortalRedirects, PortalRedirects, PortalRedirects, PortalPage, Portal511]),
        dice.pick(&[
            PortalOtherName,
            PortalSelfSigned,
            PortalMakesUp,
            PortalExpired,
            PortalRefusesTls,
            PortalRefusesTls,
        ]),
    ];
    causes.extend(dice.chance(3000).then_some(PortalHijacksDns));
    causes.extend(dice.chance(2000).then_some(PortalReturned));
    causes.extend(dice.chance(1000).then_some(PortalLasts));
    causes
}
