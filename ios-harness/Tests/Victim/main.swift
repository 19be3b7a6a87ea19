// A process that is killed in the middle of a scan or a delivery, by `ProcessDeathTests`.
//
//   victim FOLDER scan      says "asked" when the host is asked for the apps, and waits
//   victim FOLDER deliver   says "asked" when the second report is about to be sent, and waits

import Foundation
import MTDAgent
import TestSupport

@Sendable func sayAskedAndWait() -> Never {
    FileHandle.standardOutput.write(Data("asked\n".utf8))
    // Longer than any test: this process ends by being killed.
    while true { sleep(60) }
}

/// Counts what is signed: one signature for each report that is sent.
final class Count: @unchecked Sendable {
    private let lock = NSLock()
    private var count = 0

    func next() -> Int {
        lock.withLock {
            count += 1
            return count
        }
    }
}

let folder = URL(fileURLWithPath: CommandLine.arguments[1])
let workshop = try Workshop(folder: folder)
switch CommandLine.arguments[2] {
case "scan":
    let agent = try await workshop.open(device: ScriptedHost(apps: { sayAskedAndWait() }))
    _ = try await agent.scan(.requested, within: 600)
default:
    let signed = Count()
    let key = SoftwareDeviceKey(workshop.pair) { if signed.next() == 2 { sayAskedAndWait() } }
    let agent = try await workshop.open(device: ScriptedHost(), key: key)
    _ = try await agent.deliver(within: 600)
}
