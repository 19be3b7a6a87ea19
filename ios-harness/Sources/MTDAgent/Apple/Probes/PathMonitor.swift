#if canImport(Network)
    import Foundation
    import Network

    /// The network path in use, watched while this object lives (`NWPathMonitor`).
    final class PathMonitor: @unchecked Sendable {
        /// How long the first path is waited for, in seconds: the system answers at once, or is in trouble.
        private static let patience: TimeInterval = 2

        private let monitor = NWPathMonitor()
        private let queue = DispatchQueue(label: "dev.mtd-agent.path")
        private let lock = NSCondition()
        private var latest: PathDescription?
        private var onChange: (@Sendable (_ before: PathDescription?, _ now: PathDescription) -> Void)?

        init() {
            monitor.pathUpdateHandler = { [weak self] path in self?.take(PathDescription(path)) }
            monitor.start(queue: queue)
        }

        deinit {
            monitor.cancel()
        }

        /// The path in use, if it is known already.
        var known: PathDescription? {
            lock.lock()
            defer { lock.unlock() }
            return latest
        }

        /// The path in use.
        func current() -> Fact<PathDescription> {
            let patience = Date(timeIntervalSinceNow: Self.patience)
            lock.lock()
            defer { lock.unlock() }
            while latest == nil {
                guard lock.wait(until: patience) else { return .notAvailable(why: "iOS does not tell the network in use (NWPathMonitor)") }
            }
            return latest.map(Fact.known) ?? .notAvailable(why: "iOS does not tell the network in use (NWPathMonitor)")
        }

        /// Calls `onChange` at each change from now on, and once for a path that is known already.
        func watch(_ onChange: @escaping @Sendable (_ before: PathDescription?, _ now: PathDescription) -> Void) {
            lock.lock()
            self.onChange = onChange
            let known = latest
            lock.unlock()
            if let known { onChange(nil, known) }
        }

        private func take(_ path: PathDescription) {
            lock.lock()
            let before = latest
            latest = path
            let onChange = onChange
            lock.broadcast()
            lock.unlock()
            onChange?(before, path)
        }
    }

    extension PathDescription {
        init(_ path: NWPath) {
            self.init(
                isSatisfied: path.status == .satisfied,
                interfaces: path.availableInterfaces.map { Interface(name: $0.name, kind: Kind($0.type)) },
                gateways: path.gateways.compactMap(Self.address),
                isExpensive: path.isExpensive,
                isConstrained: path.isConstrained
            )
        }

        private static func address(_ endpoint: NWEndpoint) -> String? {
            guard case .hostPort(let host, _) = endpoint else { return nil }
            switch host {
            case .ipv4(let address): return AddressText.of(address.rawValue)
            case .ipv6(let address): return AddressText.of(address.rawValue)
            case .name(let name, _): return name
            @unknown default: return nil
            }
        }
    }

    extension PathDescription.Kind {
        fileprivate init(_ type: NWInterface.InterfaceType) {
            switch type {
            case .wifi: self = .wifi
            case .cellular: self = .cellular
            case .wiredEthernet: self = .wiredEthernet
            case .loopback: self = .loopback
            case .other: self = .other
            @unknown default: self = .other
            }
        }
    }
#endif
