package dev.mtd.agent

import java.nio.ByteBuffer
import java.nio.ByteOrder

/** The few facts of a shared library (ELF, little-endian, of 32 or 64 bits) that decide whether Android loads it. */
class Elf(bytes: ByteArray) {
    private val data = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN)
    private val wide = data.get(4).toInt() == 2

    init {
        require(bytes.take(4) == listOf<Byte>(0x7f, 'E'.code.toByte(), 'L'.code.toByte(), 'F'.code.toByte())) { "not an ELF file" }
    }

    /** `e_machine`: the processor. */
    val machine: Int = data.getShort(18).toInt()

    /** `p_align` of each segment that is loaded. */
    val alignments: List<Long> = segments(LOAD).map { number(it, 0x30, 0x1c) }

    /** The libraries that it needs (`DT_NEEDED`). */
    val needed: List<String> = dynamic().let { entries ->
        val names = entries.filter { it.first == NEEDED }
        val strings = entries.firstOrNull { it.first == STRINGS }?.second?.let(::placeOf)
        if (strings == null) emptyList() else names.map { string(strings + it.second) }
    }

    private fun segments(type: Int): List<Int> {
        val start = number(0, 0x20, 0x1c)
        val size = data.getShort(if (wide) 0x36 else 0x2a)
        val count = data.getShort(if (wide) 0x38 else 0x2c)
        return (0 until count).map { (start + it * size).toInt() }.filter { data.getInt(it) == type }
    }

    /** Tag and value of the entries of the dynamic section. */
    private fun dynamic(): List<Pair<Long, Long>> = segments(DYNAMIC).flatMap { segment ->
        val start = number(segment, 0x08, 0x04).toInt()
        val size = number(segment, 0x20, 0x10).toInt()
        (start until start + size step if (wide) 16 else 8).map { number(it, 0, 0) to number(it, 8, 4) }
    }

    /** Where in the file an address is. */
    private fun placeOf(address: Long): Long = segments(LOAD).firstNotNullOf { segment ->
        val (offset, start, size) = Triple(number(segment, 0x08, 0x04), number(segment, 0x10, 0x08), number(segment, 0x20, 0x10))
        (address - start + offset).takeIf { address in start until start + size }
    }

    private fun string(place: Long): String =
        generateSequence(place.toInt()) { it + 1 }.map(data::get).takeWhile { it != 0.toByte() }.toList().toByteArray().decodeToString()

    private fun number(base: Int, wideOffset: Int, narrowOffset: Int): Long =
        if (wide) data.getLong(base + wideOffset) else data.getInt(base + narrowOffset).toLong() and 0xffff_ffff

    companion object {
        /** What devices with large pages need from Android 15 on. */
        const val PAGE_16_KB = 0x4000L

        private const val LOAD = 1
        private const val DYNAMIC = 2
        private const val NEEDED = 1L
        private const val STRINGS = 5L
    }
}
