/**
 * Everything between the screen and the socket.
 *
 * Owns the rooms of this tab, the one in view, the games, and the state of the
 * connection. Takes what the user does and what the server sends; tells its
 * listener that something changed, at most once per turn. A new connection is a
 * new socket on the server, in no room: entering them again is done here.
 */

import { Attendance } from "./attendance";
import { ask, createSocket, UNANSWERED, watch, type Link, type LobbySocket } from "./connection";
import { isRefused, ROOM_NAME, type Message, type Problem, type Welcome } from "./contract";
import type { Game, GameHost, Kind, Role } from "./game-link";
import { gameIn, Games, KINDS, talkOf } from "./games";
import { measureLatency } from "./latency";
import { Pass } from "./pass";
import type { News } from "./presence";
import { Room } from "./room";
import type { Places } from "./session";
import { departure, ROOM_NAME_RULE, sentence } from "./words";

export interface LobbyListener {
  changed(): void;
  renewed(welcome: Welcome): void;
  /** The server does not let us in. Nothing follows. */
  refused(code: string): void;
}

export class Lobby {
  readonly rooms = new Map<string, Room>();
  /** Where we play, and what is played elsewhere. */
  readonly games: Games;
  /** Who is where, what they do, and who types. */
  readonly attendance: Attendance;
  active: Room | null = null;
  link: Link = { state: "connecting" };
  /** The way to the server and back, in ms; nothing before it was measured. */
  latency: number | null = null;
  /** The last thing that went wrong and belongs to no form. */
  alert: string | null = null;

  private readonly socket: LobbySocket;
  private readonly pass: Pass;
  private readonly stopMeasuring: () => void;
  private changeDue = false;
  private closed = false;
  private written = 0;

  constructor(
    readonly welcome: Welcome,
    places: Places,
    private readonly listener: LobbyListener,
  ) {
    this.pass = new Pass(welcome, (renewed) => listener.renewed(renewed));
    this.socket = createSocket(() => this.pass.fresh());
    this.games = new Games(this.gameHost());
    this.attendance = new Attendance(this.socket, {
      changed: () => this.change(),
      news: (room, news) => this.tell(room, news),
    });
    for (const name of places.rooms) this.open(name);
    this.active = this.rooms.get(places.active ?? "") ?? null;
    this.stopMeasuring = measureLatency(this.socket, (ms) => {
      this.latency = ms;
      this.change();
    });
    this.listen();
    this.socket.connect();
  }

  get places(): Places {
    return { rooms: [...this.rooms.keys()], active: this.active?.name ?? null };
  }

  /** What people call a room. */
  title(room: string): string {
    return this.games.title(room) ?? room;
  }

  /** Where one is in a room: in it, or at the game that is talked about there. */
  place(room: string): string {
    return `${gameIn(room) === null ? "in" : "at"} ${this.title(room)}`;
  }

  /** Enters a room and shows it, and the game in it. Answers with a sentence when that fails. */
  async enter(name: string, role: Role = "spectator"): Promise<string | null> {
    if (!ROOM_NAME.test(name)) return ROOM_NAME_RULE;
    const before = this.active;
    const known = this.rooms.get(name);
    if (known !== undefined) {
      this.show(known);
      return null;
    }
    const room = this.open(name, role);
    this.show(room);
    // While the connection is gone the room waits like all the others.
    const problem = this.socket.connected ? await this.join(room) : null;
    if (problem === null) return null;
    this.drop(room, before);
    return sentence(problem.message);
  }

  /** Plays: where somebody waits, or in a new room. */
  async play(kind: Kind, fresh: boolean): Promise<void> {
    // Said in any case: whoever does not say it may be given either kind of room.
    const wanted = { type: `/${kind}`, debug: DEBUG };
    const answer = fresh
      ? await ask(this.socket, "room:create", wanted)
      : await ask(this.socket, "room:find", { ...wanted, or_create: true });
    const problem = isRefused(answer) ? answer.error.message : await this.enter(talkOf(kind, answer.id), "player");
    if (problem !== null) this.complain(problem);
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
    this.attendance.sent(room.name);
    room.write(`own-${this.written}`, text.trim());
    this.flush(room);
    this.change();
  }

  /** What stands in the field of the room in view. */
  writing(text: string): void {
    if (this.active?.inside === true) this.attendance.wrote(this.active.name, text);
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
    this.stopMeasuring();
    this.attendance.close();
    this.socket.disconnect();
  }

  private listen(): void {
    const { socket } = this;
    watch(socket, {
      link: (link) => this.setLink(link),
      refused: (code) => void this.refused(code),
    });
    socket.on("connect", () => {
      for (const kind of KINDS) void this.watch(kind);
      for (const room of this.rooms.values()) void this.rejoin(room);
    });
    socket.on("disconnect", () => {
      for (const room of this.rooms.values()) room.lost();
      this.latency = null;
      this.change();
    });
    // A quarter of the time that is left: soon, but not all pages of a restarted server at once.
    socket.on("auth:expiring", (seconds) => setTimeout(() => void this.renew(), seconds * 250));
    socket.on("error", ({ message }) => this.complain(message));
    socket.on("chat", (message) => this.heard(message));
    socket.on("room:delta", (delta) => {
      this.games.told(delta);
      this.change();
    });
  }

  /** What the games need of us. */
  private gameHost(): GameHost {
    return {
      manager: this.socket.io,
      token: () => this.pass.fresh(),
      renewed: async () => typeof (await this.pass.renew()) === "object" && !this.closed,
      changed: () => this.change(),
      complain: (message) => this.complain(message),
      over: (game, why) => this.gameOver(game, why),
    };
  }

  private gameOver({ kind, id }: Game, why: string): void {
    const room = this.rooms.get(talkOf(kind, id));
    if (room === undefined) return;
    this.complain(`You are no longer ${this.place(room.name)}: ${why}`);
    this.leave(room);
  }

  /** Learns of all rooms of a kind, and of what changes from now on. */
  private async watch(kind: Kind): Promise<void> {
    const answer = await ask(this.socket, "room:watch", { type: `/${kind}` });
    if (isRefused(answer)) return;
    this.games.lists[kind].all(answer.rooms);
    this.change();
  }

  private heard(message: Message): void {
    const room = this.rooms.get(message.room);
    if (room === undefined || !room.heard(message)) return;
    this.attendance.spoke(room.name, message.from.id);
    if (room !== this.active || document.hidden) room.unread += 1;
    this.change();
  }

  /** Somebody came or went, in a room where that is worth a line. */
  private tell(name: string, news: News): void {
    const room = this.rooms.get(name);
    if (room?.inside !== true || this.attendance.crowd(name)?.mode !== "diff") return;
    if (news.what === "came") room.notice(`${news.name} came in`, Date.now());
    else if (news.reason !== null) room.notice(`${news.name} ${departure(news.reason)}`, Date.now());
  }

  /** Another token for this connection, before the one that it has ends. */
  private async renew(): Promise<void> {
    if (!this.socket.connected) return;
    // Refused or unreachable: the end of the token comes, and is answered then.
    if (typeof (await this.pass.renew()) !== "object") return;
    this.socket.emit("auth:refresh", this.pass.token, () => {});
  }

  /** A token that has ended can be replaced; everything else leads to the door. */
  private async refused(code: string): Promise<void> {
    const renewal = code === "token_expired" ? await this.pass.renew() : "refused";
    if (this.closed) return;
    if (renewal === "refused") return this.listener.refused(code);
    if (renewal === "unreachable") await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    if (!this.closed) this.socket.connect();
  }

  /** Asks until there is an answer; with the connection the asking ends too. */
  private async rejoin(room: Room): Promise<void> {
    const place = this.place(room.name);
    const problem = await this.join(room);
    if (problem === null) return;
    if (problem === UNANSWERED) return this.rejoin(room);
    this.drop(room, null);
    this.complain(`You are no longer ${place}: ${problem.message}`);
  }

  private async join(room: Room): Promise<Problem | null> {
    const connection = this.socket.id;
    const answer = await ask(this.socket, "room:join", { room: room.name });
    // A later connection, or none: this answer says nothing about it.
    if (this.socket.id !== connection || this.rooms.get(room.name) !== room) return null;
    if (isRefused(answer)) return answer.error;
    room.entered(answer);
    this.flush(room);
    this.change();
    return null;
  }

  private async sayLeaving(room: Room): Promise<void> {
    const answer = await ask(this.socket, "room:leave", { room: room.name });
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
    const answer = await ask(this.socket, "chat", { room: room.name, text });
    if (!isRefused(answer)) room.confirmed(id, answer);
    else if (answer.error === UNANSWERED) room.unanswered(id);
    else room.refused(id, answer.error);
    this.change();
  }

  private open(name: string, role: Role = "spectator"): Room {
    const room = new Room(name, this.welcome.user);
    this.rooms.set(name, room);
    this.games.enter(name, role);
    this.attendance.enter(name);
    return room;
  }

  /** Removes a room; if it was in view, another one comes into view. */
  private drop(room: Room, instead: Room | null): void {
    this.rooms.delete(room.name);
    this.attendance.leave(room.name);
    this.games.leave(room.name);
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

/** With `?debug`, rooms are made that can be crashed. */
const DEBUG = new URLSearchParams(location.search).has("debug");

/** Between two questions for a token that cannot be asked now, in ms. */
const RETRY_MS = 2_000;
