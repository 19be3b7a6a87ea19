import Foundation

/// The fields of an X.509 certificate (RFC 5280, section 4.1) that the platform does not show: when it is valid, and its
/// SubjectPublicKeyInfo. Verifies nothing.
struct CertificateFields: Equatable {
    /// When it begins and ends to be valid.
    let validity: ClosedRange<Date>
    /// SubjectPublicKeyInfo, DER.
    let spkiDER: Data

    /// `nil` where `der` is no certificate.
    init?(der: Data) {
        var outer = DERReader([UInt8](der))
        guard var certificate = outer.enter(.sequence), outer.isAtEnd, var tbs = certificate.enter(.sequence) else { return nil }
        _ = tbs.skip(.explicit0)
        // Serial number, signature algorithm, issuer.
        guard tbs.skip(.integer), tbs.skip(.sequence), tbs.skip(.sequence), var validity = tbs.enter(.sequence) else { return nil }
        guard let begin = validity.time(), let end = validity.time(), begin <= end else { return nil }
        // Subject.
        guard tbs.skip(.sequence), let spki = tbs.whole(.sequence) else { return nil }
        self.validity = begin...end
        spkiDER = Data(spki)
    }

    /// A moment at which all certificates of `chain` are valid, the one next to `now`; `nil` where there is none.
    static func momentOfValidity(of chain: [Data], nextTo now: Date) -> Date? {
        let ranges = chain.compactMap { CertificateFields(der: $0)?.validity }
        guard ranges.count == chain.count, let begin = ranges.map(\.lowerBound).max(),
            let end = ranges.map(\.upperBound).min(), begin <= end
        else { return nil }
        return min(max(now, begin), end)
    }
}

/// Reads DER (X.690) in order, as far as a certificate needs.
private struct DERReader {
    enum Tag: UInt8 {
        case integer = 0x02, sequence = 0x30, utcTime = 0x17, generalizedTime = 0x18, explicit0 = 0xa0
    }

    private let bytes: ArraySlice<UInt8>
    private var position: Int

    init(_ bytes: [UInt8]) {
        self.init(slice: bytes[...])
    }

    private init(slice: ArraySlice<UInt8>) {
        bytes = slice
        position = slice.startIndex
    }

    var isAtEnd: Bool { position == bytes.endIndex }

    mutating func enter(_ tag: Tag) -> DERReader? {
        element(tag).map { DERReader(slice: bytes[$0.content]) }
    }

    mutating func skip(_ tag: Tag) -> Bool {
        element(tag) != nil
    }

    mutating func whole(_ tag: Tag) -> ArraySlice<UInt8>? {
        element(tag).map { bytes[$0.whole] }
    }

    /// UTCTime or GeneralizedTime, in the only forms that RFC 5280 allows: to the second, in UTC.
    mutating func time() -> Date? {
        if let utc = element(.utcTime) {
            guard let digits = digits(utc.content, count: 12) else { return nil }
            // RFC 5280, section 4.1.2.5.1.
            let year = number(digits[0..<2])
            return date(year: year >= 50 ? 1900 + year : 2000 + year, rest: Array(digits[2...]))
        }
        guard let generalized = element(.generalizedTime), let digits = digits(generalized.content, count: 14) else { return nil }
        return date(year: number(digits[0..<4]), rest: Array(digits[4...]))
    }

    private func digits(_ range: Range<Int>, count: Int) -> [Int]? {
        guard range.count == count + 1, bytes[range.upperBound - 1] == UInt8(ascii: "Z") else { return nil }
        let digits = bytes[range].dropLast().map { Int($0) - Int(UInt8(ascii: "0")) }
        return digits.allSatisfy((0...9).contains) ? digits : nil
    }

    private func number(_ digits: ArraySlice<Int>) -> Int {
        digits.reduce(0) { $0 * 10 + $1 }
    }

    private func date(year: Int, rest: [Int]) -> Date? {
        let parts = stride(from: 0, to: rest.count, by: 2).map { number(rest[$0..<($0 + 2)]) }
        guard (1...12).contains(parts[0]), (1...31).contains(parts[1]), parts[2] < 24, parts[3] < 60, parts[4] < 61 else { return nil }
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = TimeZone(secondsFromGMT: 0) ?? calendar.timeZone
        return calendar.date(from: DateComponents(
            year: year, month: parts[0], day: parts[1], hour: parts[2], minute: parts[3], second: parts[4]
        ))
    }

    /// The next element, if it has `tag` and a definite length that fits.
    private mutating func element(_ tag: Tag) -> (whole: Range<Int>, content: Range<Int>)? {
        guard bytes.endIndex - position >= 2, bytes[position] == tag.rawValue else { return nil }
        var start = position + 2
        var length = Int(bytes[position + 1])
        if length >= 0x80 {
            // Four bytes of length are more than any certificate has.
            let count = length & 0x7f
            guard (1...4).contains(count), bytes.endIndex - start >= count else { return nil }
            length = bytes[start..<(start + count)].reduce(0) { $0 << 8 | Int($1) }
            start += count
        }
        guard bytes.endIndex - start >= length else { return nil }
        defer { position = start + length }
        return (position..<(start + length), start..<(start + length))
    }
}
