// What a JavaScript client cannot say: numbers with digits that a double has no room for, sent as raw text.

import assert from "node:assert/strict";
import { on } from "node:events";
import { it } from "node:test";
import WebSocket from "ws";
import { isOracle } from "../support/fixture.js";
import { within } from "../support/wait.js";

const NUMBERS = "1.0,9007199254740993,18446744073709551616,-0,1e2,1E+2,0.10,123456789012345678901234567890.0,1e400";

export function rawNumbers(stage) {
  const skip = isOracle && "the reference reads numbers as doubles";
  it("keeps every digit of a number", { skip }, async () => {
    const packet = `42["message",${NUMBERS}]`;
    const talk = stage.mode === "polling" ? overPolling : overWebSocket;
    assert.equal(await within(talk(stage.fixture.url, packet), "the echo"), `42["message-back",${NUMBERS}]`);
  });
}

async function overWebSocket(url, packet) {
  const socket = new WebSocket(`${url.replace("http", "ws")}/socket.io/?EIO=4&transport=websocket`);
  const messages = on(socket, "message");
  const receive = async () => String((await messages.next()).value[0]);
  try {
    return await untilEcho(receive, (text) => socket.send(text), packet);
  } finally {
    socket.close();
  }
}

async function overPolling(url, packet) {
  const path = `${url}/socket.io/?EIO=4&transport=polling`;
  const handshake = await (await fetch(path)).text();
  const session = `${path}&sid=${JSON.parse(handshake.slice(1)).sid}`;
  const arrived = [handshake];
  const receive = async () => {
    if (arrived.length === 0) arrived.push(...(await (await fetch(session)).text()).split("\x1e"));
    return arrived.shift();
  };
  return untilEcho(receive, (text) => fetch(session, { method: "POST", body: text }), packet);
}

/** Connects to `/` and sends the packet; answers with the first event that comes back. */
async function untilEcho(receive, send, packet) {
  for (;;) {
    const text = await receive();
    if (text.startsWith("0")) await send("40");
    else if (text.startsWith("40")) await send(packet);
    else if (text.startsWith('42["message-back"')) return text;
  }
}
