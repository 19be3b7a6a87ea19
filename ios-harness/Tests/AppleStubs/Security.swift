@_exported import Darwin
import Foundation

// CoreFoundation's types and functions come with every Apple framework.
public typealias CFTypeRef = AnyObject
public typealias CFTypeID = UInt
public typealias CFIndex = Int
public typealias CFString = String
public typealias CFData = Data
public typealias CFDate = Date
public typealias CFArray = [Any]
public typealias CFDictionary = [String: Any]
public final class CFAllocator {}
public final class CFError: Error, @unchecked Sendable {}
public func CFGetTypeID(_: CFTypeRef!) -> CFTypeID { fatalError() }
public func CFErrorGetCode(_: CFError!) -> CFIndex { fatalError() }
public func CFErrorGetDomain(_: CFError!) -> CFString! { fatalError() }

public let errSecSuccess: OSStatus = 0
public let errSecItemNotFound: OSStatus = -25300
public let errSecCertificateExpired: OSStatus = -67818
public let errSecCertificateNotValidYet: OSStatus = -67819
public func SecCopyErrorMessageString(_: OSStatus, _: UnsafeMutableRawPointer?) -> CFString? { fatalError() }

public final class SecCertificate {}
public final class SecPolicy {}
public final class SecTrust {}
public func SecCertificateCreateWithData(_: CFAllocator?, _: CFData) -> SecCertificate? { fatalError() }
public func SecCertificateCopyData(_: SecCertificate) -> CFData { fatalError() }
public func SecPolicyCreateSSL(_ server: Bool, _ hostname: CFString?) -> SecPolicy { fatalError() }
public func SecTrustCreateWithCertificates(_: Any, _: Any?, _: UnsafeMutablePointer<SecTrust?>) -> OSStatus { fatalError() }
public func SecTrustSetNetworkFetchAllowed(_: SecTrust, _: Bool) -> OSStatus { fatalError() }
public func SecTrustSetVerifyDate(_: SecTrust, _: CFDate) -> OSStatus { fatalError() }
public func SecTrustSetAnchorCertificates(_: SecTrust, _: CFArray?) -> OSStatus { fatalError() }
public func SecTrustSetAnchorCertificatesOnly(_: SecTrust, _: Bool) -> OSStatus { fatalError() }
public func SecTrustEvaluateWithError(_: SecTrust, _: UnsafeMutablePointer<CFError?>?) -> Bool { fatalError() }
public func SecTrustCopyCertificateChain(_: SecTrust) -> CFArray? { fatalError() }

public final class SecKey {}
public final class SecAccessControl {}

public struct SecAccessControlCreateFlags: OptionSet, Sendable {
    public let rawValue: UInt
    public init(rawValue: UInt) { self.rawValue = rawValue }
    public static let privateKeyUsage = SecAccessControlCreateFlags(rawValue: 1 << 30)
}

public struct SecKeyAlgorithm: Sendable {
    public static let ecdsaSignatureMessageX962SHA256 = SecKeyAlgorithm()
    public static let eciesEncryptionCofactorVariableIVX963SHA256AESGCM = SecKeyAlgorithm()
}

public func SecAccessControlCreateWithFlags(
    _: CFAllocator?, _: CFTypeRef, _: SecAccessControlCreateFlags, _: UnsafeMutablePointer<Unmanaged<CFError>?>?
) -> SecAccessControl? { fatalError() }
// A constant is a CFString, thus an object, on Apple's platforms.
public func SecAccessControlCreateWithFlags(
    _: CFAllocator?, _: CFString, _: SecAccessControlCreateFlags, _: UnsafeMutablePointer<Unmanaged<CFError>?>?
) -> SecAccessControl? { fatalError() }
public func SecKeyGetTypeID() -> CFTypeID { fatalError() }
public func SecKeyCreateRandomKey(_: CFDictionary, _: UnsafeMutablePointer<Unmanaged<CFError>?>?) -> SecKey? { fatalError() }
public func SecKeyCopyPublicKey(_: SecKey) -> SecKey? { fatalError() }
public func SecKeyCopyExternalRepresentation(_: SecKey, _: UnsafeMutablePointer<Unmanaged<CFError>?>?) -> CFData? { fatalError() }
public func SecKeyCreateSignature(
    _: SecKey, _: SecKeyAlgorithm, _: CFData, _: UnsafeMutablePointer<Unmanaged<CFError>?>?
) -> CFData? { fatalError() }
public func SecKeyCreateEncryptedData(
    _: SecKey, _: SecKeyAlgorithm, _: CFData, _: UnsafeMutablePointer<Unmanaged<CFError>?>?
) -> CFData? { fatalError() }
public func SecKeyCreateDecryptedData(
    _: SecKey, _: SecKeyAlgorithm, _: CFData, _: UnsafeMutablePointer<Unmanaged<CFError>?>?
) -> CFData? { fatalError() }

public func SecItemCopyMatching(_: CFDictionary, _: UnsafeMutablePointer<CFTypeRef?>?) -> OSStatus { fatalError() }
public func SecItemAdd(_: CFDictionary, _: UnsafeMutablePointer<CFTypeRef?>?) -> OSStatus { fatalError() }
public func SecItemUpdate(_: CFDictionary, _: CFDictionary) -> OSStatus { fatalError() }
public func SecItemDelete(_: CFDictionary) -> OSStatus { fatalError() }

public let kSecClass: CFString = ""
public let kSecClassKey: CFString = ""
public let kSecClassGenericPassword: CFString = ""
public let kSecAttrKeyType: CFString = ""
public let kSecAttrKeyTypeECSECPrimeRandom: CFString = ""
public let kSecAttrKeySizeInBits: CFString = ""
public let kSecAttrApplicationTag: CFString = ""
public let kSecAttrTokenID: CFString = ""
public let kSecAttrTokenIDSecureEnclave: CFString = ""
public let kSecAttrIsPermanent: CFString = ""
public let kSecAttrAccessControl: CFString = ""
public let kSecAttrAccessible: CFString = ""
public let kSecAttrAccessibleAfterFirstUnlockThisDeviceOnly: CFString = ""
public let kSecAttrService: CFString = ""
public let kSecAttrAccount: CFString = ""
public let kSecPrivateKeyAttrs: CFString = ""
public let kSecReturnRef: CFString = ""
public let kSecReturnData: CFString = ""
public let kSecValueData: CFString = ""
public let kSecUseDataProtectionKeychain: CFString = ""
