// One suite for all three ways to connect: what holds on one transport holds on the others.

import { after, afterEach, before, describe } from "node:test";
import { Stage } from "../support/stage.js";
import { acks } from "./acks.js";
import { binary } from "./binary.js";
import { connect } from "./connect.js";
import { disconnect } from "./disconnect.js";
import { events } from "./events.js";
import { namespaces } from "./namespaces.js";
import { rooms } from "./rooms.js";

const parts = { connect, events, binary, acks, rooms, namespaces, disconnect };

export function suite(mode) {
  for (const [name, part] of Object.entries(parts)) {
    describe(`socket.io-client 4 over ${mode}: ${name}`, () => {
      const stage = new Stage(mode);
      before(() => stage.raise());
      afterEach(() => stage.clear());
      after(() => stage.fall());
      part(stage);
    });
  }
}
