import XCTest

@testable import MTDAgent

final class MomentTests: XCTestCase {
    private struct Scripted: MomentProbe {
        var path: PathDescription?
        var lowPower = false

        func knownPath() -> PathDescription? { path }
        func isLowPower() -> Bool { lowPower }
    }

    private func path(expensive: Bool = false, constrained: Bool = false) -> PathDescription {
        PathDescription(isSatisfied: true, interfaces: [], gateways: [], isExpensive: expensive, isConstrained: constrained)
    }

    func testWhatCostsAndWhatIsSparedIsToldToADelivery() {
        let nothing = DeliveryHints(metered: false, lowPower: false, roaming: false)
        XCTAssertEqual(Scripted(path: path()).hints(), nothing)
        XCTAssertEqual(Scripted(path: nil).hints(), nothing, "what is not known speaks against nothing")
        XCTAssertEqual(UnknownMoment().hints(), nothing)
        let metered = DeliveryHints(metered: true, lowPower: false, roaming: false)
        XCTAssertEqual(Scripted(path: path(expensive: true)).hints(), metered)
        XCTAssertEqual(Scripted(path: path(constrained: true)).hints(), metered)
        XCTAssertEqual(Scripted(path: path(), lowPower: true).hints(), DeliveryHints(metered: false, lowPower: true, roaming: false))
    }
}
