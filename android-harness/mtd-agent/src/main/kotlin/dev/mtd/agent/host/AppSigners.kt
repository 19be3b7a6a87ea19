package dev.mtd.agent.host

import android.content.pm.PackageInfo
import android.content.pm.Signature
import android.os.Build
import java.security.MessageDigest

/**
 * SHA-256 of the certificates that an app is signed with now (Android 9 and later `SigningInfo.getApkContentsSigners`, before
 * `PackageInfo.signatures`), as `sha256:` and hexadecimal digits. Certificates that it was signed with before a rotation are
 * left out.
 */
internal class AppSigners {
    /** System apps share a handful of certificates. */
    private val digests = HashMap<Signature, String>()

    fun of(app: PackageInfo): List<String> = certificates(app).map { certificate ->
        digests.getOrPut(certificate) { "sha256:" + sha256(certificate.toByteArray()).hex() }
    }

    @Suppress("DEPRECATION")
    private fun certificates(app: PackageInfo): List<Signature> {
        val signers = if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.P) {
            app.signingInfo?.apkContentsSigners
        } else {
            app.signatures
        }
        return signers.orEmpty().filterNotNull()
    }
}

internal fun sha256(bytes: ByteArray): ByteArray = MessageDigest.getInstance("SHA-256").digest(bytes)

internal fun ByteArray.hex(): String = joinToString("") { byte -> "%02x".format(byte) }
