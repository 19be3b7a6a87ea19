package dev.mtd.agent.host

import android.content.Context
import android.content.pm.PackageManager

/** A system service that every device has, or that this kind of device (a television, a car) may lack. */
internal inline fun <reified T : Any> Context.service(): T? = getSystemService(T::class.java)

internal fun Context.holds(permission: String): Boolean =
    checkSelfPermission(permission) == PackageManager.PERMISSION_GRANTED
