/** What page and server say to each other. The types themselves are written from the server's. */

import type { Events, PresenceEvents, PresenceReports, Problem, Requests } from "./contract.generated";

export { NAMESPACE } from "./contract.generated";
export type {
  Action,
  Cell,
  Counts,
  Entered,
  LeaveReason,
  Message,
  Mode,
  Person,
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
  TableClosed,
  TableEntry,
  TableState,
  TypingState,
  Watched,
  Welcome,
} from "./contract.generated";

/** Every ack carries either what was asked for or the reason why not. */
export type Answer<T> = T | { readonly error: Problem };

type Ack<T> = (answer: Answer<T>) => void;

export type ToServer = {
  [E in keyof Requests]: (payload: Requests[E]["payload"], ack: Ack<Requests[E]["answer"]>) => void;
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
};

/** The room that everybody enters first. */
export const FIRST_ROOM = "lounge";

export const NAME_LIMIT = 24;

export const ROOM_NAME = /^[a-z0-9-]{1,32}$/;

/** Whether there is a table in the room of this name. */
export function isTable(room: string): boolean {
  return room.startsWith("table-");
}

export function isRefused<T extends object>(answer: Answer<T>): answer is { readonly error: Problem } {
  return "error" in answer;
}
