// One suite for all three ways to connect: what holds on one transport holds on the others.

import { after, afterEach, before, describe } from "node:test";
import io2 from "socket.io-client-2";
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
  for (const [name, part] of Object.entries(partsOf(mode))) {
    play(new Stage(mode), `socket.io-client 4 over ${mode}: ${name}`, part);
  }
}

/** The same with version 2. How it connects is a chapter of its own: js/eio3.test.js. */
export function suite2(mode) {
  for (const [name, part] of Object.entries(partsOf(mode)).filter(([name]) => name !== "connect")) {
    play(new Stage(mode, io2, { ALLOW_EIO3: "true" }), `socket.io-client 2 over ${mode}: ${name}`, part);
  }
}

function partsOf(mode) {
  return mode === "upgrade" ? { ...everywhere, upgrade } : everywhere;
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
