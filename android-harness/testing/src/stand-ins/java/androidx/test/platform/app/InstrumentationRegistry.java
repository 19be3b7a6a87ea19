// A stand-in for the type of this name in androidx.test:monitor, written for these tests: what Robolectric's core calls, no more.
package androidx.test.platform.app;

import android.app.Instrumentation;
import android.os.Bundle;

public final class InstrumentationRegistry {
    private static volatile Instrumentation instrumentation;
    private static volatile Bundle arguments;

    private InstrumentationRegistry() {}

    public static Instrumentation getInstrumentation() {
        if (instrumentation == null) {
            throw new IllegalStateException("no instrumentation is registered: does this test run on Robolectric?");
        }
        return instrumentation;
    }

    public static Bundle getArguments() {
        if (arguments == null) {
            throw new IllegalStateException("no arguments are registered: does this test run on Robolectric?");
        }
        return new Bundle(arguments);
    }

    public static void registerInstance(Instrumentation running, Bundle itsArguments) {
        instrumentation = running;
        arguments = new Bundle(itsArguments);
    }
}
