//! Chance from one seed: SplitMix64, integers only. Its stream is frozen: a link made today
//! must play the same film for ever, so the algorithm may not change.

/// A stream of numbers that depends on its seed alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prng {
    state: u64,
}

impl Prng {
    /// A stream for `seed`.
    pub fn new(seed: u64) -> Self {
        Prng { state: seed ^ 0x9e37_79b9_7f4a_7c15 }
    }

    /// An independent stream named `name`: a new draw in one does not shift the others.
    pub fn fork(&self, name: &str) -> Self {
        let mut hash = self.state ^ 0xcbf2_9ce4_8422_2325;
        for byte in name.bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        let mut fork = Prng { state: hash };
        fork.next();
        fork
    }

    /// The next 64 bits.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number in `0..bound`; 0 when `bound` is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 {
            return 0;
        }
        let product = u128::from(self.next()) * u128::from(bound);
        (product >> 64) as u64
    }
}
