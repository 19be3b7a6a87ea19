extension String {
    /// The text in a C buffer, up to its final zero.
    init(buffer: some Sequence<CChar>) {
        self.init(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
