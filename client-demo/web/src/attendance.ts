/**
 * Presence and typing between the screen and the socket.
 *
 * Takes what the server tells of others and what this page's user does; tells its
 * listener who came and went, and that something changed. The rules are the
 * server's: `docs/guide/presence.md`.
 */

import { Attention } from "./attention";
import type { LobbySocket } from "./connection";
import type { PresenceSelf, Report } from "./contract";
import { Crowd, Watch, type Heard, type News } from "./presence";
import { OthersTyping, OwnTyping, type Typists } from "./typing";

export interface AttendanceListener {
  changed(): void;
  /** Somebody else came into a room or went. */
  news(room: string, news: News): void;
}

/** So many can be watched. */
const WATCHED = 200;

export class Attendance {
  /** What the server says of ourselves; nothing before it did. */
  self: PresenceSelf | null = null;
  readonly watch = new Watch();

  private readonly crowds = new Map<string, Crowd>();
  private readonly attention: Attention;
  private readonly own = new OwnTyping();
  private readonly others: OthersTyping;
  private greeted = false;
  private readonly shown = () => {
    if (!document.hidden) this.wake();
  };

  constructor(
    private readonly socket: LobbySocket,
    private readonly listener: AttendanceListener,
  ) {
    this.attention = new Attention((status) => this.report(status));
    this.others = new OthersTyping(() => listener.changed());
    document.addEventListener("visibilitychange", this.shown);
    this.listen();
  }

  close(): void {
    this.attention.close();
    document.removeEventListener("visibilitychange", this.shown);
  }

  /** This page is in a room, or is about to be. */
  enter(room: string): void {
    this.crowds.set(room, new Crowd());
  }

  leave(room: string): void {
    this.crowds.delete(room);
    this.own.over(room);
  }

  /** Who is in a room where this page is. */
  crowd(room: string): Crowd | null {
    return this.crowds.get(room) ?? null;
  }

  typists(room: string): Typists {
    return this.others.of(room, Date.now());
  }

  /** What the user wants to be seen as; `auto` takes that back. */
  choose(wish: Report & ("auto" | "dnd" | "invisible")): void {
    this.report(wish);
  }

  /** What stands in the field where a message is written. */
  wrote(room: string, text: string): void {
    const on = this.own.wrote(room, text, Date.now());
    if (on !== null && this.socket.connected) this.socket.volatile.emit("typing", { room, on });
  }

  /** A message was sent. */
  sent(room: string): void {
    this.own.over(room);
  }

  /** Somebody's message came. */
  spoke(room: string, id: string): void {
    this.others.over(room, id);
  }

  /** Those on the screen who are nowhere to be seen otherwise. */
  look(ids: readonly string[]): void {
    const some = ids.slice(0, WATCHED);
    if (this.socket.connected && this.watch.choose(some)) this.socket.emit("presence:watch", some);
  }

  private listen(): void {
    const { socket, listener } = this;
    socket.on("presence:state", (state) => this.heard(state.room, (crowd) => crowd.state(state)));
    socket.on("presence:counts", (counts) => this.heard(counts.room, (crowd) => crowd.numbers(counts)));
    socket.on("presence:diff", (diff) => this.heard(diff.room, (crowd) => crowd.diff(diff)));
    socket.on("presence:watched", (watched) => {
      if (this.watch.heard(watched) === "gap") this.resyncWatched();
      listener.changed();
    });
    socket.on("presence:self", (self) => {
      this.self = self;
      this.own.refresh = self.typingRefresh;
      if (!this.greeted) this.attention.connected(self.idleAfter);
      this.greeted = true;
      listener.changed();
    });
    socket.on("typing:state", (typing) => {
      if (typing.room === null || !this.crowds.has(typing.room)) return;
      this.others.heard(typing.room, typing, Date.now());
      listener.changed();
    });
    socket.on("disconnect", () => this.lost());
  }

  private heard(room: string | null, hear: (crowd: Crowd) => Heard): void {
    // Of a room that was left this is the rest.
    const crowd = room === null ? undefined : this.crowds.get(room);
    if (room === null || crowd === undefined) return;
    const heard = hear(crowd);
    if (heard === "old") return;
    if (heard === "gap") return this.resync(room, crowd);
    for (const news of heard) {
      // Of oneself it is the connection before, noticed late.
      if (news.id !== this.self?.id) this.listener.news(room, news);
    }
    this.listener.changed();
  }

  /** The page was asleep, perhaps: what was missed is asked for. */
  private wake(): void {
    if (!this.socket.connected) return;
    for (const [room, crowd] of this.crowds) this.resync(room, crowd);
    this.resyncWatched();
  }

  private resync(room: string, { place }: Crowd): void {
    this.socket.emit("presence:resync", { room, ...(place ?? NOWHERE) });
  }

  private resyncWatched(): void {
    this.socket.emit("presence:resync", { watched: true, ...(this.watch.place ?? NOWHERE) });
  }

  private report(status: Report): void {
    if (this.socket.connected) this.socket.emit("presence:status", status);
  }

  private lost(): void {
    this.greeted = false;
    for (const crowd of this.crowds.values()) crowd.lost();
    this.watch.lost();
    this.own.lost();
    this.others.lost();
  }
}

/** Before everything. */
const NOWHERE = { e: 0, o: 0 };
