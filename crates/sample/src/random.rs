//! Pseudo-random numbers that are the same on every machine and in every version:
//! SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number
//! generators", OOPSLA 2014), with integer draws only. It knows nothing of the
//! data made from it.

/// Millionths in a whole, the unit of chances and expected counts.
pub(crate) const MILLION: u64 = 1_000_000;

/// A SplitMix64 generator.
#[derive(Debug, Clone)]
pub(crate) struct Random {
    state: u64,
}

impl Random {
    /// The generator for one cell of the data. Each (seed, path) has a sequence of
    /// its own, so any day of any client can be made without those before it.
    pub(crate) fn at(seed: u64, path: [u64; 3]) -> Self {
        let state = path.into_iter().fold(mix(seed), |state, step| mix(state ^ mix(step.wrapping_add(GAMMA))));
        Self { state }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GAMMA);
        mix(self.state)
    }

    /// A number in `0..limit`; `limit` must be above 0. The bias of multiply-and-shift
    /// is below 2^-32 for the limits used here.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        let wide = u128::from(self.next()) * u128::from(limit);
        u64::try_from(wide >> 64).expect("the high half of a 128-bit product fits 64 bits")
    }

    /// A number in `low..=high`.
    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        let span = u64::try_from(high - low).expect("low is at most high") + 1;
        low + i64::try_from(self.below(span)).expect("a draw below a small span fits")
    }

    /// True once in `n` draws on average.
    pub(crate) fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    /// A whole number whose mean is `millionths / 1_000_000`: rounded up as often as
    /// the fraction is large.
    pub(crate) fn round(&mut self, millionths: u64) -> u64 {
        millionths / MILLION + u64::from(self.below(MILLION) < millionths % MILLION)
    }

    /// A factor in thousandths around 1000, at most `spread` away; values near the
    /// middle are more likely than those at the ends.
    pub(crate) fn noise(&mut self, spread: i64) -> i64 {
        1000 + (self.between(-spread, spread) + self.between(-spread, spread)) / 2
    }

    /// The place of one of `weights`, drawn as often as it is heavy.
    pub(crate) fn weighted(&mut self, weights: impl IntoIterator<Item = u64, IntoIter: Clone>) -> usize {
        let mut weights = weights.into_iter();
        let mut left = self.below(weights.clone().sum());
        weights
            .position(|weight| match left.checked_sub(weight) {
                Some(rest) => {
                    left = rest;
                    false
                }
                None => true,
            })
            .expect("a draw below the sum of the weights falls on one of them")
    }

    /// One of `items`, by their weights.
    pub(crate) fn pick<T: Copy>(&mut self, items: &[(T, u64)]) -> T {
        items[self.weighted(items.iter().map(|(_, weight)| *weight))].0
    }
}

/// The odd integer nearest to 2^64 divided by the golden ratio.
const GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;

/// The output function of SplitMix64 (variant 13 of Stafford's finalisers).
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// `value` times each of `thousandths / 1000`, rounded down after each step.
pub(crate) fn scale(value: i64, thousandths: &[i64]) -> i64 {
    thousandths.iter().fold(value, |value, factor| value * factor / 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The reference implementation's first outputs for seed 1234567.
    #[test]
    fn gives_the_published_sequence() {
        let mut random = Random { state: 1_234_567 };
        let first: Vec<u64> = (0..5).map(|_| random.next()).collect();
        assert_eq!(
            first,
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423,
                4_593_380_528_125_082_431,
                16_408_922_859_458_223_821,
            ]
        );
    }

    #[test]
    fn rounding_keeps_the_mean() {
        let mut random = Random::at(1, [2, 3, 4]);
        let sum: u64 = (0..10_000).map(|_| random.round(2_300_000)).sum();
        assert!((22_800..23_200).contains(&sum), "{sum}");
    }

    #[test]
    fn neighbouring_cells_differ() {
        let mut draws: Vec<u64> =
            (0..100).flat_map(|client| (0..100).map(move |day| Random::at(7, [1, client, day]).next())).collect();
        draws.sort_unstable();
        draws.dedup();
        assert_eq!(draws.len(), 10_000);
    }
}
