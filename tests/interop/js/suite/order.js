// Order under load: a long run of echoes, none lost, doubled or overtaken.

import assert from "node:assert/strict";
import { it } from "node:test";
import { echoInOrder } from "../support/echo.js";

export function order(stage) {
  const total = stage.mode === "polling" ? 20_000 : 100_000;

  it(`echoes ${total} events in order, with 500 in flight`, async () => {
    const peer = await stage.settled();
    await echoInOrder(peer, { total, outstanding: 500 });
    await nothingMore(peer, total);
  });

  it("echoes 2,000 events in order that are all sent at once", async () => {
    const peer = stage.client();
    await echoInOrder(peer, { total: 2000, outstanding: 2000 });
    await nothingMore(peer, 2000);
  });

  it("echoes 200 events in order one by one", async () => {
    const peer = await stage.connected();
    await echoInOrder(peer, { total: 200, outstanding: 1 });
  });
}

/** Every echo was counted before the ack of a later event. */
export async function nothingMore(peer, total) {
  await peer.ask("message-with-ack", "closing word");
  assert.equal(peer.waiting("message-back"), total);
}
