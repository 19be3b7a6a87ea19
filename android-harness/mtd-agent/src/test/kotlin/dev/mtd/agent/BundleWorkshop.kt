package dev.mtd.agent

import org.json.JSONObject
import java.io.File
import java.util.concurrent.TimeUnit

/** `mtd intel build` with a signing key of its own in [folder]. */
internal class BundleWorkshop(private val folder: File) {
    /** Who signs, as an agent takes it; known once a bundle was built. */
    lateinit var key: String
        private set

    /** A bundle of [version] that holds these hosts as phishing. */
    fun build(version: Int, vararg hosts: String): File {
        val list = File(folder, "hosts-$version.txt").apply { writeText(hosts.joinToString("\n", postfix = "\n")) }
        val bundle = File(folder, "bundle-$version.mtdi")
        val told = mtd(
            "intel", "build", list.path, "--category", "phishing", "--bundle-version", "$version",
            "--key", File(folder, "intel-key.p8").path, "--output", bundle.path, "--json",
        )
        key = told.getString("key")
        return bundle
    }

    private fun mtd(vararg arguments: String): JSONObject {
        val errors = File(folder, "errors")
        val process = ProcessBuilder(System.getProperty("mtd.command"), *arguments)
            .apply { environment()["MTD_DATA"] = File(folder, "data").path }.redirectError(errors).start()
        process.outputStream.close()
        val output = process.inputStream.bufferedReader().readText()
        check(process.waitFor(30, TimeUnit.SECONDS) && process.exitValue() == 0) { "mtd ${arguments.joinToString(" ")}: ${errors.readText()}" }
        return JSONObject(output)
    }
}
