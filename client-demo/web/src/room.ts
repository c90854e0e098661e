/**
 * What this tab knows of what was said in one room, and of what is on its way.
 * No network, no document: every method is one thing that happened. Who is here
 * stands in `presence.ts`.
 */

import type { Entered, Message, Person, Problem } from "./contract";

/** A line of the log that is settled. */
export type Line =
  | ({ readonly kind: "message" } & Message)
  | { readonly kind: "notice"; readonly id: string; readonly text: string; readonly at: number };

/** A message of our own that the server has not confirmed. */
export interface Pending {
  readonly id: string;
  readonly text: string;
  state: PendingState;
}

export type PendingState =
  /** To be sent as soon as we are in the room again. */
  | { readonly name: "waiting" }
  | { readonly name: "sending" }
  /** Sent, but the connection went before the answer came: perhaps it arrived. */
  | { readonly name: "unsure" }
  | { readonly name: "refused"; readonly problem: Problem };

/** Lines kept per room; older ones fall out at the top. */
const LINES_KEPT = 500;

export class Room {
  /** In the room, as far as the server has said on this connection. */
  inside = false;
  unread = 0;
  /** What stands in the composer while another room is in view. */
  draft = "";
  lines: Line[] = [];
  pending: Pending[] = [];

  private readonly known = new Set<string>();
  private notices = 0;

  constructor(
    readonly name: string,
    private readonly me: Person,
  ) {}

  /** The server let us in, for the first time or again. */
  entered({ history }: Entered): void {
    this.inside = true;
    for (const message of history) this.absorb(message);
  }

  /** The connection is gone. What was in flight may or may not have arrived. */
  lost(): void {
    this.inside = false;
    for (const message of this.pending) {
      if (message.state.name === "sending") message.state = { name: "unsure" };
    }
  }

  /** A message of the room. Says whether it was new. */
  heard(message: Message): boolean {
    return this.absorb(message);
  }

  /** Something that happened in the room and that nobody said. */
  notice(text: string, now: number): void {
    this.notices += 1;
    this.lines.push({ kind: "notice", id: `notice-${this.notices}`, text, at: now });
    this.trim();
  }

  write(id: string, text: string): void {
    this.pending.push({ id, text, state: { name: "waiting" } });
  }

  /** Marks a waiting message as sent and returns its text. */
  send(id: string): string | null {
    const message = this.pending.find((one) => one.id === id && one.state.name === "waiting");
    if (message === undefined) return null;
    message.state = { name: "sending" };
    return message.text;
  }

  /** The server's answer to a message of ours. */
  confirmed(id: string, receipt: { id: string; at: number }): void {
    const message = this.takeBack(id);
    if (message === null) return;
    this.absorb({ ...receipt, room: this.name, from: this.me, text: message.text });
  }

  refused(id: string, problem: Problem): void {
    this.mark(id, { name: "refused", problem });
  }

  unanswered(id: string): void {
    this.mark(id, { name: "unsure" });
  }

  /** Removes an unconfirmed message. */
  takeBack(id: string): Pending | null {
    const found = this.pending.find((message) => message.id === id) ?? null;
    this.pending = this.pending.filter((message) => message !== found);
    return found;
  }

  private mark(id: string, state: PendingState): void {
    const message = this.pending.find((one) => one.id === id);
    if (message !== undefined) message.state = state;
  }

  private absorb(message: Message): boolean {
    if (this.known.has(message.id)) return false;
    this.known.add(message.id);
    if (message.from.id === this.me.id) this.settle(message.text);
    this.insert({ kind: "message", ...message });
    return true;
  }

  /** One of ours came back from the room: it is not on its way any more. */
  private settle(text: string): void {
    const sent = this.pending.find(
      ({ state, text: other }) => other === text && (state.name === "sending" || state.name === "unsure"),
    );
    if (sent !== undefined) this.takeBack(sent.id);
  }

  /** Puts a message before the first one that is younger; nearly always that is at the end. */
  private insert(line: Line & { kind: "message" }): void {
    const younger = this.lines.findIndex((other) => other.kind === "message" && other.at > line.at);
    this.lines.splice(younger === -1 ? this.lines.length : younger, 0, line);
    this.trim();
  }

  private trim(): void {
    const over = this.lines.length - LINES_KEPT;
    if (over <= 0) return;
    for (const line of this.lines.splice(0, over)) this.known.delete(line.id);
  }
}
