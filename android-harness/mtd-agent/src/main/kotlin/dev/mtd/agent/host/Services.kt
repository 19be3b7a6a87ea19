package dev.mtd.agent.host

import android.content.Context
import android.content.pm.PackageManager
import android.os.Build

/** A system service that every device has, or that this kind of device (a television, a car) may lack. */
internal inline fun <reified T : Any> Context.service(): T? = getSystemService(T::class.java)

internal fun Context.holds(permission: String): Boolean =
    checkSelfPermission(permission) == PackageManager.PERMISSION_GRANTED

/** Android 11 shows an app the others only by permission; before, and to apps made for before, it shows them all. */
internal fun Context.seesAllApps(): Boolean =
    Build.VERSION.SDK_INT < Build.VERSION_CODES.R ||
        applicationInfo.targetSdkVersion < Build.VERSION_CODES.R ||
        holds("android.permission.QUERY_ALL_PACKAGES")
