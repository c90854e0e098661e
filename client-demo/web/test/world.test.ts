import { expect, test } from "vitest";

import type { Disc, Floe } from "../src/contract";
import { POINT, STEP_MS, steer, step } from "../src/floe/ice";
import { World } from "../src/floe/world";

const AT_REST: Disc = { x: 0, y: 0, vx: 0, vy: 0, sx: 0, sy: 0 };

function floe(now: number, discs: Record<number, Disc>): Floe {
  const players = Object.fromEntries(
    Object.entries(discs).map(([seat, disc]) => [seat, { person: { id: seat, name: seat }, won: 0, away: false, disc: { ...disc } }]),
  );
  return { players, round: { name: "playing", since: 0 }, radius: 400 * POINT, now };
}

/** Two discs; seat 1 steers. Each way takes the given number of steps. */
function play(delay: number, steps: number, bumped = false) {
  const discs: Record<number, Disc> = { 0: { ...AT_REST, x: bumped ? 130 * POINT : 300 * POINT }, 1: { ...AT_REST } };
  const world = new World(1);
  const toServer: { number: number; at: number }[] = [];
  const toPage: { floe: Floe; applied: number; at: number }[] = [];
  const server: Disc[] = [];
  const shown: (number | undefined)[] = [];
  let applied = 0;
  for (let now = 0; now < steps; now += 1) {
    for (const word of toPage.filter(({ at }) => at === now)) world.heard(word.floe, word.applied, now * STEP_MS);
    world.steered(now + 1, 100, 0, now * STEP_MS);
    toServer.push({ number: now + 1, at: now + delay });
    for (const input of toServer.filter(({ at }) => at === now)) {
      steer(discs[1]!, 100, 0);
      applied = input.number;
    }
    step([discs[0]!, discs[1]!]);
    server.push({ ...discs[1]! });
    toPage.push({ floe: floe(now, discs), applied, at: now + delay });
    shown.push(world.places((now + 1) * STEP_MS - 1).get(1)?.x);
  }
  return { server, shown };
}

test("our disc is where the server will have it when it knows what we steered", () => {
  for (const delay of [1, 3, 6]) {
    const { server, shown } = play(delay, 60);
    for (let now = 2 * delay + 2; now < 60 - delay; now += 1) {
      expect(Math.abs(shown[now]! - server[now + delay]!.x)).toBeLessThan(POINT * 2);
    }
  }
});

test("a bump is foreseen as far as the other disc is known, and never a jump", () => {
  const { shown } = play(3, 60, true);
  const moves = shown.slice(8).map((x, place) => Math.abs(x! - (shown[place + 7] ?? x!)));
  expect(Math.max(...moves)).toBeLessThan(30 * POINT);
});

test("others move evenly, a moment behind", () => {
  const world = new World(null);
  for (const [now, late] of [[0, 0], [1, 30], [2, 0], [3, 45], [4, 5], [5, 0]] as const) {
    world.heard(floe(now, { 0: { ...AT_REST, x: now * 1_000 } }), 0, now * STEP_MS + late);
  }
  const places = [150, 160, 175, 200, 225, 240].map((at) => world.places(at).get(0)!.x);
  expect(places.map(Math.round)).toEqual([1_000, 1_200, 1_500, 2_000, 2_500, 2_800]);
});

test("after a rest of the server's steps others are not shown late", () => {
  const world = new World(null);
  world.heard(floe(0, { 0: AT_REST }), 0, 0);
  world.heard(floe(1, { 0: { ...AT_REST, x: 1_000 } }), 0, 60_000);
  world.heard(floe(2, { 0: { ...AT_REST, x: 2_000 } }), 0, 60_050);
  expect(world.places(60_150).get(0)!.x).toBeGreaterThan(1_900);
});

test("who is put to another place does not slide there", () => {
  const world = new World(0);
  world.heard(floe(0, { 0: AT_REST, 1: AT_REST }), 0, 0);
  world.heard(floe(1, { 0: { ...AT_REST, x: 260 * POINT }, 1: { ...AT_REST, x: -260 * POINT } }), 0, 50);
  expect(world.places(125).get(1)!.x).toBe(0);
  expect(world.places(150).get(1)!.x).toBe(-260 * POINT);
  expect(world.places(150).get(0)!.x).toBe(260 * POINT);
});

test("without a disc there is nothing to foresee", () => {
  const world = new World(3);
  world.heard(floe(0, { 0: AT_REST }), 0, 0);
  world.steered(1, 100, 0, 0);
  expect([...world.places(0).keys()]).toEqual([0]);
  expect(world.rests).toBe(true);
});
