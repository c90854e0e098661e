// Numbered events there and back, as many in flight as allowed, each checked on its return.

import { within } from "./wait.js";

const BOUND_MS = 60_000;

/**
 * Echoes `total` numbers. Fails on the first that comes out of turn: lost, doubled or overtaken.
 * `describe` makes the arguments of a number, `at` is called with each number that came back.
 */
export function echoInOrder(peer, { total, outstanding, describe = (number) => [number], at = () => {} }) {
  const done = new Promise((resolve, reject) => {
    let sent = 0;
    let back = 0;
    const send = () => {
      while (sent < total && sent - back < outstanding) peer.emit("message", ...describe(sent++));
    };
    peer.socket.on("message-back", (number, ...rest) => {
      if (number !== back) return reject(new Error(`${number} came in place of ${back}`));
      const wrong = differs(rest, describe(number).slice(1));
      if (wrong) return reject(new Error(`${number} came back changed`));
      back += 1;
      at(number);
      if (back === total) return resolve();
      send();
    });
    peer.socket.once("disconnect", (reason) => reject(new Error(`disconnected at ${back}: ${reason}`)));
    send();
  });
  return within(done, `${total} echoes`, BOUND_MS);
}

/** Compares lists of bytes. */
function differs(got, sent) {
  return got.length !== sent.length || got.some((bytes, at) => !sent[at].equals(bytes));
}
