#if canImport(os)
    import MTDAgentCore
    import os

    /// Sends the agent's lines to the unified log: `log stream --predicate 'subsystem == "dev.mtd-agent"'`.
    ///
    /// They are public there, since they hold no personal data and no secret.
    public final class OSLogSink: LogSink {
        private let logger: Logger

        /// A sink that writes under `subsystem`.
        public init(subsystem: String = "dev.mtd-agent") {
            logger = Logger(subsystem: subsystem, category: "agent")
        }

        public func log(level: LogLevel, target: String, message: String) throws {
            logger.log(level: Self.type(of: level), "\(target, privacy: .public): \(message, privacy: .public)")
        }

        private static func type(of level: LogLevel) -> OSLogType {
            switch level {
            case .error: .error
            case .warn: .default
            case .info: .info
            case .debug, .trace: .debug
            }
        }
    }
#endif
