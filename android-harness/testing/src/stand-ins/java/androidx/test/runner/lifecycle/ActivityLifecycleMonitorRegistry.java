// A stand-in for the type of this name in androidx.test:monitor, written for these tests: what Robolectric's core calls, no more.
package androidx.test.runner.lifecycle;

public final class ActivityLifecycleMonitorRegistry {
    private static volatile ActivityLifecycleMonitor monitor;

    private ActivityLifecycleMonitorRegistry() {}

    public static ActivityLifecycleMonitor getInstance() {
        if (monitor == null) {
            throw new IllegalStateException("no monitor of activities is registered: does this test run on Robolectric?");
        }
        return monitor;
    }

    public static void registerInstance(ActivityLifecycleMonitor running) {
        monitor = running;
    }
}
