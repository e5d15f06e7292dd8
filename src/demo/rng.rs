//! A small random generator with the same numbers on every machine and in every version.
//!
//! SplitMix64 (Steele, Lea, Flood 2014): one addition and three mixes. The `rand` crate was the
//! rejected choice: its distributions may change between versions, and the demo's files must not.
//! For the same reason everything here is whole numbers: no floating point.

/// One stream of random numbers.
#[derive(Clone, Debug)]
pub struct Rng {
    state: u64,
}

impl Rng {
    /// Streams of one seed differ by name, so that a change to one table leaves the others as they
    /// were.
    pub fn new(seed: u64, stream: &str) -> Self {
        let hash = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        let name = stream.bytes().fold(0xcbf2_9ce4_8422_2325, hash);
        let mut rng = Self { state: seed ^ name };
        rng.next();
        rng
    }

    pub fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number in `0..limit`; 0 when the limit is 0.
    pub fn below(&mut self, limit: u32) -> u32 {
        let high = (self.next() >> 32) * u64::from(limit);
        u32::try_from(high >> 32).expect("a 32-bit fraction of a 32-bit limit")
    }

    /// A number in `low..=high`.
    pub fn between(&mut self, low: u32, high: u32) -> u32 {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// A bell around the middle of `low..=high`: the mean of four draws.
    pub fn around(&mut self, low: u32, high: u32) -> u32 {
        (0..4).map(|_| self.between(low, high)).sum::<u32>() / 4
    }

    /// True `per_mille` times in a thousand.
    pub fn chance(&mut self, per_mille: u32) -> bool {
        self.below(1000) < per_mille
    }

    /// An index below `len`.
    pub fn index(&mut self, len: usize) -> usize {
        self.below(u32::try_from(len).unwrap_or(u32::MAX)) as usize
    }

    /// One of a list that is never empty.
    pub fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.index(list.len())]
    }

    /// An index drawn by weight; `cumulative` holds the running sums.
    pub fn weighted(&mut self, cumulative: &[u32]) -> usize {
        let drawn = self.below(cumulative.last().copied().unwrap_or(0));
        cumulative.partition_point(|sum| *sum <= drawn)
    }
}

/// Running sums of weights, for [`Rng::weighted`].
pub fn cumulative(weights: impl IntoIterator<Item = u32>) -> Vec<u32> {
    let add = |sum: &mut u32, weight| {
        *sum += weight;
        Some(*sum)
    };
    weights.into_iter().scan(0, add).collect()
}
