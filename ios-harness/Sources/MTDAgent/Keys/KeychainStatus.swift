import Foundation
import MTDAgentCore

#if canImport(Darwin)
    import Darwin
#else
    /// Apple's status of a call, as there.
    typealias OSStatus = Int32
#endif

/// The keychain's answers that mean something here (`SecBase.h`), and what to do about them.
enum KeychainStatus {
    static let success: OSStatus = 0
    static let userCanceled: OSStatus = -128
    static let notAvailable: OSStatus = -25291
    static let authFailed: OSStatus = -25293
    static let duplicateItem: OSStatus = -25299
    static let itemNotFound: OSStatus = -25300
    static let interactionNotAllowed: OSStatus = -25308
    static let decode: OSStatus = -26275
    static let missingEntitlement: OSStatus = -34018

    /// What `status` means, told as what it is.
    static func error(_ status: OSStatus) -> HostError {
        switch status {
        case interactionNotAllowed:
            .Locked(why: "the keychain is closed until the device is unlocked for the first time since it started (-25308)")
        case userCanceled, authFailed:
            .Locked(why: "the key was not released by the user: unlock the device and try again (\(status))")
        case itemNotFound: gone
        case notAvailable: .Busy(why: "the keychain does not answer: try again in a minute (-25291)")
        case missingEntitlement:
            .Failed(why: "this app may not use the keychain: sign it with an application identifier (-34018)")
        default: .Failed(why: "the keychain failed (OSStatus \(status))")
        }
    }

    static let gone = HostError.Gone(why: "the key is gone from the keychain: the device was restored or erased; enrol it again (-25300)")
}

/// Why an operation with a key failed, by the domain and the code of Apple's error (`CFErrorGetDomain`, `CFErrorGetCode`). Its
/// text may quote the key's attributes, and is left out.
enum KeyFailure {
    static func error(_ what: String, domain: String, code: Int) -> HostError {
        switch domain {
        case "NSOSStatusErrorDomain": OSStatus(exactly: code).map(KeychainStatus.error) ?? unknown(what, domain, code)
        case "com.apple.LocalAuthentication": localAuthentication(what, code)
        case "CryptoTokenKit": cryptoToken(what, code)
        default: unknown(what, domain, code)
        }
    }

    /// `LAError.Code`. A key that asks for its user again is not gone: who answers gets it.
    private static func localAuthentication(_ what: String, _ code: Int) -> HostError {
        switch code {
        // authenticationFailed, userCancel, userFallback, systemCancel, appCancel, invalidContext, notInteractive.
        case -1, -2, -3, -4, -9, -10, -1004: .Locked(why: "\(what): the key was not released by the user: unlock the device and try again (LAError \(code))")
        // passcodeNotSet, biometryNotAvailable, biometryNotEnrolled, biometryLockout.
        case -5, -6, -7, -8: .Locked(why: "\(what): the key asks for a screen lock that is not set up, or is blocked: see Settings > Face ID & Passcode (LAError \(code))")
        default: unknown(what, "LAError", code)
        }
    }

    /// `TKError.Code`: what the Secure Enclave says.
    private static func cryptoToken(_ what: String, _ code: Int) -> HostError {
        switch code {
        // corruptedData: the key is another Secure Enclave's. objectNotFound.
        case -3, -6: .Gone(why: "\(what): the key is none of this device's Secure Enclave: enrol the device again (TKError \(code))")
        // canceledByUser, authenticationFailed, authenticationNeeded.
        case -4, -5, -9: .Locked(why: "\(what): the key was not released by the user: unlock the device and try again (TKError \(code))")
        // communicationError, tokenNotFound.
        case -2, -7: .Busy(why: "\(what): the Secure Enclave does not answer: try again in a minute (TKError \(code))")
        default: unknown(what, "TKError", code)
        }
    }

    private static func unknown(_ what: String, _ domain: String, _ code: Int) -> HostError {
        .Failed(why: "\(what): \(domain) \(code)")
    }
}
