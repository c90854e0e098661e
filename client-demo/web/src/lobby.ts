/**
 * Everything between the screen and the socket.
 *
 * Owns the rooms of this tab, the one in view, and the state of the connection.
 * Takes what the user does and what the server sends; tells its listener that
 * something changed, at most once per turn. A new connection is a new socket on
 * the server, in no room: entering them again is done here.
 */

import { ANSWER_MS, createSocket, watch, type Link, type LobbySocket } from "./connection";
import { isRefused, ROOM_NAME, type Answer, type Message, type Problem, type RoomView, type Welcome } from "./contract";
import { Room } from "./room";
import type { Places } from "./session";
import { departure, NO_ANSWER, ROOM_NAME_RULE, sentence } from "./words";

export interface LobbyListener {
  changed(): void;
  refused(code: string): void;
}

export class Lobby {
  readonly rooms = new Map<string, Room>();
  active: Room | null = null;
  link: Link = { state: "connecting" };
  /** The last thing that went wrong and belongs to no form. */
  alert: string | null = null;

  private readonly socket: LobbySocket;
  private changeDue = false;
  private closed = false;
  private written = 0;

  constructor(
    readonly welcome: Welcome,
    places: Places,
    private readonly listener: LobbyListener,
  ) {
    for (const name of places.rooms) this.open(name);
    this.active = this.rooms.get(places.active ?? "") ?? null;
    this.socket = createSocket(welcome.token);
    this.listen();
    this.socket.connect();
  }

  get places(): Places {
    return { rooms: [...this.rooms.keys()], active: this.active?.name ?? null };
  }

  /** Enters a room and shows it. Answers with a sentence when that fails. */
  async enter(name: string): Promise<string | null> {
    if (!ROOM_NAME.test(name)) return ROOM_NAME_RULE;
    const before = this.active;
    const known = this.rooms.get(name);
    if (known !== undefined) {
      this.show(known);
      return null;
    }
    const room = this.open(name);
    this.show(room);
    // While the connection is gone the room waits like all the others.
    const problem = this.socket.connected ? await this.join(room) : null;
    if (problem === null) return null;
    this.drop(room, before);
    return sentence(problem.message);
  }

  show(room: Room): void {
    this.active = room;
    this.seen();
  }

  /** The room in view is being looked at. */
  seen(): void {
    if (this.active !== null) this.active.unread = 0;
    this.change();
  }

  leave(room: Room): void {
    this.drop(room, null);
    // A connection that is gone has left already.
    if (this.socket.connected) void this.sayLeaving(room);
  }

  say(text: string): void {
    const room = this.active;
    if (room === null || text.trim() === "") return;
    this.written += 1;
    room.write(`own-${this.written}`, text.trim());
    this.flush(room);
    this.change();
  }

  /** Takes an unconfirmed message out of the log; its text goes back to the writer. */
  takeBack(room: Room, id: string): string {
    const text = room.takeBack(id)?.text ?? "";
    this.change();
    return text;
  }

  dismissAlert(): void {
    this.alert = null;
    this.change();
  }

  /** After the server ended the connection, which is never retried by itself. */
  connectAgain(): void {
    this.setLink({ state: "connecting" });
    this.socket.connect();
  }

  /** Ends the connection; the listener hears nothing more. */
  close(): void {
    this.closed = true;
    this.socket.disconnect();
  }

  private listen(): void {
    const { socket } = this;
    watch(socket, {
      link: (link) => this.setLink(link),
      refused: (code) => this.listener.refused(code),
    });
    socket.on("connect", () => {
      for (const room of this.rooms.values()) void this.rejoin(room);
    });
    socket.on("disconnect", () => {
      for (const room of this.rooms.values()) room.lost();
      this.change();
    });
    socket.on("chat", (message) => this.heard(message));
    socket.on("member:joined", ({ room, member }) => {
      this.rooms.get(room)?.joined(member, Date.now());
      this.change();
    });
    socket.on("member:left", ({ room, member, reason }) => {
      // Of oneself this is the connection before, noticed late.
      if (member.id === this.welcome.user.id) return;
      this.rooms.get(room)?.left(member, departure(reason), Date.now());
      this.change();
    });
    socket.on("error", ({ message }) => this.complain(message));
  }

  private heard(message: Message): void {
    const room = this.rooms.get(message.room);
    if (room === undefined || !room.heard(message)) return;
    if (room !== this.active || document.hidden) room.unread += 1;
    this.change();
  }

  /** Asks until there is an answer; with the connection the asking ends too. */
  private async rejoin(room: Room): Promise<void> {
    const problem = await this.join(room);
    if (problem === null) return;
    if (problem === UNANSWERED) return this.rejoin(room);
    this.drop(room, null);
    this.complain(`You are no longer in ${room.name}: ${problem.message}`);
  }

  private async join(room: Room): Promise<Problem | null> {
    const connection = this.socket.id;
    const answer = await this.ask<RoomView>((socket) => socket.emitWithAck("room:join", { room: room.name }));
    // A later connection, or none: this answer says nothing about it.
    if (this.socket.id !== connection || this.rooms.get(room.name) !== room) return null;
    if (isRefused(answer)) return answer.error;
    room.entered(answer, Date.now());
    this.flush(room);
    this.change();
    return null;
  }

  private async sayLeaving(room: Room): Promise<void> {
    const answer = await this.ask<object>((socket) => socket.emitWithAck("room:leave", { room: room.name }));
    // Not in the room: then the aim is reached.
    if (isRefused(answer) && answer.error.code !== "not_in_room") this.complain(answer.error.message);
  }

  private flush(room: Room): void {
    if (!room.inside) return;
    for (const { id } of room.pending) void this.deliver(room, id);
  }

  private async deliver(room: Room, id: string): Promise<void> {
    const text = room.send(id);
    if (text === null) return;
    const answer = await this.ask<{ id: string; at: number }>((socket) =>
      socket.emitWithAck("chat", { room: room.name, text }),
    );
    if (!isRefused(answer)) room.confirmed(id, answer);
    else if (answer.error === UNANSWERED) room.unanswered(id);
    else room.refused(id, answer.error);
    this.change();
  }

  /** A question with a bound on its answer. Never throws. */
  private async ask<T>(question: (socket: BoundedSocket) => Promise<Answer<T>>): Promise<Answer<T>> {
    try {
      return await question(this.socket.timeout(ANSWER_MS));
    } catch {
      return { error: UNANSWERED };
    }
  }

  private open(name: string): Room {
    const room = new Room(name, this.welcome.user);
    this.rooms.set(name, room);
    return room;
  }

  /** Removes a room; if it was in view, another one comes into view. */
  private drop(room: Room, instead: Room | null): void {
    this.rooms.delete(room.name);
    if (this.active === room) {
      const back = this.rooms.get(instead?.name ?? "");
      this.active = back ?? [...this.rooms.values()].at(-1) ?? null;
    }
    this.seen();
  }

  private complain(message: string): void {
    this.alert = sentence(message);
    this.change();
  }

  private setLink(link: Link): void {
    this.link = link;
    this.change();
  }

  private change(): void {
    if (this.changeDue) return;
    this.changeDue = true;
    queueMicrotask(() => {
      this.changeDue = false;
      if (!this.closed) this.listener.changed();
    });
  }
}

type BoundedSocket = ReturnType<LobbySocket["timeout"]>;

const UNANSWERED: Problem = { code: "unanswered", message: NO_ANSWER };
