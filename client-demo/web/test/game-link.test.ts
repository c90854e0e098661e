import type { Manager } from "socket.io-client";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { COMPARE_MS, Game, type GameHost } from "../src/game-link";
import { hash } from "../src/room-hash";

/** A socket whose server is the test: it answers `hash` by the state that it believes the page to have. */
class FakeSocket {
  sent: string[] = [];
  believed: unknown = {};
  private readonly listeners = new Map<string, ((arg: unknown) => void)[]>();

  on(event: string, listener: (arg: unknown) => void): void {
    this.listeners.set(event, [...(this.listeners.get(event) ?? []), listener]);
  }

  off(): void {
    this.listeners.clear();
  }

  connect(): this {
    return this;
  }

  disconnect(): this {
    return this;
  }

  emit(event: string): void {
    this.sent.push(event);
  }

  emitWithAck(event: string): Promise<unknown> {
    this.emit(event);
    return Promise.resolve({ e: 1, o: 1, h: hash(this.believed) });
  }

  hears(event: string, arg?: unknown): void {
    for (const listener of this.listeners.get(event) ?? []) listener(arg);
  }
}

function game() {
  const socket = new FakeSocket();
  const host = { manager: { socket: () => socket } as unknown as Manager, changed: () => undefined } as unknown as GameHost;
  const game = new Game("floe", "1", "player", host);
  socket.hears("joined", { seat: 0, role: "player" });
  socket.hears("state", { e: 1, o: 1, full: { x: 1 } });
  return { game, socket };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("while it is in step, the page asks and leaves it at that", async () => {
  const { socket } = game();
  socket.believed = { x: 1 };
  await vi.advanceTimersByTimeAsync(2 * COMPARE_MS);
  expect(socket.sent).toEqual(["hash", "hash"]);
});

test("a state that is not the server's is asked for", async () => {
  const { socket } = game();
  socket.believed = { x: 2 };
  await vi.advanceTimersByTimeAsync(COMPARE_MS);
  expect(socket.sent).toEqual(["hash", "resync"]);
});

test("nobody asks who is away or has left", async () => {
  const { game: one, socket } = game();
  socket.hears("disconnect", "transport close");
  await vi.advanceTimersByTimeAsync(3 * COMPARE_MS);
  expect(socket.sent).toEqual([]);
  socket.hears("joined", { seat: 0, role: "player" });
  one.leave();
  await vi.advanceTimersByTimeAsync(3 * COMPARE_MS);
  expect(socket.sent).toEqual([]);
});
