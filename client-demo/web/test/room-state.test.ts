import type { Socket } from "socket.io-client";
import { describe, expect, test } from "vitest";

import { hash } from "../src/room-hash";
import { merge, RoomState } from "../src/room-state";

/** A socket whose server is the test. */
class FakeSocket {
  sent: unknown[][] = [];
  answer: unknown = null;
  private readonly listeners = new Map<string, (arg: unknown) => void>();

  on(event: string, listener: (arg: unknown) => void): void {
    this.listeners.set(event, listener);
  }

  emit(...args: unknown[]): void {
    this.sent.push(args);
  }

  emitWithAck(event: string): Promise<unknown> {
    this.emit(event);
    return Promise.resolve(this.answer);
  }

  hears(event: string, arg?: unknown): void {
    this.listeners.get(event)?.(arg);
  }
}

function room() {
  const socket = new FakeSocket();
  let changes = 0;
  const state = new RoomState<Record<string, unknown>>(socket as unknown as Socket, () => (changes += 1));
  return { socket, state, changes: () => changes };
}

/** Appendix A of RFC 7396: target, patch, result. */
const APPENDIX: [unknown, unknown, unknown][] = [
  [{ a: "b" }, { a: "c" }, { a: "c" }],
  [{ a: "b" }, { b: "c" }, { a: "b", b: "c" }],
  [{ a: "b" }, { a: null }, {}],
  [{ a: "b", b: "c" }, { a: null }, { b: "c" }],
  [{ a: ["b"] }, { a: "c" }, { a: "c" }],
  [{ a: "c" }, { a: ["b"] }, { a: ["b"] }],
  [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }],
  [{ a: [{ b: "c" }] }, { a: [1] }, { a: [1] }],
  [["a", "b"], ["c", "d"], ["c", "d"]],
  [{ a: "b" }, ["c"], ["c"]],
  [{ a: "foo" }, null, null],
  [{ a: "foo" }, "bar", "bar"],
  [{ e: null }, { a: 1 }, { e: null, a: 1 }],
  [[1, 2], { a: "b", c: null }, { a: "b" }],
  [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
];

describe("merge", () => {
  test.each(APPENDIX)("%j and %j make %j", (target, patch, result) => {
    const before = JSON.stringify(target);
    expect(merge(target, patch)).toEqual(result);
    expect(JSON.stringify(target)).toBe(before);
  });
});

describe("the state of a room", () => {
  test("follows state and patches, and leaves what it was alone", () => {
    const { socket, state, changes } = room();
    socket.hears("state", { e: 1, o: 4, full: { seats: { ann: { ready: false }, bob: {} }, round: 1 }, n: { 0: 7 } });
    const before = state.value;
    socket.hears("patch", { from: 4, o: 5, d: { seats: { ann: { ready: true }, bob: null } }, n: { 1: 3 } });
    expect(state.value).toEqual({ seats: { ann: { ready: true } }, round: 1 });
    expect(state.applied).toEqual({ 0: 7, 1: 3 });
    expect(before).toEqual({ seats: { ann: { ready: false }, bob: {} }, round: 1 });
    expect([changes(), socket.sent]).toEqual([2, []]);
  });

  test("asks once for a new one over a gap, and ignores what comes until then", () => {
    const { socket, state } = room();
    socket.hears("state", { e: 1, o: 4, full: { x: 0 } });
    socket.hears("patch", { from: 5, o: 6, d: { x: 2 } });
    socket.hears("patch", { from: 6, o: 7, d: { x: 3 } });
    expect([state.value, socket.sent]).toEqual([{ x: 0 }, [["resync"]]]);
    socket.hears("state", { e: 1, o: 7, full: { x: 3 } });
    socket.hears("patch", { from: 7, o: 8, d: { x: 4 } });
    expect([state.value, socket.sent.length]).toEqual([{ x: 4 }, 1]);
    socket.hears("patch", { from: 1, o: 9, d: {} });
    expect(socket.sent.length).toBe(2);
  });

  test("asks when a patch comes before any state, and again on a new connection", () => {
    const { socket } = room();
    socket.hears("patch", { from: 0, o: 1, d: {} });
    socket.hears("disconnect");
    socket.hears("patch", { from: 0, o: 1, d: {} });
    expect(socket.sent).toEqual([["resync"], ["resync"]]);
  });

  test("numbers inputs behind their arguments", () => {
    const { socket, state } = room();
    expect([state.input("steer", { x: 1 }), state.input("dash")]).toEqual([1, 2]);
    expect(socket.sent).toEqual([["steer", { x: 1 }, { $n: 1 }], ["dash", { $n: 2 }]]);
  });

  test("is in step if place and hash are the server's, and asks for another one if not", async () => {
    const { socket, state } = room();
    socket.hears("state", { e: 2, o: 9, full: { x: 1 } });
    socket.answer = { e: 2, o: 9, h: hash({ x: 1 }) };
    expect(await state.inStep()).toBe(true);
    for (const wrong of [{ e: 3, o: 9 }, { e: 2, o: 8 }, { e: 2, o: 9, h: 1 }]) {
      socket.sent = [];
      socket.hears("state", { e: 2, o: 9, full: { x: 1 } });
      socket.answer = { h: hash({ x: 1 }), ...wrong };
      expect(await state.inStep()).toBe(false);
      expect(socket.sent).toEqual([["hash"], ["resync"]]);
    }
  });
});

describe("hash", () => {
  test("does not depend on the order of keys, and on everything else", () => {
    expect(hash({ b: [1, "x"], a: true })).toBe(hash({ a: true, b: [1, "x"] }));
    const different = [null, true, false, 0, 1, -1, 0.5, "", "0", [], {}, [[]], { a: 1 }, { a: 2 }, { b: 1 }, [1, 2], [2, 1], "ä", "é"];
    expect(new Set(different.map(hash)).size).toBe(different.length);
  });

  test("is that of the server", () => {
    // By the words of framework/proto/src/room/tree/hash.rs.
    expect(hash({})).toBe(fnv("{}"));
    expect(hash({ a: "b" })).toBe(fnv("{sa\0sb\0}"));
    expect(hash([null, true, false])).toBe(fnv("[ztf]"));
    expect(hash(1)).toBe(fnv("n\x3f\xf0\0\0\0\0\0\0"));
  });
});

/** FNV-1a of a text of single bytes. */
function fnv(text: string): number {
  let sum = 0x811c9dc5;
  for (const letter of text) sum = Math.imul(sum ^ letter.charCodeAt(0), 0x01000193);
  return sum >>> 0;
}
