// An app imports MTDAgent alone. `DeviceAgent` is what it calls; the records and words that pass between it and the agent
// come from the core.
@_exported import MTDAgentCore
