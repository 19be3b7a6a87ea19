/// A value that the platform may withhold. Absent is never empty, zero or false.
public enum Fact<Value> {
    /// The platform told.
    case known(Value)
    /// The platform could tell, but the user or the administrator has not allowed it. `why` names the missing permission,
    /// entitlement or setting, in words for a person.
    case notPermitted(why: String)
    /// This platform or OS version cannot tell. `why` says what is missing, in words for a person.
    case notAvailable(why: String)
}

extension Fact: Sendable where Value: Sendable {}
extension Fact: Equatable where Value: Equatable {}

extension Fact {
    /// The value, if the platform told.
    public var value: Value? {
        if case .known(let value) = self { value } else { nil }
    }

    /// The same fact about what `transform` makes of the value.
    public func map<Other>(_ transform: (Value) -> Other) -> Fact<Other> {
        flatMap { .known(transform($0)) }
    }

    /// The same fact, or what `transform` makes of the value.
    public func flatMap<Other>(_ transform: (Value) -> Fact<Other>) -> Fact<Other> {
        switch self {
        case .known(let value): transform(value)
        case .notPermitted(let why): .notPermitted(why: why)
        case .notAvailable(let why): .notAvailable(why: why)
        }
    }
}
