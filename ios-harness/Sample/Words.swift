import MTDAgent

/// The screen's own words. All that is said about the device comes from the agent, in the same language.
struct Words {
    private let isKorean: Bool

    init(_ language: Language) {
        isKorean = language == .ko
    }

    var title: String { pick("Device security", "기기 보안") }
    var opening: String { pick("Opening…", "여는 중…") }
    var tryAgain: String { pick("Try again", "다시 시도") }
    var notChecked: String { pick("Not checked yet", "아직 검사하지 않음") }
    var check: String { pick("Check now", "지금 검사") }
    var checking: String { pick("Checking…", "검사 중…") }
    var reporting: String { pick("Reporting…", "보고 중…") }
    var closed: String { pick("Closed. Start the app again.", "닫혔습니다. 앱을 다시 시작하세요.") }
    var accessAllowed: String { pick("Access allowed", "접근 허용됨") }
    var accessBlocked: String { pick("Access blocked", "접근 차단됨") }
    var why: String { pick("Why", "이유") }
    var nothingFound: String { pick("Nothing was found", "발견된 문제가 없습니다") }
    var shared: String { pick("What is shared", "공유되는 정보") }
    var nothingShared: String { pick("Nothing: this device is not enrolled", "없음: 등록되지 않은 기기입니다") }
    var noReports: String { pick("Nothing waits to be sent", "전송 대기 중인 보고가 없습니다") }

    func toReach(_ level: String) -> String { pick("To reach: \(level)", "목표 수준: \(level)") }
    func reportsTo(_ tenant: String) -> String { pick("Reports go to \(tenant)", "보고 대상: \(tenant)") }
    func waiting(_ count: UInt64) -> String { pick("Waiting to be sent: \(count)", "전송 대기: \(count)") }

    func apps(_ enrolment: EnrolmentStatus) -> String {
        guard enrolment.appSync else { return pick("The list of apps is not shared", "앱 목록은 공유되지 않습니다") }
        let isAll = enrolment.ownership == .corporate || enrolment.appSyncPersonal
        return isAll ? pick("All apps are shared", "모든 앱이 공유됩니다") : pick("Managed apps are shared", "관리되는 앱만 공유됩니다")
    }

    private func pick(_ english: String, _ korean: String) -> String {
        isKorean ? korean : english
    }
}
