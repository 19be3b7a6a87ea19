import MTDAgentCore

// The core's interface has one type for each kind of fact, because the languages that it serves share no generic one.

extension TextFact {
    init(_ fact: Fact<String>) {
        switch fact {
        case .known(let value): self = .known(value: value)
        case .notPermitted(let why): self = .notPermitted(why: why)
        case .notAvailable(let why): self = .notAvailable(why: why)
        }
    }
}

extension BoolFact {
    init(_ fact: Fact<Bool>) {
        switch fact {
        case .known(let value): self = .known(value: value)
        case .notPermitted(let why): self = .notPermitted(why: why)
        case .notAvailable(let why): self = .notAvailable(why: why)
        }
    }
}

extension TextListFact {
    init(_ fact: Fact<[String]>) {
        switch fact {
        case .known(let value): self = .known(value: value)
        case .notPermitted(let why): self = .notPermitted(why: why)
        case .notAvailable(let why): self = .notAvailable(why: why)
        }
    }
}

extension ProxiesFact {
    init(_ fact: Fact<[Proxy]>) {
        switch fact {
        case .known(let value): self = .known(value: value)
        case .notPermitted(let why): self = .notPermitted(why: why)
        case .notAvailable(let why): self = .notAvailable(why: why)
        }
    }
}

extension TransportFact {
    init(_ fact: Fact<Transport>) {
        switch fact {
        case .known(let value): self = .known(value: value)
        case .notPermitted(let why): self = .notPermitted(why: why)
        case .notAvailable(let why): self = .notAvailable(why: why)
        }
    }
}

extension WifiSecurityFact {
    init(_ fact: Fact<WifiSecurity>) {
        switch fact {
        case .known(let value): self = .known(value: value)
        case .notPermitted(let why): self = .notPermitted(why: why)
        case .notAvailable(let why): self = .notAvailable(why: why)
        }
    }
}
