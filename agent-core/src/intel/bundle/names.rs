//! Host names as fingerprints: how they are computed, and how wide they are.

use siphasher::sip128::SipHasher24;

/// Bits of a fingerprint that an entry holds; the others are the number of its bucket.
pub(super) const SUFFIX_BITS: u32 = 40;
/// A suffix of 5 bytes and an attribution of 2.
pub(super) const ENTRY_LEN: u64 = 7;
/// Names a word of the filter is made for: one byte a name.
pub(super) const NAMES_PER_WORD: u64 = 8;
/// More buckets would need more than the 64 bits of a hash.
const MAX_BUCKET_BITS: u32 = 24;

/// A name, hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Hashed {
    fingerprint: u64,
    filter: u64,
}

/// Computes fingerprints under the key of one bundle.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hasher(SipHasher24);

impl Hasher {
    pub(super) fn new(key: &[u8; 16]) -> Self {
        Self(SipHasher24::new_with_key(key))
    }

    /// `name` in its canonical form.
    pub(super) fn hash(&self, name: &str) -> Hashed {
        let hash = self.0.hash(name.as_bytes());
        Hashed { fingerprint: hash.h1, filter: hash.h2 }
    }
}

/// What the filter knows the host of a listed URL as: no name has a slash in it.
pub(super) fn url_host(host: &str) -> String {
    format!("/{host}")
}

/// The host of a URL in its stored form.
pub(super) fn host_of_url(key: &str) -> &str {
    key.split([' ', '/', '?']).next().unwrap_or_default()
}

impl Hashed {
    /// The bucket, and the rest of the fingerprint.
    pub(super) const fn split(self, bucket_bits: u32) -> (u32, u64) {
        let bucket = if bucket_bits == 0 { 0 } else { self.fingerprint >> (64 - bucket_bits) };
        let suffix = (self.fingerprint >> (64 - SUFFIX_BITS - bucket_bits)) & ((1 << SUFFIX_BITS) - 1);
        (bucket as u32, suffix)
    }

    /// The word of a filter of `words` words, and the bits that a known name has set in it.
    pub(super) const fn filter(self, words: u64) -> (u64, u64) {
        let word = ((self.filter as u128 * words as u128) >> 64) as u64;
        let h = self.filter;
        let bits = 1 << (h & 63) | 1 << ((h >> 6) & 63) | 1 << ((h >> 12) & 63) | 1 << ((h >> 18) & 63);
        (word, bits)
    }
}

/// Buckets of 16 to 32 names each.
pub(super) const fn bucket_bits(count: u32) -> u32 {
    let bits = match count {
        0 | 1 => 0,
        _ => u32::BITS - (count - 1).leading_zeros(),
    };
    let bits = bits.saturating_sub(5);
    if bits > MAX_BUCKET_BITS { MAX_BUCKET_BITS } else { bits }
}

/// Words of a filter that knows `count` names and hosts of URLs.
pub(super) const fn filter_words(count: u64) -> u64 {
    count.div_ceil(NAMES_PER_WORD)
}
