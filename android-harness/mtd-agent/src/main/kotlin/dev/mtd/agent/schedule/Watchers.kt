package dev.mtd.agent.schedule

import android.app.Activity
import android.app.Application
import android.content.BroadcastReceiver
import android.content.Context
import android.content.Intent
import android.content.IntentFilter
import android.net.ConnectivityManager
import android.net.LinkProperties
import android.net.Network
import android.net.NetworkCapabilities
import android.os.Build
import android.os.Bundle
import dev.mtd.agent.ScanTrigger
import dev.mtd.agent.host.holds
import dev.mtd.agent.host.service

/** Tells of one kind of event while the process lives. */
internal interface Watcher {
    fun start()

    fun stop()
}

/** The network that apps use by default: joined, left, configured otherwise, let through by a portal. */
internal class NetworkWatcher(private val context: Context, private val happened: (ScanTrigger) -> Unit) : Watcher {
    private val manager get() = context.service<ConnectivityManager>()

    override fun start() {
        if (context.holds("android.permission.ACCESS_NETWORK_STATE")) manager?.registerDefaultNetworkCallback(callback)
    }

    override fun stop() {
        try {
            manager?.unregisterNetworkCallback(callback)
        } catch (notRegistered: IllegalArgumentException) {
            // Without the permission it never was.
        }
    }

    private val callback = object : ConnectivityManager.NetworkCallback() {
        private var captive: Network? = null

        override fun onAvailable(network: Network) = happened(ScanTrigger.NETWORK_CHANGED)

        override fun onLost(network: Network) {
            if (captive == network) captive = null
            happened(ScanTrigger.NETWORK_CHANGED)
        }

        override fun onLinkPropertiesChanged(network: Network, linkProperties: LinkProperties) =
            happened(ScanTrigger.NETWORK_CHANGED)

        /** Comes with every change of the signal, too: only the step from captive to validated counts. */
        override fun onCapabilitiesChanged(network: Network, networkCapabilities: NetworkCapabilities) {
            when {
                networkCapabilities.hasCapability(NetworkCapabilities.NET_CAPABILITY_CAPTIVE_PORTAL) -> captive = network
                captive == network && networkCapabilities.hasCapability(NetworkCapabilities.NET_CAPABILITY_VALIDATED) -> {
                    captive = null
                    happened(ScanTrigger.PORTAL_CLEARED)
                }
            }
        }
    }
}

/** Apps that are installed, updated, removed. Android tells of them to running apps only. */
internal class PackageWatcher(private val context: Context, private val happened: (ScanTrigger) -> Unit) : Watcher {
    override fun start() {
        val changes = IntentFilter().apply {
            addAction(Intent.ACTION_PACKAGE_ADDED)
            addAction(Intent.ACTION_PACKAGE_REPLACED)
            addAction(Intent.ACTION_PACKAGE_REMOVED)
            addDataScheme("package")
        }
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.TIRAMISU) {
            context.registerReceiver(receiver, changes, Context.RECEIVER_NOT_EXPORTED)
        } else {
            context.registerReceiver(receiver, changes)
        }
    }

    override fun stop() = context.unregisterReceiver(receiver)

    private val receiver = object : BroadcastReceiver() {
        /** An update is told as removed, added and replaced: the last of them is enough. */
        override fun onReceive(context: Context, intent: Intent) {
            val replacing = intent.getBooleanExtra(Intent.EXTRA_REPLACING, false)
            if (!replacing || intent.action == Intent.ACTION_PACKAGE_REPLACED) happened(ScanTrigger.APPS_CHANGED)
        }
    }
}

/** The first of the app's screens that starts while none was. */
internal class ForegroundWatcher(private val application: Application, private val happened: (ScanTrigger) -> Unit) : Watcher {
    override fun start() = application.registerActivityLifecycleCallbacks(callbacks)

    override fun stop() = application.unregisterActivityLifecycleCallbacks(callbacks)

    private val callbacks = object : Application.ActivityLifecycleCallbacks {
        private var started = 0

        override fun onActivityStarted(activity: Activity) {
            if (started++ == 0) happened(ScanTrigger.FOREGROUND)
        }

        override fun onActivityStopped(activity: Activity) {
            started = (started - 1).coerceAtLeast(0)
        }

        override fun onActivityCreated(activity: Activity, savedInstanceState: Bundle?) = Unit
        override fun onActivityResumed(activity: Activity) = Unit
        override fun onActivityPaused(activity: Activity) = Unit
        override fun onActivitySaveInstanceState(activity: Activity, outState: Bundle) = Unit
        override fun onActivityDestroyed(activity: Activity) = Unit
    }
}
