import { expect, test } from "vitest";

import type { Disc } from "../src/contract";
import { DISC, steer, step } from "../src/floe/ice";
import text from "./floe.recorded.json?raw";

interface Recording {
  readonly steering: readonly (readonly [disc: number, x: number, y: number])[];
  readonly discs: readonly (readonly Disc[])[];
}

const recording: Recording = JSON.parse(text);

test("the page's step comes to the numbers of the server's", () => {
  const discs = recording.discs[0]!.map((disc) => ({ ...disc }));
  for (const [at, [disc, x, y]] of recording.steering.entries()) {
    steer(discs[disc]!, x, y);
    step(discs);
    if ((at + 1) % 10 === 0) expect(discs).toEqual(recording.discs[(at + 1) / 10]);
  }
  expect(recording.steering.length).toBe(400);
});

test("the recording has bumps in it", () => {
  const closest = recording.discs.map((discs) =>
    Math.min(...discs.flatMap((one, place) => discs.slice(0, place).map((other) => Math.hypot(one.x - other.x, one.y - other.y)))),
  );
  expect(closest.filter((distance) => distance < 2.3 * DISC).length).toBeGreaterThan(5);
});
