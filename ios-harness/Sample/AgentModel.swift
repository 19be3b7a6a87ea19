import Foundation
import MTDAgent
import SwiftUI

/// What the screen shows and does. The state is the library's `AgentState`; this keeps it on the main actor.
@MainActor
final class AgentModel: ObservableObject {
    /// Whether there is an agent to show.
    enum Opening { case underWay, open, failed(String) }

    @Published private(set) var opening = Opening.underWay
    @Published private(set) var state = AgentState()
    /// What waits to be sent, exactly as it will be.
    @Published private(set) var reports: [PreviewedReport] = []

    let language = languageFor(tag: Locale.preferredLanguages.first ?? "en")
    private let opener: AgentOpener
    private let managed = ManagedDefaults()
    private var agent: DeviceAgent?
    private var watch: DeviceWatch?
    /// What is watched, for as long as these are kept.
    private var watched: [AnyObject] = []
    private var isOpening = false

    init(opener: AgentOpener) {
        self.opener = opener
    }

    /// Opens the agent, enrols it where the MDM says so, and begins to watch. Again after a failure.
    func open() async {
        guard agent == nil, !isOpening else { return }
        isOpening = true
        defer { isOpening = false }
        opening = .underWay
        do {
            let agent = try await opener.agent()
            self.agent = agent
            listen(to: agent)
            let watch = DeviceWatch(agent: agent) { [weak self] turn in await self?.learn(turn) }
            self.watch = watch
            watched = [watch.watchNetwork(), watch.watchManagedConfiguration()]
            watch.lookForSystemUpdate()
            opening = .open
            await refresh()
            await enrollAsManaged(agent)
        } catch {
            opening = .failed((error as? AgentError)?.message ?? "\(type(of: error))")
        }
    }

    func cameToForeground() async {
        await open()
        watch?.happened(.foreground)
    }

    /// Somebody asks for a check, which then looks at everything, and sends what it found.
    func check() async {
        guard let agent, state.activity == .idle else { return }
        do throws(AgentError) {
            state.learn(.scanBegan)
            state.learn(.scanned(try await agent.scan(.requested)))
            if state.enrolment != nil {
                state.learn(.deliveryBegan)
                state.learn(.delivered(try await agent.deliver()))
            }
        } catch {
            state.learn(.failed(error))
        }
        await refresh()
    }

    func enroll(_ code: String) async {
        guard let agent else { return }
        do throws(AgentError) {
            _ = try await agent.enroll(code)
            managed.report(isEnrolled: true, agentVersion: agentVersion())
        } catch {
            state.learn(.failed(error))
        }
        await refresh()
    }

    func loadReports() async {
        reports = (try? await agent?.previewReports()) ?? []
    }

    private func enrollAsManaged(_ agent: DeviceAgent) async {
        guard state.enrolment == nil, case .known(let code) = ManagedConfiguration(from: managed).enrolmentCode() else { return }
        await enroll(code)
    }

    private func listen(to agent: DeviceAgent) {
        Task { [weak self] in
            for await event in agent.events {
                self?.state.learn(.event(event))
                await self?.explain()
            }
        }
    }

    private func learn(_ turn: ScanScheduler.Turn) async {
        for scan in turn.scans { state.learn(.scanned(scan)) }
        if let delivery = turn.delivery { state.learn(.delivered(delivery)) }
        await refresh()
    }

    private func refresh() async {
        guard let status = try? await agent?.status() else { return }
        state.learn(.status(status))
        await explain()
    }

    private func explain() async {
        guard let agent, let explanation = try? await agent.explain(in: language) else { return }
        state.learn(.explained(explanation))
    }
}
