// A stand-in for the type of this name in androidx.test:monitor, written for these tests: what Robolectric's core calls, no more.
package androidx.test.runner.lifecycle;

public final class ApplicationLifecycleMonitorRegistry {
    private static volatile ApplicationLifecycleMonitor monitor;

    private ApplicationLifecycleMonitorRegistry() {}

    public static ApplicationLifecycleMonitor getInstance() {
        if (monitor == null) {
            throw new IllegalStateException("no monitor of the application is registered: does this test run on Robolectric?");
        }
        return monitor;
    }

    public static void registerInstance(ApplicationLifecycleMonitor running) {
        monitor = running;
    }
}
