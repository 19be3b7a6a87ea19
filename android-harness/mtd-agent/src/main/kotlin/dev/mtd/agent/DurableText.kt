package dev.mtd.agent

import java.io.File
import java.io.FileNotFoundException
import java.io.FileOutputStream
import java.io.IOException
import java.nio.channels.FileChannel
import java.nio.file.Files
import java.nio.file.StandardCopyOption
import java.nio.file.StandardOpenOption

/** A short text in a file, which is the old one or the new one, whatever ends the process. */
internal class DurableText(private val file: File) {
    /** The text, or `null` where there is none. */
    @Throws(IOException::class)
    fun read(): String? = try {
        file.inputStream().use { String(it.readNBytesOrLess(MOST_BYTES), Charsets.UTF_8) }
    } catch (none: FileNotFoundException) {
        if (file.exists()) throw none
        null
    }

    /** Returns once the text outlasts a power cut. */
    @Throws(IOException::class)
    fun write(text: String) {
        file.parentFile?.mkdirs()
        val made = File(file.path + ".new")
        FileOutputStream(made).use {
            it.write(text.toByteArray())
            it.fd.sync()
        }
        Files.move(made.toPath(), file.toPath(), StandardCopyOption.ATOMIC_MOVE)
        syncFolder()
    }

    /** The renaming itself. A file system that cannot be told to keep it does so in its own time. */
    private fun syncFolder() {
        val folder = file.absoluteFile.parentFile ?: return
        try {
            FileChannel.open(folder.toPath(), StandardOpenOption.READ).use { it.force(true) }
        } catch (unable: IOException) {
            return
        }
    }
}

private fun java.io.InputStream.readNBytesOrLess(most: Int): ByteArray {
    val bytes = ByteArray(most)
    var count = 0
    while (count < most) {
        val more = read(bytes, count, most - count)
        if (more < 0) break
        count += more
    }
    return bytes.copyOf(count)
}

private const val MOST_BYTES = 4_096
