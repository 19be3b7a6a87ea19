// An app's process, for tests of what becomes of one. Works with the folder of a `Workshop`.
//
//   other-process FOLDER scan      says "begun" when the host is asked for the apps, and gives no answer: to be killed
//   other-process FOLDER deliver   says "begun", delivers, and ends: to be killed
//   other-process FOLDER cycles    says "MB before", opens, scans and closes 1,000 times, and says "MB after"

import Foundation
import MTDAgent
import TestSupport

let workshop = try Workshop(folder: URL(fileURLWithPath: CommandLine.arguments[1]))
switch CommandLine.arguments[2] {
case "scan":
    let agent = try await workshop.open(device: ScriptedHost(apps: {
        say("begun")
        // Longer than any test.
        while true { sleep(60) }
    }))
    try await agent.scan(within: 600)
case "deliver":
    let agent = try await workshop.open(device: ScriptedHost())
    say("begun")
    try await agent.deliver(within: 600)
case "cycles":
    // What is allocated once and kept.
    try await cycles(100)
    try say("\(residentMegabytes())")
    try await cycles(1000)
    try say("\(residentMegabytes())")
case let command:
    fatalError("no command \"\(command)\"")
}

@Sendable func say(_ line: String) {
    FileHandle.standardOutput.write(Data("\(line)\n".utf8))
}

func cycles(_ count: Int) async throws {
    let apps = (0..<20).map { AppRecord.listed("com.example.app\($0)", name: "App \($0)") }
    for _ in 0..<count {
        let agent = try await workshop.open(device: ScriptedHost(apps: { Inventory(apps: apps, notes: []) }))
        let events = agent.events
        try await agent.scan()
        agent.close()
        for await _ in events {}
    }
}

/// Of this process, from Linux' /proc/self/statm.
func residentMegabytes() throws -> Double {
    let fields = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")
    guard fields.count > 1, let pages = Double(fields[1]) else { fatalError("/proc/self/statm is not as in proc(5)") }
    return pages * Double(sysconf(Int32(_SC_PAGESIZE))) / 1_048_576
}
