package dev.mtd.agent

import android.content.Context
import java.io.File

/** What an [MtdAgent] is opened with. The defaults are right for an app; the parts can be exchanged for tests. */
public class MtdConfig(
    /**
     * Settings of a device that is not enrolled: JSON as in `docs/wire.md`. The default shares nothing and contacts nobody. An
     * enrolled device obeys its organisation's signed settings only.
     */
    public val unenrolledSettingsJson: String? = null,
    /**
     * Who signs intelligence bundles, as long as the organisation's settings name nobody: `ed25519/` and base64, as
     * `mtd intel build` prints it. Without either, [MtdAgent.installIntel] takes none.
     */
    public val intelKey: String? = null,
    /** The database, made at first use: by default in `Context.noBackupFilesDir`, which no backup takes along. */
    public val store: File? = null,
    /** Facts about the device: [AndroidDeviceHost]. */
    public val device: DeviceHost? = null,
    /** The key that signs reports: [AndroidKeystoreKey]. */
    public val key: DeviceKey? = null,
    /** What keeps the database's key: [AndroidSecretStore]. */
    public val secrets: SecretStore? = null,
) {
    internal fun options(context: Context) = AgentOptions(
        platform = Platform.ANDROID,
        storePath = (store ?: File(context.noBackupFilesDir, "mtd-agent.db")).path,
        unenrolledSettingsJson = unenrolledSettingsJson,
        intelKey = intelKey,
        device = device ?: AndroidDeviceHost(context),
        key = key ?: AndroidKeystoreKey(context),
        secrets = secrets ?: AndroidSecretStore(context),
    )
}
