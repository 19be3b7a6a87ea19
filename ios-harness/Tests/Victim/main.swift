// A process that is killed in the middle of a scan or a delivery, by `ProcessDeathTests`.
//
//   victim FOLDER scan      says "begun" when the host is asked for the apps, and gives no answer
//   victim FOLDER deliver   says "begun", delivers, and ends
//
// Both need the folder of a `Workshop`.

import Foundation
import MTDAgent
import TestSupport

@Sendable func sayBegun() {
    FileHandle.standardOutput.write(Data("begun\n".utf8))
}

@Sendable func sayBegunAndWait() -> Never {
    sayBegun()
    // Longer than any test: this process ends by being killed.
    while true { sleep(60) }
}

let workshop = try Workshop(folder: URL(fileURLWithPath: CommandLine.arguments[1]))
if CommandLine.arguments[2] == "scan" {
    let agent = try await workshop.open(device: ScriptedHost(apps: { sayBegunAndWait() }))
    _ = try await agent.scan(.requested, within: 600)
} else {
    let agent = try await workshop.open(device: ScriptedHost())
    sayBegun()
    _ = try await agent.deliver(within: 600)
}
