package dev.mtd.agent.host

import java.io.ByteArrayOutputStream
import java.io.File
import java.security.KeyStore
import java.security.cert.X509Certificate

/** Certificates made by the JDK's `keytool`, in a store of their own in [folder]. */
internal class TestCertificates(private val folder: File) {
    private val store = File(folder, "made.p12")

    fun makeRoot(name: String) {
        keytool("-genkeypair", "-alias", name, "-dname", "CN=$name", "-ext", "bc:c=ca:true", "-startdate", "-100d", "-validity", "3650", *KEY)
    }

    /** A certificate of [issuer]'s for the names in [san]; valid for [days] from [start] (keytool's notation) on. */
    fun make(name: String, issuer: String, san: String, start: String = "-1d", days: Int = 90) {
        keytool("-genkeypair", "-alias", name, "-dname", "CN=$name", *KEY)
        val request = keytool("-certreq", "-alias", name)
        val signed = keytool(
            "-gencert", "-alias", issuer, "-ext", san, "-startdate", start, "-validity", "$days", "-rfc", input = request,
        )
        keytool("-importcert", "-alias", name, "-noprompt", input = signed)
    }

    fun certificate(name: String): X509Certificate = load(store).getCertificate(name) as X509Certificate

    fun trusting(root: String): KeyStore = emptyStore().apply { setCertificateEntry(root, certificate(root)) }

    fun emptyStore(): KeyStore = KeyStore.getInstance("PKCS12").apply { load(null, null) }

    private fun load(file: File) = KeyStore.getInstance("PKCS12").apply { file.inputStream().use { load(it, PASSWORD.toCharArray()) } }

    private fun keytool(vararg arguments: String, input: ByteArray = ByteArray(0)): ByteArray {
        val tool = File(System.getProperty("java.home"), "bin/keytool").path
        val options = listOf("-keystore", store.path, "-storetype", "PKCS12", "-storepass", PASSWORD)
        val process = ProcessBuilder(listOf(tool) + arguments + options).redirectError(ProcessBuilder.Redirect.INHERIT).start()
        process.outputStream.use { it.write(input) }
        val output = ByteArrayOutputStream().also { process.inputStream.copyTo(it) }.toByteArray()
        check(process.waitFor() == 0) { "keytool ${arguments.joinToString(" ")}: ${output.decodeToString()}" }
        return output
    }
}

private val KEY = arrayOf("-keyalg", "EC", "-groupname", "secp256r1")
private const val PASSWORD = "changeit"
