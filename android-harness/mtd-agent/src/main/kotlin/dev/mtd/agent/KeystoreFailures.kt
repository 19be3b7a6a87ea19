package dev.mtd.agent

import android.os.Build
import android.security.KeyStoreException
import android.security.keystore.BackendBusyException
import android.security.keystore.KeyPermanentlyInvalidatedException
import android.security.keystore.StrongBoxUnavailableException
import android.security.keystore.UserNotAuthenticatedException
import java.io.IOException
import java.security.GeneralSecurityException
import java.security.ProviderException

/** Runs [work] on the Keystore, and makes what it throws an error that says what to do. Its own texts may hold anything. */
internal inline fun <T> AndroidKeystore.use(what: String, work: AndroidKeystore.() -> T): T {
    if (!isOpen()) throw HostException.Locked("$what: the Keystore is closed until the device is unlocked for the first time since it started; try again then")
    return try {
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
}

internal fun keystoreFailure(what: String, failure: Exception): HostException = when (stateOf(failure)) {
    KeyState.LOCKED -> HostException.Locked("$what: the key may be used once the user has unlocked the device; try again then")
    KeyState.GONE -> HostException.Gone("$what: the key was ended by a change of the screen lock, or is damaged; enrol this device again")
    KeyState.BUSY -> HostException.Busy("$what: the Keystore is busy; try again in a minute")
    KeyState.FAILED -> {
        val cause = failure.causes().last().javaClass.simpleName
        HostException.Failed("$what: the Keystore failed ($cause); restart the device, and if that does not help enrol it again")
    }
}

/** Whether the Keystore will not make the key that it was asked for, as opposed to not now. */
internal fun isRefusal(failure: ProviderException): Boolean =
    failure.causes().any(::isNoStrongBox) || stateOf(failure) == KeyState.FAILED

private enum class KeyState { LOCKED, GONE, BUSY, FAILED }

private fun stateOf(failure: Exception): KeyState = failure.causes().firstNotNullOfOrNull(::told) ?: KeyState.FAILED

/** What an exception says of the key, where it says something. */
private fun told(failure: Throwable): KeyState? = when {
    failure is UserNotAuthenticatedException -> KeyState.LOCKED
    failure is KeyPermanentlyInvalidatedException -> KeyState.GONE
    isNoStrongBox(failure) -> KeyState.BUSY
    Build.VERSION.SDK_INT >= Build.VERSION_CODES.S && failure is BackendBusyException -> KeyState.BUSY
    Build.VERSION.SDK_INT >= Build.VERSION_CODES.TIRAMISU && failure is KeyStoreException -> told(failure)
    else -> null
}

/** Told to apps from Android 13 on. */
private fun told(failure: KeyStoreException): KeyState? = when {
    failure.requiresUserAuthentication() || failure.numericErrorCode == KeyStoreException.ERROR_KEYSTORE_UNINITIALIZED -> KeyState.LOCKED
    failure.numericErrorCode in ENDED -> KeyState.GONE
    failure.isTransientFailure -> KeyState.BUSY
    else -> null
}

/** Of a key that is in the StrongBox: its chip does not answer at this moment. Of one that is to be made: there is none. */
private fun isNoStrongBox(failure: Throwable) =
    Build.VERSION.SDK_INT >= Build.VERSION_CODES.P && failure is StrongBoxUnavailableException

private val ENDED = setOf(KeyStoreException.ERROR_KEY_DOES_NOT_EXIST, KeyStoreException.ERROR_KEY_CORRUPTED)

/** An exception's causes may go round in a circle. */
private fun Throwable.causes(): List<Throwable> = generateSequence(this) { it.cause }.take(MAX_CAUSES).toList()

private const val MAX_CAUSES = 8
