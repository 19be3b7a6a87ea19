// A stand-in for the type of this name in androidx.test:monitor, written for these tests: what Robolectric's core calls, no more.
package androidx.test.runner.intent;

public final class IntentMonitorRegistry {
    private static volatile IntentMonitor monitor;

    private IntentMonitorRegistry() {}

    public static IntentMonitor getInstance() {
        if (monitor == null) {
            throw new IllegalStateException("no monitor of intents is registered: does this test run on Robolectric?");
        }
        return monitor;
    }

    public static void registerInstance(IntentMonitor running) {
        monitor = running;
    }
}
