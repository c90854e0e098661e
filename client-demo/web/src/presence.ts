/**
 * What others are, as the server tells it: who is in a room, and those who are
 * watched. No network, no document.
 *
 * Each is a stream with places in it (`e`, `o`): what is older than what is known
 * is nothing, what is not the next one is a gap, and then the whole is asked for.
 */

import type {
  Counts,
  LeaveReason,
  Mode,
  PresenceCounts,
  PresenceDiff,
  PresenceState,
  PresenceWatched,
  Shown,
  Watched,
} from "./contract";

/** A place in a stream. */
export interface Place {
  readonly e: number;
  readonly o: number;
}

/** Somebody came or went; without a reason they were gone when we looked again. */
export type News =
  | { readonly what: "came"; readonly id: string; readonly name: string }
  | { readonly what: "went"; readonly id: string; readonly name: string; readonly reason: LeaveReason | null };

/** Somebody who was here. */
export interface Absent {
  readonly name: string;
  /** Milliseconds since 1970, rounded; `null` is not known. */
  readonly lastSeen: number | null;
}

/** What a message did: nothing, since it is old; something; or it showed that others are missing. */
export type Heard = "old" | "gap" | readonly News[];

/** Of those who went, so many are remembered. */
const ABSENT_KEPT = 50;

/** Who is in a room. */
export class Crowd {
  /** By id. Empty in a room so large that there are only numbers. */
  readonly users = new Map<string, Shown>();
  /** Those who went, the last one first. */
  absent: ReadonlyMap<string, Absent> = new Map();
  counts: Counts | null = null;
  mode: Mode = "diff";
  /** Nothing before the state has come on this connection. */
  place: Place | null = null;

  /** How many there are. */
  get total(): number {
    return this.counts?.total ?? this.users.size;
  }

  /** All of them. Who was here on another connection and is no longer has gone. */
  state(state: PresenceState): Heard {
    if (this.isOld(state)) return "old";
    const gone = [...this.users].filter(([id]) => !(id in state.users));
    const news = gone.map(([id, shown]): News => ({ what: "went", id, name: nameOf(shown), reason: null }));
    for (const [id, shown] of gone) this.remove(id, { name: nameOf(shown), lastSeen: null });
    for (const [id, shown] of Object.entries(state.users)) this.put(id, shown);
    this.settle(state, null);
    return news;
  }

  /** Numbers, and no names. */
  numbers(counts: PresenceCounts): Heard {
    if (this.isOld(counts)) return "old";
    this.users.clear();
    this.settle(counts, counts.counts);
    return [];
  }

  /** What has changed. */
  diff(diff: PresenceDiff): Heard {
    const { place } = this;
    if (this.isOld(diff) || (place?.e === diff.e && diff.o === place.o)) return "old";
    if (place?.e !== diff.e || diff.from !== place.o) return "gap";
    const came = Object.entries(diff.joins).map(([id, shown]): News => ({ what: "came", id, name: nameOf(shown) }));
    for (const [id, shown] of Object.entries({ ...diff.joins, ...diff.updates })) this.put(id, shown);
    const went = Object.entries(diff.leaves).map(([id, { reason, lastSeen }]): News => {
      const name = nameOf(this.users.get(id));
      this.remove(id, { name, lastSeen });
      return { what: "went", id, name, reason };
    });
    this.settle(diff, null);
    return [...came, ...went];
  }

  /** The connection is gone: what is known may be old, and the next one begins with the state. */
  lost(): void {
    this.place = null;
  }

  private isOld({ e, o }: Place): boolean {
    return this.place !== null && (e < this.place.e || (e === this.place.e && o < this.place.o));
  }

  private put(id: string, shown: Shown): void {
    this.users.set(id, shown);
    if (this.absent.has(id)) this.absent = new Map([...this.absent].filter(([other]) => other !== id));
  }

  private remove(id: string, absent: Absent): void {
    this.users.delete(id);
    const others = [...this.absent].filter(([other]) => other !== id);
    this.absent = new Map([[id, absent] as const, ...others].slice(0, ABSENT_KEPT));
  }

  private settle({ e, o, mode }: Place & { mode: Mode }, counts: Counts | null): void {
    this.place = { e, o };
    this.mode = mode;
    this.counts = counts;
  }
}

/** Those whom this page has asked to be told of. */
export class Watch {
  readonly users = new Map<string, Watched>();
  place: Place | null = null;
  private asked: readonly string[] = [];

  /** Whether these are others than before, so that the server has to be asked. */
  choose(ids: readonly string[]): boolean {
    const sorted = [...ids].sort();
    if (sorted.join("\n") === this.asked.join("\n")) return false;
    this.asked = sorted;
    return true;
  }

  /** What was told; a gap means that all of it has to be asked for. */
  heard({ from, e, o, users }: PresenceWatched): "old" | "gap" | "news" {
    const { place } = this;
    if (place !== null && (e < place.e || (e === place.e && o <= place.o && from !== undefined))) return "old";
    if (from !== undefined && (place?.e !== e || place.o !== from)) return "gap";
    if (from === undefined) this.users.clear();
    for (const [id, watched] of Object.entries(users)) this.users.set(id, watched);
    this.place = { e, o };
    return "news";
  }

  /** The connection is gone, and with it what was asked. */
  lost(): void {
    this.place = null;
    this.asked = [];
  }
}

export function nameOf(shown: Shown | undefined): string {
  return shown?.data?.name ?? "Somebody";
}
