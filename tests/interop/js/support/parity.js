// Suites for what the fixture of the basics has no events for: they play on `greenroom-parity`.

import { io as io4 } from "socket.io-client";
import { play } from "../suite/index.js";
import { isOracle } from "./fixture.js";
import { modes, Stage } from "./stage.js";

/** Plays a part in these modes. The reference has no such fixture. */
export function parity(title, part, { over = Object.keys(modes), settings, io = io4 } = {}) {
  if (isOracle) return;
  for (const mode of over) {
    play(new Stage(mode, io, { PROGRAM: "greenroom-parity", ...settings }), `${title} over ${mode}`, part);
  }
}
