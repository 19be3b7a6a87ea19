package dev.mtd.agent.host

import java.io.IOException
import java.security.GeneralSecurityException
import java.security.KeyStore

/** The roots that the user or an administrator added, DER, by `AndroidCAStore`. */
internal class AddedRoots(private val store: () -> KeyStore = ::androidRoots) {
    fun read(): Told<List<ByteArray>> = ask(WHAT) {
        try {
            val roots = store()
            val added = roots.aliases().toList().filter { it.startsWith(USER) }.sorted()
            Told.Known(added.mapNotNull { roots.getCertificate(it)?.encoded })
        } catch (unavailable: GeneralSecurityException) {
            Told.NotAvailable("Android failed to tell $WHAT (${unavailable.javaClass.simpleName})")
        } catch (unreadable: IOException) {
            Told.NotAvailable("Android failed to tell $WHAT (${unreadable.javaClass.simpleName})")
        }
    }
}

/** The roots of the system and of the user; their aliases begin with `system:` and `user:`. */
internal fun androidRoots(): KeyStore = KeyStore.getInstance("AndroidCAStore").apply { load(null) }

private const val WHAT = "the certificate authorities that were added"
private const val USER = "user:"
