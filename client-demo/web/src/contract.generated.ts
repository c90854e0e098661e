// Written by `make types` from example-game/src/contract.rs. Changes here are lost.

/** The namespace that all of this is spoken in. */
export const NAMESPACE = "/lobby";

/** What a client asks. Every acknowledgement carries the answer or `{ error: Problem }`. */
export interface Requests {
  "room:join": { payload: JoinRoom; answer: Entered };
  "room:leave": { payload: LeaveRoom; answer: Done };
  "chat": { payload: Say; answer: Said };
  "echo": { payload: Echo; answer: Done };
}

/** What the server tells. */
export interface Events {
  "chat": Message;
  "error": Problem;
}

/** What the framework tells of presence and typing. */
export interface PresenceEvents {
  "presence:state": PresenceState;
  "presence:diff": PresenceDiff;
  "presence:counts": PresenceCounts;
  "presence:watched": PresenceWatched;
  "presence:self": PresenceSelf;
  "typing:state": TypingState;
}

/** What the framework is told of oneself. */
export interface PresenceReports {
  "presence:status": Report;
  "presence:watch": Array<string>;
  "presence:resync": Resync;
  "typing": OwnTyping;
}

/**
 * The discs of every column, the lowest first.
 */
export type Board = Array<Array<Side>>;

/**
 * A place on the board, from the left and from the bottom, both from 0.
 */
export type Cell = { column: number, row: number, };

/**
 * Numbers of people.
 */
export type Counts = { total: number, online: number, idle: number, away: number, dnd: number, };

/**
 * A disc on the ice.
 */
export type Disc = { x: number, y: number, vx: number, vy: number, 
/**
 * Where it is steered: together at most 100.
 */
sx: number, sy: number, };

/**
 * An acknowledgement that says no more than that it was done.
 */
export type Done = Record<symbol, never>;

/**
 * Measures the way there and back.
 */
export type Echo = Record<symbol, never>;

/**
 * What a visit learns of a room that it enters.
 */
export type Entered = { room: RoomId, 
/**
 * The oldest first.
 */
history: Array<Message>, };

/**
 * A floe and those on it.
 */
export type Floe = { players: { [key in number]: Player }, round: Round, radius: number, 
/**
 * Steps so far. Where nobody moves and nothing is awaited, none is made.
 */
now: number, };

/**
 * What players do.
 */
export type FloeIn = { "steer": { x: number, y: number, } } | "crash";

/**
 * What has happened, by the numbers of seats.
 */
export type FloeOut = { "fell": number } | { "won": number };

/**
 * What everybody sees.
 */
export type FloeView = { floe: Floe, debug: boolean, };

/**
 * What players do.
 */
export type FourIn = { "ready": boolean } | { "drop": number } | "give_up" | { "lock": boolean } | "crash";

/**
 * What everybody sees.
 */
export type FourView = { table: Table, host?: Person, locked: boolean, debug: boolean, };

/**
 * Enters a room.
 */
export type JoinRoom = { room: RoomId, };

/**
 * What a room says of itself in the list of rooms.
 */
export type Label = { title: string, playing: boolean, 
/**
 * Somebody may crash it, to see what happens.
 */
debug: boolean, };

/**
 * How somebody was gone.
 */
export type Leave = { reason: LeaveReason, 
/**
 * Milliseconds since 1970, rounded down.
 */
lastSeen: number | null, };

/**
 * Why somebody is no longer there.
 */
export type LeaveReason = "left" | "dropped" | "kicked" | "expired" | "server";

/**
 * Leaves a room.
 */
export type LeaveRoom = { room: RoomId, };

/**
 * The body of `POST /login`.
 */
export type Login = { name: string, };

/**
 * What somebody wants to be seen as, whatever they do.
 */
export type Manual = "dnd" | "invisible";

/**
 * Something that was said in a room.
 */
export type Message = { id: string, room: RoomId, from: Person, text: Text, 
/**
 * Milliseconds since 1970.
 */
at: number, };

/**
 * How a room is told of its members: each change, a digest of them, or numbers.
 */
export type Mode = "diff" | "digest" | "counts";

/**
 * How a game ended.
 */
export type Outcome = { "name": "four", winner: Side, cells: Array<Cell>, } | { "name": "gave_up", winner: Side, } | { "name": "drawn" };

/**
 * Types in a room, or no longer does.
 */
export type OwnTyping = { room: string | null, on: boolean, };

/**
 * Someone who gave a name.
 */
export type Person = { id: string, name: string, };

/**
 * How far the game is.
 */
export type Phase = { "name": "waiting" } | { "name": "playing", turn: Side, } | { "name": "over", outcome: Outcome, };

/**
 * Somebody who plays.
 */
export type Player = { person: Person, 
/**
 * Rounds won in this game.
 */
won: number, 
/**
 * Without a connection; the seat is kept for a while.
 */
away: boolean, 
/**
 * On the ice; without one, out of this round.
 */
disc?: Disc, };

/**
 * How many are there, in place of names.
 */
export type PresenceCounts = { room: string | null, mode: Mode, e: number, o: number, counts: Counts, };

/**
 * What has changed behind `from`.
 */
export type PresenceDiff = { room: string | null, mode: Mode, from: number, e: number, o: number, joins: Record<string, Shown>, updates: Record<string, Shown>, leaves: Record<string, Leave>, };

/**
 * Who the page is to the server.
 */
export type PresenceSelf = { id: string, manual: Manual | null, 
/**
 * Without input for so many milliseconds somebody is idle.
 */
idleAfter: number, 
/**
 * While keys are pressed, typing is said again after so many milliseconds.
 */
typingRefresh: number, };

/**
 * Everybody who is there.
 */
export type PresenceState = { 
/**
 * `null` is the namespace.
 */
room: string | null, mode: Mode, e: number, o: number, users: Record<string, Shown>, };

/**
 * Those who are watched: what has changed behind `from`, or all of them.
 */
export type PresenceWatched = { from?: number, e: number, o: number, users: Record<string, Watched>, };

/**
 * Why something was refused: in an acknowledgement, an answer of HTTP, or the event `error`.
 */
export type Problem = { 
/**
 * For programs.
 */
code: string, 
/**
 * For people.
 */
message: string, };

/**
 * The body of `POST /refresh`, and of `POST /logout`, after which it gives no other.
 */
export type Refresh = { refresh: string, };

/**
 * What a page says of its user: what it sees of them, and what they want (`auto` takes that back).
 */
export type Report = "online" | "idle" | "away" | "dnd" | "invisible" | "auto";

/**
 * Asks for the state if it is another than this one: of a room, or of those who are watched.
 */
export type Resync = { room?: string | null, watched?: boolean, e: number, o: number, };

/**
 * The name of a room.
 */
export type RoomId = string;

/**
 * How far the round is. Times are numbers of steps, see [`Floe::now`].
 */
export type Round = { "name": "waiting" } | { "name": "starting", until: number, } | { "name": "playing", since: number, } | { "name": "over", until: number, winner?: number, };

/**
 * A message as it was taken.
 */
export type Said = { id: string, 
/**
 * Milliseconds since 1970.
 */
at: number, };

/**
 * Says something in a room.
 */
export type Say = { room: RoomId, text: string, };

/**
 * A seat that is taken.
 */
export type Seat = { person: Person, ready: boolean, 
/**
 * Without a connection; the seat is kept for a while.
 */
away: boolean, };

/**
 * Somebody as others see them.
 */
export type Shown = { status: Status, data?: ShownAs, };

/**
 * What the lobby shows of somebody.
 */
export type ShownAs = { name: string, };

/**
 * One of the two sides, and the color of its discs.
 */
export type Side = "red" | "yellow";

/**
 * How somebody is shown; `offline` only to those who watch.
 */
export type Status = "online" | "idle" | "away" | "dnd" | "offline";

/**
 * A table with its game.
 */
export type Table = { red?: Seat, yellow?: Seat, board: Board, phase: Phase, 
/**
 * The column of the last disc.
 */
last?: number, 
/**
 * Who begins the next game: they take turns.
 */
first: Side, };

/**
 * Something said: neither empty nor endless.
 */
export type Text = string;

/**
 * Everybody else who types.
 */
export type TypingState = { room: string | null, 
/**
 * A few of them, and until when each does, by the server's clock.
 */
users: Record<string, number>, count: number, 
/**
 * Until when the last of them does.
 */
until: number, 
/**
 * The server's clock.
 */
at: number, };

/**
 * Somebody as those see them who watch.
 */
export type Watched = { status: Status, data?: ShownAs, 
/**
 * Milliseconds since 1970, rounded down, the more the longer ago.
 */
lastSeen?: number, };

/**
 * The answer to `POST /login` and to `POST /refresh`.
 */
export type Welcome = { 
/**
 * For CONNECT, as `auth: { token }`.
 */
token: string, 
/**
 * When the token ends, in seconds since 1970.
 */
exp: number, 
/**
 * For `POST /refresh`, which gives a new token.
 */
refresh: string, user: Person, };
