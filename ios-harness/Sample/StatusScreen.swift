import MTDAgent
import SwiftUI

/// One screen: how the device stands, why, how to fix it, and what is shared.
struct StatusScreen: View {
    @ObservedObject var model: AgentModel

    private var words: Words { Words(model.language) }

    var body: some View {
        NavigationStack {
            content
                .navigationTitle(words.title)
        }
        .task { await model.open() }
    }

    @ViewBuilder private var content: some View {
        switch model.opening {
        case .underWay:
            ProgressView(words.opening)
        case .failed(let why):
            VStack(spacing: 16) {
                Text(why)
                Button(words.tryAgain) { Task { await model.open() } }
            }
        case .open:
            List {
                LevelSection(state: model.state, words: words) { await model.check() }
                if let explanation = model.state.explanation {
                    WhySection(explanation: explanation, words: words)
                    FixSection(explanation: explanation, words: words)
                }
                SharedSection(model: model, words: words)
            }
            .refreshable { await model.check() }
        }
    }
}

/// The level, and the button that asks for a check.
private struct LevelSection: View {
    let state: AgentState
    let words: Words
    let check: () async -> Void

    var body: some View {
        Section {
            if let explanation = state.explanation {
                Text(explanation.levelName).font(.title)
                Text(explanation.headline)
            } else {
                Text(words.notChecked).font(.headline)
            }
            switch state.access {
            case .allowed: Text(words.accessAllowed)
            case .blocked: Text(words.accessBlocked)
            case .undecided: EmptyView()
            }
            if let failure = state.failure { Text(failure.message).foregroundStyle(.red) }
            switch state.activity {
            case .idle: Button(words.check) { Task { await check() } }
            case .scanning: ProgressView(words.checking)
            case .delivering: ProgressView(words.reporting)
            case .closed: Text(words.closed)
            }
        }
    }
}

/// What was found, and what could not be looked at.
private struct WhySection: View {
    let explanation: Explanation
    let words: Words

    var body: some View {
        Section(words.why) {
            if explanation.findings.isEmpty && explanation.gaps.isEmpty { Text(words.nothingFound) }
            ForEach(explanation.findings, id: \.self) { finding in
                VStack(alignment: .leading, spacing: 4) {
                    Text(finding.title).font(.headline)
                    if !finding.subject.isEmpty { Text(finding.subject) }
                    Text("\(finding.severityName) · \(finding.verdictName)")
                    Text(finding.meaning)
                    Text(finding.reason).font(.footnote).foregroundStyle(.secondary)
                }
            }
            ForEach(explanation.gaps, id: \.self) { gap in
                VStack(alignment: .leading, spacing: 4) {
                    Text(gap.name).font(.headline)
                    Text(gap.fix)
                }
            }
        }
    }
}

/// For each better level, what would bring it.
private struct FixSection: View {
    let explanation: Explanation
    let words: Words

    var body: some View {
        ForEach(explanation.toReach, id: \.self) { target in
            Section(words.toReach(target.levelName)) {
                ForEach(target.steps, id: \.self) { Text($0.words) }
            }
        }
    }
}

/// Who is told, and what.
private struct SharedSection: View {
    @ObservedObject var model: AgentModel
    let words: Words

    var body: some View {
        Section(words.shared) {
            if let enrolment = model.state.enrolment {
                Text(words.reportsTo(enrolment.tenant))
                Text(words.apps(enrolment))
                NavigationLink(words.waiting(model.state.queued)) {
                    ReportsScreen(model: model, words: words)
                }
            } else {
                Text(words.nothingShared)
            }
        }
    }
}

/// The reports that wait, exactly as they will be sent.
private struct ReportsScreen: View {
    @ObservedObject var model: AgentModel
    let words: Words

    var body: some View {
        List {
            if model.reports.isEmpty { Text(words.noReports) }
            ForEach(model.reports, id: \.seq) { report in
                Section("\(report.seq)") { Text(report.payload).font(.footnote).textSelection(.enabled) }
            }
        }
        .navigationTitle(words.shared)
        .task { await model.loadReports() }
    }
}

extension Step {
    fileprivate var words: String {
        switch self {
        case .resolve(_, let subject, let text): subject.isEmpty ? text : "\(subject): \(text)"
        case .cover(_, let text): text
        }
    }
}
