/**
 * Where the discs are shown.
 *
 * Our own is ahead of the server: what was steered and the server does not know
 * yet is played over its last word, and what that word corrects is taken back
 * bit by bit. The others are a moment behind, between two words of the server,
 * so that they move evenly. No network, no document.
 */

import type { Disc, Floe } from "../contract";
import { POINT, STEP_MS, steer, step } from "./ice";

/** How far behind the others are shown: two steps, so that one late patch is not seen. */
const BEHIND_MS = 2 * STEP_MS;

/** Words of the server that are kept: a second. */
const KEPT = 20;

/** Steered and unknown to the server; more is a connection that stands still. */
const MOST_UNKNOWN = 40;

/** A move from one step to the next that is none: somebody was put there. */
const LEAP = 150 * POINT;

/** What is left of a correction after a sixtieth of a second. */
const SMOOTHING = 0.85;

export interface Place {
  readonly x: number;
  readonly y: number;
}

interface Word {
  readonly floe: Floe;
  /** By the server's steps, in ms. */
  readonly time: number;
}

interface Input extends Place {
  readonly number: number;
}

export class World {
  private words: Word[] = [];
  /** Between our clock and the server's steps; the smallest that was seen lately. */
  private lead = Infinity;
  private unknown: Input[] = [];
  /** Our disc one step ago and now. */
  private own: { before: Place; now: Place; at: number } | null = null;
  private correction: Place = { x: 0, y: 0 };
  private shownAt = 0;

  constructor(private readonly seat: number | null) {}

  /** The server's last word, and the number of our last input that it knows. */
  heard(floe: Floe, applied: number, at: number): void {
    const time = floe.now * STEP_MS;
    const last = this.words.at(-1);
    if (last !== undefined && time < last.time) this.words = [];
    if (last?.time === time) this.words.pop();
    this.words = [...this.words, { floe, time }].slice(-KEPT);
    // After a rest no steps are made, and the server's time stands still.
    if (Math.abs(at - time - this.lead) > 500) this.lead = Infinity;
    this.lead = Math.min(this.lead + 0.1, at - time);
    this.unknown = this.unknown.filter(({ number }) => number > applied);
    this.correct();
  }

  /** We have steered, for one step. */
  steered(number: number, x: number, y: number, at: number): void {
    this.unknown = [...this.unknown, { number, x, y }].slice(-MOST_UNKNOWN);
    const now = this.predicted();
    this.own = now === null ? null : { before: this.own?.now ?? now, now, at };
  }

  /** The connection is gone, and what was on its way with it. */
  lost(): void {
    this.unknown = [];
  }

  /** Whether our disc lies still. */
  get rests(): boolean {
    const disc = this.ownDisc;
    return disc === undefined || (disc.vx === 0 && disc.vy === 0 && disc.sx === 0 && disc.sy === 0);
  }

  /** Where discs are shown at this time, by seat. */
  places(at: number): Map<number, Place> {
    const shown = this.others(at - this.lead - BEHIND_MS);
    const own = this.ownPlace(at);
    if (this.seat !== null && own !== null) shown.set(this.seat, own);
    return shown;
  }

  private get ownDisc(): Disc | undefined {
    return this.seat === null ? undefined : this.words.at(-1)?.floe.players[this.seat]?.disc;
  }

  /** Our disc, with everything that we have steered. */
  private predicted(): Place | null {
    const floe = this.words.at(-1)?.floe;
    if (floe === undefined || this.ownDisc === undefined || this.seat === null) return null;
    const discs = new Map<number, Disc>();
    for (const [seat, { disc }] of Object.entries(floe.players)) if (disc !== undefined) discs.set(Number(seat), { ...disc });
    const own = discs.get(this.seat);
    if (own === undefined || floe.round.name === "starting") return this.ownDisc;
    // As on the server, the smallest number of a seat comes first.
    const inOrder = [...discs].sort(([one], [other]) => one - other).map(([, disc]) => disc);
    for (const { x, y } of this.unknown) {
      steer(own, x, y);
      step(inOrder);
    }
    return own;
  }

  /** Takes the server's word for our disc, without a jump. */
  private correct(): void {
    const now = this.predicted();
    if (now === null || this.own === null) {
      this.own = now === null ? null : { before: now, now, at: 0 };
      this.correction = { x: 0, y: 0 };
      return;
    }
    const [dx, dy] = [this.own.now.x - now.x, this.own.now.y - now.y];
    const smooth = Math.hypot(dx, dy) < LEAP;
    this.correction = smooth ? { x: this.correction.x + dx, y: this.correction.y + dy } : { x: 0, y: 0 };
    const before = smooth ? { x: this.own.before.x - dx, y: this.own.before.y - dy } : now;
    this.own = { before, now, at: this.own.at };
  }

  private ownPlace(at: number): Place | null {
    if (this.own === null) return null;
    const left = SMOOTHING ** (Math.max(0, at - this.shownAt) / (1_000 / 60));
    this.shownAt = at;
    this.correction = { x: this.correction.x * left, y: this.correction.y * left };
    const place = between(this.own.before, this.own.now, (at - this.own.at) / STEP_MS);
    return { x: place.x + this.correction.x, y: place.y + this.correction.y };
  }

  private others(time: number): Map<number, Place> {
    const next = this.words.findIndex((word) => word.time > time);
    const to = this.words.at(next);
    const from = next > 0 ? this.words[next - 1] : to;
    const shown = new Map<number, Place>();
    if (from === undefined || to === undefined) return shown;
    const part = to === from ? 1 : (time - from.time) / (to.time - from.time);
    for (const [seat, { disc }] of Object.entries(from.floe.players)) {
      if (disc === undefined) continue;
      const later = to.floe.players[Number(seat)]?.disc ?? disc;
      shown.set(Number(seat), Math.hypot(later.x - disc.x, later.y - disc.y) < LEAP ? between(disc, later, part) : disc);
    }
    return shown;
  }
}

function between(from: Place, to: Place, part: number): Place {
  const share = Math.min(1, Math.max(0, part));
  return { x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share };
}
