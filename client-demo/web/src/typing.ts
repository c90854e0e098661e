/** Who types: said while it is so, believed for as long as the server says. */

import type { TypingState } from "./contract";

/** Says that somebody types, at most once per interval, and when the field is empty again. */
export class OwnTyping {
  /** How often it is said again, in ms; the server tells. */
  refresh = 3_000;
  private readonly said = new Map<string, number>();

  /** What the field holds now. Answers with what is to be said, if anything. */
  wrote(room: string, text: string, now: number): boolean | null {
    const before = this.said.get(room);
    if (text.trim() === "") return this.said.delete(room) ? false : null;
    if (before !== undefined && now - before < this.refresh) return null;
    this.said.set(room, now);
    return true;
  }

  /** A message ends it, for the server too; what is typed next is a new beginning. */
  over(room: string): void {
    this.said.delete(room);
  }

  /** The connection is gone: the server knows nothing of it any more. */
  lost(): void {
    this.said.clear();
  }
}

/** Somebody who types: a few are named, the others are a number. */
export interface Typists {
  readonly ids: readonly string[];
  readonly count: number;
}

const NOBODY: Typists = { ids: [], count: 0 };

/** Believes what was told of others until its time is over, whatever comes or does not. */
export class OthersTyping {
  private readonly rooms = new Map<string, { until: Map<string, number>; unnamed: number; end: number }>();
  private readonly timers = new Map<string, number>();

  constructor(
    private readonly changed: () => void,
    private readonly schedule: (end: () => void, ms: number) => number = (end, ms) => window.setTimeout(end, ms),
  ) {}

  heard(room: string, { users, count, until, at }: TypingState, now: number): void {
    // The clocks differ: only how long it lasts is told.
    const here = (time: number) => now + time - at;
    const ends = Object.entries(users).map(([id, end]) => [id, here(end)] as const);
    this.rooms.set(room, { until: new Map(ends), unnamed: count - ends.length, end: here(until) });
    this.arm(room, now);
  }

  /** Their message is here: that they no longer type comes behind it. */
  over(room: string, id: string): void {
    this.rooms.get(room)?.until.delete(id);
  }

  of(room: string, now: number): Typists {
    const told = this.rooms.get(room);
    if (told === undefined || told.end <= now) return NOBODY;
    const ids = [...told.until].filter(([, end]) => end > now).map(([id]) => id);
    return { ids, count: ids.length + told.unnamed };
  }

  lost(): void {
    this.rooms.clear();
    for (const timer of this.timers.values()) clearTimeout(timer);
  }

  private arm(room: string, now: number): void {
    clearTimeout(this.timers.get(room));
    const told = this.rooms.get(room);
    const next = Math.min(...[...(told?.until.values() ?? []), told?.end ?? 0].filter((end) => end > now));
    if (!Number.isFinite(next)) return;
    const end = () => {
      this.changed();
      this.arm(room, Date.now());
    };
    // A timer may come a little early.
    this.timers.set(room, this.schedule(end, next - now + 5));
  }
}
