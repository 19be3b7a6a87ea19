import MTDAgent
import SwiftUI

/// The whole of an app that embeds the agent, for iOS 16 and later: no app delegate is needed.
@main
struct SampleApp: App {
    private static let refreshIdentifier = "dev.mtd-agent.sample.refresh"
    private static let reportsIdentifier = "dev.mtd-agent.sample.reports"

    private let refresh: BackgroundRefresh
    private let delivery: BackgroundDelivery
    @StateObject private var model: AgentModel
    @Environment(\.scenePhase) private var phase

    /// Runs at every start, in the background too, before iOS hands over what it woke the app for.
    init() {
        setLogSink(level: .info, sink: OSLogSink())
        let opener = AgentOpener { try await DeviceAgent.open() }
        let delivery = BackgroundDelivery(identifier: Self.reportsIdentifier) { try await opener.agent() }
        let refresh = BackgroundRefresh(identifier: Self.refreshIdentifier, agent: { try await opener.agent() }, delivery: delivery)
        refresh.register()
        self.delivery = delivery
        self.refresh = refresh
        _model = StateObject(wrappedValue: AgentModel(opener: opener))
    }

    var body: some Scene {
        WindowGroup {
            StatusScreen(model: model)
                .task(id: phase) {
                    switch phase {
                    case .active: await model.cameToForeground()
                    case .background: refresh.schedule()
                    default: break
                    }
                }
        }
        .backgroundTask(.urlSession(Self.reportsIdentifier)) { [delivery] in await delivery.handleEvents() }
    }
}
