package dev.mtd.agent.host

import dev.mtd.agent.BoolFact
import dev.mtd.agent.CertificatesFact
import dev.mtd.agent.ConfigurationProfile
import dev.mtd.agent.HostException
import dev.mtd.agent.NeighboursFact
import dev.mtd.agent.Neighbour
import dev.mtd.agent.PrivateDns
import dev.mtd.agent.PrivateDnsFact
import dev.mtd.agent.ProfilesFact
import dev.mtd.agent.ProxiesFact
import dev.mtd.agent.Proxy
import dev.mtd.agent.TextFact
import dev.mtd.agent.TextListFact
import dev.mtd.agent.Transport
import dev.mtd.agent.TransportFact
import dev.mtd.agent.VerifiedBoot
import dev.mtd.agent.VerifiedBootFact
import dev.mtd.agent.WifiSecurity
import dev.mtd.agent.WifiSecurityFact

/** What Android told, or why it did not. The bindings have one such type for each kind of value; this is the common one. */
internal sealed interface Told<out T> {
    data class Known<T>(val value: T) : Told<T>

    /** The user or the administrator could allow it. */
    data class NotPermitted(val why: String) : Told<Nothing>

    /** This device or this version of Android cannot tell. */
    data class NotAvailable(val why: String) : Told<Nothing>
}

/**
 * Asks Android about [what], and makes of what it throws the reason for no answer: apps are refused by `SecurityException`,
 * and makers' changes to Android surface as any other exception, of which only the type is told.
 */
internal inline fun <T> ask(what: String, question: () -> Told<T>): Told<T> = try {
    question()
} catch (refused: SecurityException) {
    Told.NotPermitted("Android does not let this app read $what")
} catch (failure: RuntimeException) {
    Told.NotAvailable("Android failed to tell $what (${failure.javaClass.simpleName})")
}

internal inline fun <A, B> Told<A>.map(change: (A) -> B): Told<B> = flatMap { Told.Known(change(it)) }

internal inline fun <A, B> Told<A>.flatMap(change: (A) -> Told<B>): Told<B> = when (this) {
    is Told.Known -> change(value)
    is Told.NotPermitted -> this
    is Told.NotAvailable -> this
}

internal fun <T> Told<T>.orNull(): T? = (this as? Told.Known)?.value

/** The value, or the exception by which a host says that it has none. */
internal fun <T> Told<T>.orThrow(): T = when (this) {
    is Told.Known -> value
    is Told.NotPermitted -> throw HostException.NotPermitted(why)
    is Told.NotAvailable -> throw HostException.NotAvailable(why)
}

/** A text that Android gave: absent is never empty. */
internal fun text(what: String, value: CharSequence?): Told<String> =
    if (value.isNullOrBlank()) Told.NotAvailable("this device does not tell its $what") else Told.Known(value.toString())

internal fun Told<String>.asText(): TextFact = when (this) {
    is Told.Known -> TextFact.Known(value)
    is Told.NotPermitted -> TextFact.NotPermitted(why)
    is Told.NotAvailable -> TextFact.NotAvailable(why)
}

internal fun Told<Boolean>.asBool(): BoolFact = when (this) {
    is Told.Known -> BoolFact.Known(value)
    is Told.NotPermitted -> BoolFact.NotPermitted(why)
    is Told.NotAvailable -> BoolFact.NotAvailable(why)
}

internal fun Told<List<String>>.asTexts(): TextListFact = when (this) {
    is Told.Known -> TextListFact.Known(value)
    is Told.NotPermitted -> TextListFact.NotPermitted(why)
    is Told.NotAvailable -> TextListFact.NotAvailable(why)
}

internal fun Told<List<Proxy>>.asProxies(): ProxiesFact = when (this) {
    is Told.Known -> ProxiesFact.Known(value)
    is Told.NotPermitted -> ProxiesFact.NotPermitted(why)
    is Told.NotAvailable -> ProxiesFact.NotAvailable(why)
}

internal fun Told<PrivateDns>.asPrivateDns(): PrivateDnsFact = when (this) {
    is Told.Known -> PrivateDnsFact.Known(value)
    is Told.NotPermitted -> PrivateDnsFact.NotPermitted(why)
    is Told.NotAvailable -> PrivateDnsFact.NotAvailable(why)
}

internal fun Told<Transport>.asTransport(): TransportFact = when (this) {
    is Told.Known -> TransportFact.Known(value)
    is Told.NotPermitted -> TransportFact.NotPermitted(why)
    is Told.NotAvailable -> TransportFact.NotAvailable(why)
}

internal fun Told<WifiSecurity>.asWifiSecurity(): WifiSecurityFact = when (this) {
    is Told.Known -> WifiSecurityFact.Known(value)
    is Told.NotPermitted -> WifiSecurityFact.NotPermitted(why)
    is Told.NotAvailable -> WifiSecurityFact.NotAvailable(why)
}

internal fun Told<List<Neighbour>>.asNeighbours(): NeighboursFact = when (this) {
    is Told.Known -> NeighboursFact.Known(value)
    is Told.NotPermitted -> NeighboursFact.NotPermitted(why)
    is Told.NotAvailable -> NeighboursFact.NotAvailable(why)
}

internal fun Told<VerifiedBoot>.asVerifiedBoot(): VerifiedBootFact = when (this) {
    is Told.Known -> VerifiedBootFact.Known(value)
    is Told.NotPermitted -> VerifiedBootFact.NotPermitted(why)
    is Told.NotAvailable -> VerifiedBootFact.NotAvailable(why)
}

internal fun Told<List<ConfigurationProfile>>.asProfiles(): ProfilesFact = when (this) {
    is Told.Known -> ProfilesFact.Known(value)
    is Told.NotPermitted -> ProfilesFact.NotPermitted(why)
    is Told.NotAvailable -> ProfilesFact.NotAvailable(why)
}

internal fun Told<List<ByteArray>>.asCertificates(): CertificatesFact = when (this) {
    is Told.Known -> CertificatesFact.Known(value)
    is Told.NotPermitted -> CertificatesFact.NotPermitted(why)
    is Told.NotAvailable -> CertificatesFact.NotAvailable(why)
}
