// One suite for all three ways to connect: what holds on one transport holds on the others.

import { after, afterEach, before, describe } from "node:test";
import { Stage } from "../support/stage.js";
import { acks } from "./acks.js";
import { binary } from "./binary.js";
import { connect } from "./connect.js";
import { disconnect } from "./disconnect.js";
import { events } from "./events.js";
import { namespaces } from "./namespaces.js";
import { order } from "./order.js";
import { reconnect } from "./reconnect.js";
import { rooms } from "./rooms.js";
import { upgrade } from "./upgrade.js";

const everywhere = { connect, events, binary, acks, rooms, namespaces, order, disconnect, reconnect };

export function suite(mode) {
  const parts = mode === "upgrade" ? { ...everywhere, upgrade } : everywhere;
  for (const [name, part] of Object.entries(parts)) play(new Stage(mode), `socket.io-client 4 over ${mode}: ${name}`, part);
}

/** Runs the tests of a part on a fixture of their own. */
export function play(stage, title, part) {
  describe(title, () => {
    before(() => stage.raise());
    afterEach(() => stage.clear());
    after(() => stage.fall());
    part(stage);
  });
}
