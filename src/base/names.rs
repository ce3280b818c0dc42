//! Names as Kubernetes makes them: random suffixes, hashes, uids.
//!
//! Upstream: staging/src/k8s.io/apimachinery/pkg/util/rand/rand.go (the alphabet without
//! vowels and look-alikes), hash/fnv of Go's library.

use super::Str;
use super::prng::Prng;

const ALPHANUMS: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";

/// A Pod whose name the API server made up in a run that is replayed.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordedName {
    /// `namespace/name`.
    pub name: Str,
    /// The first 32 bits of its uid.
    pub uid: u32,
    /// The one node it may run on; empty if it is not that of a DaemonSet.
    pub pinned: Str,
}

/// `n` characters of the alphabet that generated names are made of.
pub fn suffix(prng: &mut Prng, n: usize) -> String {
    (0..n).map(|_| char::from(ALPHANUMS[prng.below(27) as usize])).collect()
}

/// Maps each byte of `text` into that alphabet, so that a hash spells no word.
pub fn safe_encode(text: &str) -> String {
    text.bytes().map(|byte| char::from(ALPHANUMS[usize::from(byte) % 27])).collect()
}

/// FNV-1, 32 bits: the hash of ControllerRevision names.
pub fn fnv32(bytes: &[u8]) -> u32 {
    bytes
        .iter()
        .fold(0x811c_9dc5, |hash: u32, &byte| hash.wrapping_mul(0x0100_0193) ^ u32::from(byte))
}

/// FNV-1a, 32 bits: the hash of pod-template-hash labels.
pub fn fnv32a(bytes: &[u8]) -> u32 {
    bytes
        .iter()
        .fold(0x811c_9dc5, |hash: u32, &byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// A version 4 uid from the stream.
pub fn uid(prng: &mut Prng) -> u128 {
    let bits = (u128::from(prng.next()) << 64) | u128::from(prng.next());
    bits & !(0xf << 76) & !(0x3 << 62) | (0x4 << 76) | (0x2 << 62)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_go_s() {
        assert_eq!(fnv32(b"a"), 0x050c_5d7e);
        assert_eq!(fnv32a(b"a"), 0xe40c_292c);
        assert_eq!(safe_encode("4013"), "8457");
    }
}
