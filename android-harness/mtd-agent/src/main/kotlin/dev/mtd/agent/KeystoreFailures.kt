package dev.mtd.agent

import android.os.Build
import android.security.KeyStoreException
import android.security.keystore.KeyPermanentlyInvalidatedException
import android.security.keystore.UserNotAuthenticatedException
import java.io.IOException
import java.security.GeneralSecurityException
import java.security.ProviderException

/** Runs [work] on the Keystore, and makes what it throws an error that says what to do. Its own texts may hold anything. */
internal inline fun <T> withKeystore(what: String, work: () -> T): T = try {
    work()
} catch (failure: GeneralSecurityException) {
    throw keystoreFailure(what, failure)
} catch (failure: ProviderException) {
    throw keystoreFailure(what, failure)
} catch (failure: IllegalStateException) {
    throw keystoreFailure(what, failure)
} catch (failure: IOException) {
    throw keystoreFailure(what, failure)
}

internal fun keystoreFailure(what: String, failure: Exception): HostException {
    val causes = generateSequence<Throwable>(failure) { it.cause }.take(MAX_CAUSES).toList()
    return when {
        causes.any { it is UserNotAuthenticatedException } ->
            HostException.NotPermitted("$what: the key may be used once the user has unlocked the device; try again then")
        causes.any { it is KeyPermanentlyInvalidatedException } ->
            HostException.Failed("$what: the screen lock was removed or changed, which ended the key; enrol this device again")
        causes.any(::isTransient) -> HostException.Failed("$what: the Keystore is busy; try again in a minute")
        else -> HostException.Failed("$what: the Keystore failed (${causes.last().javaClass.simpleName}); restart the device, and if that does not help enrol it again")
    }
}

/** Told from Android 13 on. */
internal fun isTransient(failure: Throwable): Boolean =
    Build.VERSION.SDK_INT >= Build.VERSION_CODES.TIRAMISU && failure is KeyStoreException && failure.isTransientFailure

/** An exception's causes may go round in a circle. */
private const val MAX_CAUSES = 8
