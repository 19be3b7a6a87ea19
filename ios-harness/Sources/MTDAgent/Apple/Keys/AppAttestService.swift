#if canImport(DeviceCheck) && canImport(CryptoKit)
    import CryptoKit
    import DeviceCheck
    import Foundation

    /// App Attest as the agent asks it (`DCAppAttestService`).
    struct AppAttestService: AttestService {
        /// How long Apple's servers are waited for, in seconds. A person waits for an enrolment meanwhile.
        private static let patience: TimeInterval = 20

        var isSupported: Bool { DCAppAttestService.shared.isSupported }

        func generateKey() throws(AttestFailure) -> String {
            try answer { give in
                DCAppAttestService.shared.generateKey { give(Self.outcome($0, $1)) }
            }
        }

        func attest(keyID: String, clientData: Data) throws(AttestFailure) -> Data {
            let hash = Data(SHA256.hash(data: clientData))
            return try answer { give in
                DCAppAttestService.shared.attestKey(keyID, clientDataHash: hash) { give(Self.outcome($0, $1)) }
            }
        }

        private func answer<Value: Sendable>(
            _ start: (@escaping @Sendable (Result<Value, AttestFailure>) -> Void) -> Void
        ) throws(AttestFailure) -> Value {
            guard let outcome = BlockingCall.value(within: Self.patience, of: start) else {
                throw .busy(why: "no answer after \(Int(Self.patience)) s")
            }
            return try outcome.get()
        }

        private static func outcome<Value>(_ value: Value?, _ error: (any Error)?) -> Result<Value, AttestFailure> {
            if let value { return .success(value) }
            guard let error = error as? DCError else { return .failure(.failed(why: "App Attest failed, without a known reason")) }
            switch error.code {
            case .serverUnavailable: return .failure(.busy(why: "DCError.serverUnavailable"))
            case .invalidKey: return .failure(.keyUnusable(why: "DCError.invalidKey"))
            case .invalidInput: return .failure(.failed(why: "DCError.invalidInput"))
            case .featureUnsupported: return .failure(.failed(why: "DCError.featureUnsupported: is App Attest among the app's capabilities?"))
            case .unknownSystemFailure: return .failure(.failed(why: "DCError.unknownSystemFailure"))
            @unknown default: return .failure(.failed(why: "DCError \(error.code.rawValue)"))
            }
        }
    }
#endif
