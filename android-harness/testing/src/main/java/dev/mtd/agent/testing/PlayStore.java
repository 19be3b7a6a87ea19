package dev.mtd.agent.testing;

import static org.robolectric.Shadows.shadowOf;

import android.content.Context;
import android.os.Build;

/** Where the apps of a simulated device came from. */
public final class PlayStore {
    private static final String ID = "com.android.vending";

    private PlayStore() {}

    /** Makes Google Play the installer of an app, which without any counts as sideloaded. */
    public static void installed(Context context, String app) {
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.R) {
            shadowOf(context.getPackageManager()).setInstallSourceInfo(app, ID, ID);
        } else {
            context.getPackageManager().setInstallerPackageName(app, ID);
        }
    }
}
