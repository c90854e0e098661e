/** Who writes: said while it is so, believed for a while. */

import type { Typing } from "./contract";
import type { Room } from "./room";

/** So often writing is said again, in ms: the server lets it count for twice as long. */
const AGAIN_MS = 3_000;

/** Says at most so often that somebody writes. */
export class WritingSigns {
  private readonly said = new Map<string, number>();

  /** Whether it is time to say it again. */
  due(room: string, now: number): boolean {
    if (now - (this.said.get(room) ?? -Infinity) < AGAIN_MS) return false;
    this.said.set(room, now);
    return true;
  }

  /** A message ends it; what is written next is a new beginning. */
  over(room: string): void {
    this.said.delete(room);
  }
}

/** Believes a sign until its lease is over. */
export class Leases {
  private readonly timers = new Map<string, number>();

  believe(room: Room, { member, lease }: Typing, changed: () => void): void {
    const key = `${room.name} ${member.id}`;
    clearTimeout(this.timers.get(key));
    room.typing.set(member.id, member);
    const end = () => {
      this.timers.delete(key);
      room.typing.delete(member.id);
      changed();
    };
    this.timers.set(key, window.setTimeout(end, lease));
  }
}
