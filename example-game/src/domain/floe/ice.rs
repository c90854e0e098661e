//! How discs slide: one step of 50 ms, in whole numbers.
//!
//! The page takes the same step to show its own disc without waiting for the server
//! (`client-demo/web/src/floe/ice.ts`); a recording shows that both come to the same numbers. Lengths
//! are in 1/256 of a point, speeds in lengths per step. Division is towards zero.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// One point.
pub(crate) const POINT: i64 = 256;

/// Half the width of a disc.
pub(crate) const DISC: i64 = 42 * POINT;

/// What full steering adds to the speed in a step.
const PUSH: i64 = 320;

/// Of its speed a disc loses this part in a step, and one more.
const DRAG: i64 = 18;

/// What a bump adds to the speed of both, so that nobody can lean on somebody.
const BUMP: i64 = 3 * POINT;

/// A disc on the ice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub(crate) struct Disc {
    pub(crate) x: i64,
    pub(crate) y: i64,
    pub(crate) vx: i64,
    pub(crate) vy: i64,
    /// Where it is steered: together at most 100.
    pub(crate) sx: i64,
    pub(crate) sy: i64,
}

impl Disc {
    /// At rest.
    pub(crate) fn at(x: i64, y: i64) -> Self {
        Self { x, y, ..Self::default() }
    }

    /// Steers; what is longer than 100 is shortened.
    pub(crate) fn steer(&mut self, x: i64, y: i64) {
        let length = length(x, y).max(100);
        (self.sx, self.sy) = (x * 100 / length, y * 100 / length);
    }

    /// Nothing moves it.
    pub(crate) fn rests(&self) -> bool {
        (self.vx, self.vy, self.sx, self.sy) == (0, 0, 0, 0)
    }

    /// Whether its middle is on a floe of this radius.
    pub(crate) fn is_on(&self, radius: i64) -> bool {
        length(self.x, self.y) <= radius
    }

    fn slide(&mut self) {
        self.vx = slower(self.vx + self.sx * PUSH / 100);
        self.vy = slower(self.vy + self.sy * PUSH / 100);
        self.x += self.vx;
        self.y += self.vy;
    }
}

/// Moves all discs by one step; their order decides which bump comes first.
pub(crate) fn step(discs: &mut [&mut Disc]) {
    for disc in discs.iter_mut() {
        disc.slide();
    }
    for second in 1..discs.len() {
        let (before, rest) = discs.split_at_mut(second);
        let Some(other) = rest.first_mut() else { continue };
        for disc in before {
            bump(disc, other);
        }
    }
}

/// Parts two discs that overlap, and turns the speed with which they met around.
fn bump(one: &mut Disc, other: &mut Disc) {
    let (mut dx, dy) = (other.x - one.x, other.y - one.y);
    if (dx, dy) == (0, 0) {
        dx = 1;
    }
    let distance = length(dx, dy);
    let overlap = 2 * DISC - distance;
    if overlap <= 0 {
        return;
    }
    let along = |size: i64| (dx * size / distance, dy * size / distance);
    let (px, py) = along((overlap + 1) / 2);
    (one.x, one.y, other.x, other.y) = (one.x - px, one.y - py, other.x + px, other.y + py);
    let meeting = ((one.vx - other.vx) * dx + (one.vy - other.vy) * dy) / distance;
    if meeting > 0 {
        let (kx, ky) = along(meeting + BUMP);
        (one.vx, one.vy, other.vx, other.vy) = (one.vx - kx, one.vy - ky, other.vx + kx, other.vy + ky);
    }
}

fn slower(speed: i64) -> i64 {
    speed - speed / DRAG - speed.signum()
}

fn length(x: i64, y: i64) -> i64 {
    (x * x + y * y).isqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moving(x: i64, vx: i64) -> Disc {
        Disc { vx, ..Disc::at(x, 0) }
    }

    #[test]
    fn a_disc_comes_to_rest_and_has_a_top_speed() {
        let mut disc = Disc::default();
        disc.steer(100, 0);
        for _ in 0..200 {
            step(&mut [&mut disc]);
        }
        let top = disc.vx;
        step(&mut [&mut disc]);
        assert_eq!(disc.vx, top);
        assert!((10 * POINT..30 * POINT).contains(&top), "{top}");
        disc.steer(0, 0);
        for _ in 0..200 {
            step(&mut [&mut disc]);
        }
        assert!(disc.rests());
    }

    #[test]
    fn both_directions_are_alike() {
        let (mut right, mut left) = (Disc::default(), Disc::default());
        right.steer(77, 31);
        left.steer(-77, -31);
        for _ in 0..50 {
            step(&mut [&mut right]);
            step(&mut [&mut left]);
        }
        assert_eq!((right.x, right.y), (-left.x, -left.y));
    }

    #[test]
    fn steering_aslant_is_no_faster_than_straight() {
        for (x, y) in [(100, 100), (-127, 127), (3, 4), (0, 0)] {
            let mut disc = Disc::default();
            disc.steer(x, y);
            assert!(length(disc.sx, disc.sy) <= 100, "{disc:?}");
        }
        let mut soft = Disc::default();
        soft.steer(3, 4);
        assert_eq!((soft.sx, soft.sy), (3, 4));
    }

    #[test]
    fn a_disc_that_meets_another_gives_its_speed_away() {
        let (mut one, mut other) = (moving(-2 * DISC, 12 * POINT), moving(0, 0));
        for _ in 0..3 {
            step(&mut [&mut one, &mut other]);
        }
        assert!(other.vx > 10 * POINT && one.vx < 0, "{one:?} {other:?}");
        assert!(other.x - one.x >= 2 * DISC);
    }

    #[test]
    fn discs_at_one_place_are_parted() {
        let (mut one, mut other, mut third) = (moving(0, 0), moving(0, 0), moving(0, 0));
        for _ in 0..10 {
            step(&mut [&mut one, &mut other, &mut third]);
        }
        for (a, b) in [(one, other), (other, third), (one, third)] {
            assert!(length(a.x - b.x, a.y - b.y) > DISC, "{a:?} {b:?}");
        }
    }
}
