import Foundation
import Testing
import TestSupport

@Suite("The tests' software key")
struct SoftwareKeyPairSuite {
    @Test("is the same pair after it was kept in a file")
    func survivesStorage() throws {
        let pair = SoftwareKeyPair()
        let again = try #require(SoftwareKeyPair(stored: pair.stored))
        #expect(again.spkiDER == pair.spkiDER)
        #expect(pair.spkiDER.count == 91)
        #expect(again.sign(Data("message".utf8)) != nil)
    }

    @Test("refuses what is no key")
    func refusesGarbage() {
        #expect(SoftwareKeyPair(stored: Data([1, 2, 3])) == nil)
    }
}
