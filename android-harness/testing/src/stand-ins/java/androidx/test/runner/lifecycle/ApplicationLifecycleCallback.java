// A stand-in for the type of this name in androidx.test:monitor, written for these tests: what Robolectric's core calls, no more.
package androidx.test.runner.lifecycle;

import android.app.Application;

public interface ApplicationLifecycleCallback {
    void onApplicationLifecycleChanged(Application application, ApplicationStage stage);
}
