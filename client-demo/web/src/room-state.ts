/** The state of a custom room, kept over the stock client: `state`, then one `patch` after another. */

import type { Socket } from "socket.io-client";

import { hash } from "./room-hash";

interface Frame {
  readonly o: number;
  readonly n?: Applied;
}

/** By seat, the number of the last input that the state knows. */
export type Applied = Readonly<Record<string, number>>;

export class RoomState<S> {
  /** As the server said last. Changes make a new object, so one that was kept stays as it is. */
  value: S | null = null;
  applied: Applied = {};
  private epoch = 0;
  private offset = 0;
  private asking = false;
  private inputs = 0;

  constructor(
    private readonly socket: Socket,
    changed: () => void,
  ) {
    socket.on("state", ({ e, o, full, n = {} }: Frame & { e: number; full: unknown }) => {
      [this.epoch, this.offset, this.asking] = [e, o, false];
      [this.value, this.applied] = [full as S, n];
      changed();
    });
    socket.on("patch", ({ from, o, d, n }: Frame & { from: number; d: unknown }) => {
      if (this.value === null || from !== this.offset) return this.resync();
      this.offset = o;
      [this.value, this.applied] = [merge(this.value, d) as S, { ...this.applied, ...n }];
      changed();
    });
    socket.on("disconnect", () => (this.asking = false));
  }

  /** Sends an input with its number, which `applied` names when the state knows it. */
  input(event: string, ...args: readonly unknown[]): number {
    this.inputs += 1;
    this.socket.emit(event, ...args, { $n: this.inputs });
    return this.inputs;
  }

  /** Whether we have the state that the server believes we have; if not, it is asked for. */
  async inStep(): Promise<boolean> {
    const { e, o, h } = await this.socket.emitWithAck("hash");
    const same = e === this.epoch && o === this.offset && h === hash(this.value);
    if (!same) this.resync();
    return same;
  }

  private resync(): void {
    if (!this.asking) this.socket.emit("resync");
    this.asking = true;
  }
}

/** RFC 7396. */
export function merge(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const merged: Record<string, unknown> = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else merged[key] = merge(merged[key], value);
  }
  return merged;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
