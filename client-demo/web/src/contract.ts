/** What page and server say to each other, as they say it. */

export interface Person {
  readonly id: string;
  readonly name: string;
}

export interface Message {
  readonly id: string;
  readonly room: string;
  readonly from: Person;
  readonly text: string;
  /** Milliseconds since 1970, by the server's clock. */
  readonly at: number;
}

export interface Problem {
  readonly code: string;
  readonly message: string;
}

export interface RoomView {
  readonly room: string;
  readonly members: readonly Person[];
  /** Oldest first. */
  readonly history: readonly Message[];
}

/** Every ack carries either what was asked for or the reason why not. */
export type Answer<T> = T | { readonly error: Problem };

type Ack<T> = (answer: Answer<T>) => void;

export interface ToServer {
  "room:join": (asked: { room: string }, ack: Ack<RoomView>) => void;
  "room:leave": (asked: { room: string }, ack: Ack<object>) => void;
  chat: (message: { room: string; text: string }, ack: Ack<{ id: string; at: number }>) => void;
}

export interface FromServer {
  chat: (message: Message) => void;
  "member:joined": (event: { room: string; member: Person }) => void;
  "member:left": (event: { room: string; member: Person; reason: string }) => void;
  error: (problem: Problem) => void;
}

/** The answer to `POST /login`. */
export interface Welcome {
  readonly token: string;
  readonly user: Person;
}

/** The namespace that all of this is spoken in. */
export const NAMESPACE = "/lobby";

/** The room that everybody enters first. */
export const FIRST_ROOM = "lounge";

export const NAME_LIMIT = 24;

export const ROOM_NAME = /^[a-z0-9-]{1,32}$/;

export function isRefused<T extends object>(answer: Answer<T>): answer is { readonly error: Problem } {
  return "error" in answer;
}
