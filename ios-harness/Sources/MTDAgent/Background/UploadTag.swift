import Foundation
import MTDAgentCore

/// What the system keeps with a transfer while this process is gone (`URLSessionTask.taskDescription`): which report it
/// carries, and whom it may be given to.
struct UploadTag: Codable, Equatable {
    /// Names the report to the agent.
    let id: String
    /// The connector's pins.
    let pins: [String]

    init(_ upload: Upload) {
        id = upload.id
        pins = upload.spkiPins
    }

    /// `nil` where `text` is not from here.
    init?(text: String?) {
        guard let text, let tag = try? JSONDecoder().decode(Self.self, from: Data(text.utf8)) else { return nil }
        self = tag
    }

    var text: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}
