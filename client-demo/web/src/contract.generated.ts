// Written by `make types` from example-game/src/contract.rs. Changes here are lost.

/** The namespace that all of this is spoken in. */
export const NAMESPACE = "/lobby";

/** What a client asks. Every acknowledgement carries the answer or `{ error: Problem }`. */
export interface Requests {
  "room:join": { payload: JoinRoom; answer: Entered };
  "room:leave": { payload: LeaveRoom; answer: Done };
  "chat": { payload: Say; answer: Said };
  "table:open": { payload: OpenTable; answer: Seated };
  "table:find": { payload: FindTable; answer: Seated };
  "table:act": { payload: Act; answer: Done };
  "echo": { payload: Echo; answer: Done };
}

/** What the server tells. */
export interface Events {
  "chat": Message;
  "tables": Tables;
  "table": TableState;
  "table:listed": TableEntry;
  "table:closed": TableClosed;
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
 * Does something at a table.
 */
export type Act = { room: RoomId, action: Action, };

/**
 * What somebody at the table does.
 */
export type Action = { "do": "sit", side: Side, } | { "do": "stand" } | { "do": "ready", ready: boolean, } | { "do": "drop", column: number, };

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
history: Array<Message>, 
/**
 * The table in this room, if there is one.
 */
table: TableState | null, };

/**
 * Takes a seat where somebody waits for another player, or else opens a table.
 */
export type FindTable = Record<symbol, never>;

/**
 * Enters a room.
 */
export type JoinRoom = { room: RoomId, };

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
 * Opens a table and takes a seat at it.
 */
export type OpenTable = Record<symbol, never>;

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
 * The room of the table where the seat is. Its page enters that room.
 */
export type Seated = { room: RoomId, };

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
export type Table = { title: string, red: Seat | null, yellow: Seat | null, 
/**
 * Who is here without a seat.
 */
watching: Array<Person>, board: Board, phase: Phase, 
/**
 * The column of the last disc.
 */
last: number | null, 
/**
 * Who begins the next game: they take turns.
 */
first: Side, };

/**
 * A table that is gone.
 */
export type TableClosed = { room: RoomId, rev: number, };

/**
 * A table in the list of all tables.
 */
export type TableEntry = { room: RoomId, rev: number, title: string, players: Array<Person>, watching: number, playing: boolean, };

/**
 * A table as it is now.
 */
export type TableState = { room: RoomId, rev: number, table: Table, };

/**
 * All tables, for who has just connected.
 */
export type Tables = { tables: Array<TableEntry>, };

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
