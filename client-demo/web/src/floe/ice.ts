/**
 * How discs slide: the server's own step, in the same whole numbers.
 *
 * A recording of the server's shows that both come to the same
 * (`test/floe.test.ts`; the rules are in example-game/src/domain/floe/ice.rs).
 */

import type { Disc } from "../contract";

/** Lengths are in 1/256 of a point, speeds in lengths per step. */
export const POINT = 256;
export const DISC = 42 * POINT;
export const STEP_MS = 50;

const PUSH = 320;
const DRAG = 18;
const BUMP = 3 * POINT;

export function steer(disc: Disc, x: number, y: number): void {
  const long = Math.max(length(x, y), 100);
  disc.sx = div(x * 100, long);
  disc.sy = div(y * 100, long);
}

/** Moves all discs by one step; their order decides which bump comes first. */
export function step(discs: readonly Disc[]): void {
  for (const disc of discs) slide(disc);
  for (const [place, other] of discs.entries()) {
    for (const disc of discs.slice(0, place)) bump(disc, other);
  }
}

function slide(disc: Disc): void {
  disc.vx = slower(disc.vx + div(disc.sx * PUSH, 100));
  disc.vy = slower(disc.vy + div(disc.sy * PUSH, 100));
  disc.x += disc.vx;
  disc.y += disc.vy;
}

function bump(one: Disc, other: Disc): void {
  const dx = other.x === one.x && other.y === one.y ? 1 : other.x - one.x;
  const dy = other.y - one.y;
  const distance = length(dx, dy);
  const overlap = 2 * DISC - distance;
  if (overlap <= 0) return;
  const apart = div(overlap + 1, 2);
  const [px, py] = [div(dx * apart, distance), div(dy * apart, distance)];
  one.x -= px;
  one.y -= py;
  other.x += px;
  other.y += py;
  const meeting = div((one.vx - other.vx) * dx + (one.vy - other.vy) * dy, distance);
  if (meeting <= 0) return;
  const kick = meeting + BUMP;
  const [kx, ky] = [div(dx * kick, distance), div(dy * kick, distance)];
  one.vx -= kx;
  one.vy -= ky;
  other.vx += kx;
  other.vy += ky;
}

function slower(speed: number): number {
  return speed - div(speed, DRAG) - Math.sign(speed);
}

function length(x: number, y: number): number {
  return Math.floor(Math.sqrt(x * x + y * y));
}

/** Division of whole numbers towards zero; never the zero that is below zero. */
function div(some: number, by: number): number {
  return Math.trunc(some / by) + 0;
}
