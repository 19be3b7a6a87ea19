package dev.mtd.agent

import kotlin.time.Duration

/** What [MtdAgent.runDue] did. */
public class DueRun internal constructor(
    /** The scan, where one was due; the last of them. */
    public val scan: ScanResult?,
    /** What the connector took and said; `null` where there was nothing to deliver, or no way to the connector. */
    public val delivery: DeliverySummary?,
    /** When to call [MtdAgent.runDue] without a trigger, at one alarm that replaces the one before; `null`: when something happens. */
    public val next: Duration?,
)
