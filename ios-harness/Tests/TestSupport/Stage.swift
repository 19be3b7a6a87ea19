import Foundation

/// `mtd stage`, a real connector and the network around a device, as a process of this test's own.
public final class Stage {
    /// The first enrolment code.
    public let payload: String
    private let process = Process()
    private let commands = Pipe()
    private let answers = Pipe()
    private var unread = Data()

    public struct Failure: Error, CustomStringConvertible {
        public let description: String
    }

    /// Sets the stage, with the `mtd` that `MTD_BINARY` names; `nil` where it names none.
    public init?() throws {
        guard let binary = ProcessInfo.processInfo.environment["MTD_BINARY"] else { return nil }
        process.executableURL = URL(fileURLWithPath: binary)
        process.arguments = ["stage"]
        process.standardInput = commands
        process.standardOutput = answers
        try process.run()
        var first = Data()
        let welcome = try Self.answer(from: answers, unread: &first)
        guard let payload = welcome["payload"] as? String else { throw Failure(description: "no code in \(welcome)") }
        self.payload = payload
        unread = first
    }

    deinit {
        // The end of input ends the stage.
        try? commands.fileHandleForWriting.close()
        process.waitUntilExit()
    }

    /// Gives a command and returns its answer.
    @discardableResult
    public func tell(_ command: String) throws -> [String: Any] {
        try commands.fileHandleForWriting.write(contentsOf: Data("\(command)\n".utf8))
        let answer = try Self.answer(from: answers, unread: &unread)
        if let error = answer["error"] { throw Failure(description: "stage: \(command): \(error)") }
        return answer
    }

    private static func answer(from pipe: Pipe, unread: inout Data) throws -> [String: Any] {
        while true {
            if let end = unread.firstIndex(of: UInt8(ascii: "\n")) {
                let line = unread[..<end]
                unread = Data(unread[unread.index(after: end)...])
                guard let answer = try JSONSerialization.jsonObject(with: line) as? [String: Any] else {
                    throw Failure(description: "stage: not an object: \(String(decoding: line, as: UTF8.self))")
                }
                return answer
            }
            let more = pipe.fileHandleForReading.availableData
            guard !more.isEmpty else { throw Failure(description: "the stage ended") }
            unread.append(more)
        }
    }
}
