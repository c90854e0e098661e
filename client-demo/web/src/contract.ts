/** What page and server say to each other. The types themselves are written from the server's. */

import type { Events, Label, PresenceEvents, PresenceReports, Problem, Requests } from "./contract.generated";

export { NAMESPACE } from "./contract.generated";
export type {
  Cell,
  Counts,
  Disc,
  Entered,
  Floe,
  FloeIn,
  FloeView,
  FourIn,
  FourView,
  Label,
  LeaveReason,
  Message,
  Mode,
  Person,
  Player,
  PresenceCounts,
  PresenceDiff,
  PresenceSelf,
  PresenceState,
  PresenceWatched,
  Problem,
  Report,
  Requests,
  Seat,
  Shown,
  Side,
  Status,
  Table,
  TypingState,
  Watched,
  Welcome,
} from "./contract.generated";

/** Every ack carries either what was asked for or the reason why not. */
export type Answer<T> = T | { readonly error: Problem };

type Ack<T> = (answer: Answer<T>) => void;

/** A room in a list. */
export interface RoomInfo {
  readonly id: string;
  readonly label: Label;
  readonly players: number;
  readonly max_players: number;
  readonly spectators: number;
  readonly locked: boolean;
  /** Milliseconds since 1970. */
  readonly created: number;
}

/** What has changed in a list of rooms. */
export interface RoomDelta {
  readonly type: string;
  readonly set: readonly RoomInfo[];
  readonly gone: readonly string[];
  /** This is the whole list. */
  readonly full?: boolean;
}

/** Of Greenroom itself: what a lobby is asked about custom rooms. `type` is the path of a type of rooms. */
interface RoomRequests {
  "room:watch": { payload: { type: string }; answer: { rooms: RoomInfo[] } };
  "room:create": { payload: { type: string; debug: boolean }; answer: { id: string } };
  "room:find": { payload: { type: string; debug: boolean; or_create: boolean }; answer: { id: string } };
}

/** All that can be asked. */
export type Questions = Requests & RoomRequests;

export type ToServer = {
  [E in keyof Questions]: (payload: Questions[E]["payload"], ack: Ack<Questions[E]["answer"]>) => void;
} & {
  [E in keyof PresenceReports]: (payload: PresenceReports[E]) => void;
} & {
  /** Of Greenroom itself: another token for this connection. */
  "auth:refresh": (token: string, ack: Ack<{ exp: number }>) => void;
};

export type FromServer = {
  [E in keyof Events]: (payload: Events[E]) => void;
} & {
  [E in keyof PresenceEvents]: (payload: PresenceEvents[E]) => void;
} & {
  /** Of Greenroom itself: the token ends in so many seconds. */
  "auth:expiring": (seconds: number) => void;
  "room:delta": (delta: RoomDelta) => void;
};

/** The room that everybody enters first. */
export const FIRST_ROOM = "lounge";

export const NAME_LIMIT = 24;

export const ROOM_NAME = /^[a-z0-9-]{1,32}$/;

export function isRefused<T extends object>(answer: Answer<T>): answer is { readonly error: Problem } {
  return "error" in answer;
}
