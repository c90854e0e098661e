/** The rooms of the games, as the lobby's list shows them. No network, no document. */

import type { RoomDelta, RoomInfo } from "./contract";
import type { Kind } from "./game-link";

export class RoomList {
  private readonly rooms = new Map<string, RoomInfo>();

  constructor(readonly kind: Kind) {}

  /** In the order of their making. */
  get entries(): RoomInfo[] {
    return [...this.rooms.values()].sort((a, b) => a.created - b.created || (a.id < b.id ? -1 : 1));
  }

  find(id: string): RoomInfo | null {
    return this.rooms.get(id) ?? null;
  }

  /** All there are: the first answer on a new connection. */
  all(rooms: readonly RoomInfo[]): void {
    this.rooms.clear();
    for (const room of rooms) this.rooms.set(room.id, room);
  }

  changed({ set, gone, full = false }: Omit<RoomDelta, "type">): void {
    if (full) this.rooms.clear();
    for (const room of set) this.rooms.set(room.id, room);
    for (const id of gone) this.rooms.delete(id);
  }
}
