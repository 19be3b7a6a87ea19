import Foundation
import TestSupport

@testable import MTDAgent

/// Sends reports by `openssl s_client`, a process of its own: what the system's background transfers are on a device, and
/// Linux has not. It checks no pin, as somebody's middlebox would not.
final class OpenSSLTransfer: ReportTransfer, @unchecked Sendable {
    /// What came of a transfer.
    typealias Ended = @Sendable (_ tag: String, _ answer: UploadAnswer) async -> Void

    private let underWay = Locked(0)
    private let ended = Locked<Ended>({ _, _ in })

    init() {}

    /// Calls `ended` after each transfer.
    func onEnd(_ ended: @escaping Ended) {
        self.ended.with { $0 = ended }
    }

    func isBusy() async -> Bool {
        underWay.with { $0 > 0 }
    }

    func start(_ upload: Upload) {
        underWay.with { $0 += 1 }
        let tag = UploadTag(upload).text
        DispatchQueue.global().async { [self] in
            let answer = Self.post(upload)
            underWay.with { $0 -= 1 }
            let ended = ended.with { $0 }
            Task { await ended(tag, answer) }
        }
    }

    private static func post(_ upload: Upload) -> UploadAnswer {
        guard let url = URL(string: upload.url), let host = url.host, let port = url.port, let bytes = FileManager.default.contents(atPath: upload.file) else {
            return .failed(why: "nothing to send, or nowhere")
        }
        let fields = upload.headers.map { "\($0): \($1)\r\n" }.joined()
        let head = "POST \(url.path) HTTP/1.1\r\nHost: \(host):\(port)\r\n\(fields)Content-Length: \(bytes.count)\r\nConnection: close\r\n\r\n"
        do {
            return answer(to: try talk(with: host, port, saying: Data(head.utf8) + bytes)) ?? .failed(why: "no HTTP answer")
        } catch {
            return .failed(why: "openssl does not run: \(error)")
        }
    }

    private static func talk(with host: String, _ port: Int, saying request: Data) throws -> Data {
        let process = Process(), input = Pipe(), output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["openssl", "s_client", "-quiet", "-connect", "\(host):\(port)", "-servername", host, "-alpn", "http/1.1"]
        process.standardInput = input
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        try input.fileHandleForWriting.write(contentsOf: request)
        // The end of input would end the session before the answer; the connector ends it after.
        let answer = output.fileHandleForReading.readDataToEndOfFile()
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
        return answer
    }

    private static func answer(to raw: Data) -> UploadAnswer? {
        guard let end = raw.range(of: Data("\r\n\r\n".utf8)) else { return nil }
        var lines = String(decoding: raw[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
        guard let status = lines.removeFirst().split(separator: " ").dropFirst().first.flatMap({ UInt16($0) }) else { return nil }
        let fields = lines.compactMap { line in
            line.firstIndex(of: ":").map { (String(line[..<$0]), line[line.index(after: $0)...].trimmingCharacters(in: .whitespaces)) }
        }
        return .http(status: status, headers: Dictionary(fields) { first, _ in first }, body: raw[end.upperBound...])
    }
}
