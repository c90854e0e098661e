//! Chance that replays.

use std::fmt;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The random numbers of a room: ChaCha8, whose sequence is fixed by contract, and which no client
/// can foretell from what it has seen.
#[derive(Clone)]
pub(super) struct Rng(ChaCha8Rng);

impl Rng {
    pub(super) fn new(seed: [u8; 32]) -> Self {
        Self(ChaCha8Rng::from_seed(seed))
    }

    /// Where the sequence stands.
    pub(super) fn place(&self) -> u64 {
        // A place beyond 64 bits is years of nothing but drawing away.
        u64::try_from(self.0.get_word_pos()).unwrap_or(u64::MAX)
    }

    pub(super) fn move_to(&mut self, place: u64) {
        if self.place() != place {
            self.0.set_word_pos(place.into());
        }
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// An even choice of `0..end`. Lemire, "Fast Random Integer Generation in an Interval".
    pub(super) fn below(&mut self, end: u64) -> u64 {
        loop {
            let product = u128::from(self.next()) * u128::from(end);
            #[expect(clippy::cast_possible_truncation, reason = "the halves of the product")]
            let (high, low) = ((product >> 64) as u64, product as u64);
            if low >= end || low >= end.wrapping_neg() % end.max(1) {
                return high;
            }
        }
    }
}

impl fmt::Debug for Rng {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The seed is what players must not learn.
        write!(f, "Rng({})", self.place())
    }
}

impl Serialize for Rng {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.0.get_seed(), self.place()).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Rng {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (seed, place) = Deserialize::deserialize(deserializer)?;
        let mut rng = Self::new(seed);
        rng.move_to(place);
        Ok(rng)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_by_place_draws_the_same_numbers() {
        let mut rng = Rng::new([7; 32]);
        for _ in 0..100 {
            rng.next();
        }
        let mut copy: Rng = serde_json::from_str(&serde_json::to_string(&rng).unwrap()).unwrap();
        let (place, numbers): (_, Vec<u64>) = (rng.place(), (0..50).map(|_| rng.next()).collect());
        assert_eq!((0..50).map(|_| copy.next()).collect::<Vec<_>>(), numbers);
        rng.move_to(place);
        assert_eq!((0..50).map(|_| rng.next()).collect::<Vec<_>>(), numbers);
    }

    #[test]
    fn every_number_below_is_about_as_likely() {
        let mut rng = Rng::new([1; 32]);
        let mut counts = [0_u32; 6];
        for _ in 0..60_000 {
            counts[usize::try_from(rng.below(6)).unwrap()] += 1;
        }
        assert!(counts.iter().all(|count| (9_500..10_500).contains(count)), "{counts:?}");
        assert_eq!((rng.below(1), rng.below(0)), (0, 0));
    }
}
