import MTDAgentCore

/// What a change of the network path means for the agent: see `docs/scheduling.md`.
enum PathChange {
    /// The event to tell the agent; `nil` where nothing changed that it would look at.
    static func trigger(from before: PathDescription?, to now: PathDescription) -> ScanTrigger? {
        guard let before else { return now.isSatisfied ? .networkChanged : nil }
        let isSameNetwork = before.interfaces == now.interfaces && before.gateways == now.gateways
        switch (before.isSatisfied, now.isSatisfied) {
        // The same network lets this device through now.
        case (false, true) where isSameNetwork: return .portalCleared
        case (let before, let now) where before != now: return .networkChanged
        default: return isSameNetwork ? nil : .networkChanged
        }
    }
}
