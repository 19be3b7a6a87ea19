package dev.mtd.agent

import android.content.Context
import dev.mtd.agent.host.AndroidTrust
import dev.mtd.agent.host.AppsReader
import dev.mtd.agent.host.Files
import dev.mtd.agent.host.Getprop
import dev.mtd.agent.host.NetworkReader
import dev.mtd.agent.host.PlatformTrust
import dev.mtd.agent.host.PostureReader
import dev.mtd.agent.host.SystemFiles
import dev.mtd.agent.host.SystemProperties
import dev.mtd.agent.host.TrustEvaluator

/**
 * The facts of an Android device (8.0 and later), from the framework's own APIs.
 *
 * What a version of Android or a missing permission withholds is told as such, with the reason in words for a person; see
 * `docs/android.md` for what each permission buys. Holds no state: every call asks anew, on the caller's thread.
 */
public class AndroidDeviceHost internal constructor(
    context: Context,
    private val files: Files,
    private val properties: SystemProperties,
    trust: PlatformTrust,
) : DeviceHost {
    public constructor(context: Context) : this(context, SystemFiles, Getprop(), AndroidTrust())

    private val context: Context = context.applicationContext ?: context
    private val trust = TrustEvaluator(trust)

    override fun installedApps(): Inventory = AppsReader(context).read()

    override fun devicePosture(): DevicePosture = PostureReader(context, files, properties.now()).read()

    override fun networkSnapshot(): NetworkSnapshot = NetworkReader(context, files).read()

    override fun evaluateTrust(chain: List<ByteArray>, host: String): TrustVerdict = trust.evaluate(chain, host)
}
