import MTDAgentCore

/// Whether a moment is a good one to send and fetch what can wait. Where iOS does not tell, nothing speaks against it.
public protocol MomentProbe: Sendable {
    /// The network's path; `nil` where it is not known at this moment. Does not wait for it.
    func knownPath() -> PathDescription?
    /// Whether the user spares the battery (`ProcessInfo.isLowPowerModeEnabled`).
    func isLowPower() -> Bool
}

extension MomentProbe {
    /// What a delivery is told of this moment. A network that the user constrained (Low Data Mode) counts as one that costs;
    /// whether it is a foreign operator's, iOS tells no app.
    func hints() -> DeliveryHints {
        let path = knownPath()
        return DeliveryHints(
            metered: path?.isExpensive == true || path?.isConstrained == true, lowPower: isLowPower(), roaming: false
        )
    }
}

/// A device that tells nothing of the moment.
struct UnknownMoment: MomentProbe {
    func knownPath() -> PathDescription? { nil }
    func isLowPower() -> Bool { false }
}
