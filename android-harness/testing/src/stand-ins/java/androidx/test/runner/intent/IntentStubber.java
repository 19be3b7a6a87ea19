// A stand-in for the type of this name in androidx.test:monitor, written for these tests: what Robolectric's core calls, no more.
package androidx.test.runner.intent;

import android.app.Instrumentation.ActivityResult;
import android.content.Intent;

public interface IntentStubber {
    ActivityResult getActivityResultForIntent(Intent intent);
}
