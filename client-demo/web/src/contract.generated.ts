// Written by `make types` from example-game/src/contract.rs. Changes here are lost.

/** The namespace that all of this is spoken in. */
export const NAMESPACE = "/lobby";

/** What a client asks. Every acknowledgement carries the answer or `{ error: Problem }`. */
export interface Requests {
  "room:join": { payload: JoinRoom; answer: Entered };
  "room:leave": { payload: LeaveRoom; answer: Done };
  "chat": { payload: Say; answer: Said };
  "typing": { payload: Type; answer: Done };
  "table:open": { payload: OpenTable; answer: Seated };
  "table:find": { payload: FindTable; answer: Seated };
  "table:act": { payload: Act; answer: Done };
  "echo": { payload: Echo; answer: Done };
}

/** What the server tells. */
export interface Events {
  "chat": Message;
  "member:joined": Joined;
  "member:left": Left;
  "typing": Typing;
  "tables": Tables;
  "table": TableState;
  "table:listed": TableEntry;
  "table:closed": TableClosed;
  "error": Problem;
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
 * How new the list of members is.
 */
rev: number, members: Array<Person>, 
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
 * Somebody came into a room.
 */
export type Joined = { room: RoomId, member: Person, rev: number, };

/**
 * Leaves a room.
 */
export type LeaveRoom = { room: RoomId, };

/**
 * Somebody is not in a room any more.
 */
export type Left = { room: RoomId, member: Person, 
/**
 * `left`, or Socket.IO's reason of the disconnect.
 */
reason: string, rev: number, };

/**
 * The body of `POST /login`.
 */
export type Login = { name: string, };

/**
 * Something that was said in a room.
 */
export type Message = { id: string, room: RoomId, from: Person, text: Text, 
/**
 * Milliseconds since 1970.
 */
at: number, };

/**
 * Opens a table and takes a seat at it.
 */
export type OpenTable = Record<symbol, never>;

/**
 * How a game ended.
 */
export type Outcome = { "name": "four", winner: Side, cells: Array<Cell>, } | { "name": "gave_up", winner: Side, } | { "name": "drawn" };

/**
 * Someone who gave a name.
 */
export type Person = { id: string, name: string, };

/**
 * How far the game is.
 */
export type Phase = { "name": "waiting" } | { "name": "playing", turn: Side, } | { "name": "over", outcome: Outcome, };

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
 * The body of `POST /refresh`.
 */
export type Refresh = { refresh: string, };

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
 * One of the two sides, and the color of its discs.
 */
export type Side = "red" | "yellow";

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
 * Is writing in a room; said again every three seconds while it is so.
 */
export type Type = { room: RoomId, };

/**
 * Somebody is writing in a room.
 */
export type Typing = { room: RoomId, member: Person, 
/**
 * For so many milliseconds, unless it is said again or the message comes.
 */
lease: number, };

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
