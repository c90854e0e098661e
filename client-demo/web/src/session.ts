/**
 * Who this tab is, and which rooms it is in.
 *
 * Kept in the tab's own storage: a reload comes back, a new tab is another
 * person, and a tab that was opened out of this one is the same. Storage that is
 * missing, full or spoilt costs that comfort and nothing else.
 */

import { FIRST_ROOM, NAME_LIMIT, ROOM_NAME, type Person, type Problem, type Welcome } from "./contract";
import { sentence } from "./words";

const WHO = "greenroom.session";
const WHERE = "greenroom.rooms";

/** The rooms of this tab and the one in view. */
export interface Places {
  readonly rooms: readonly string[];
  readonly active: string | null;
}

export type Login = { readonly welcome: Welcome } | { readonly problem: string };

/** Asks the server for a token. Never throws: what went wrong is a sentence. */
export async function logIn(name: string): Promise<Login> {
  const wrong = nameProblem(name);
  if (wrong !== null) return { problem: wrong };
  try {
    return await readLogin(await post("/login", { name: name.trim() }));
  } catch {
    return { problem: "The server cannot be reached. Please try again in a moment." };
  }
}

/** What became of the question for another token. */
export type Renewal = Welcome | "refused" | "unreachable";

/** Asks for another token. Never throws. */
export async function renew(refresh: string): Promise<Renewal> {
  try {
    const response = await post("/refresh", { refresh });
    const body: unknown = await response.json();
    if (response.ok && isWelcome(body)) return body;
    return response.status === 401 || response.status === 400 ? "refused" : "unreachable";
  } catch {
    return "unreachable";
  }
}

/** Has the server give no more tokens to this visit, also if the page goes at once. Never throws. */
export function giveBack(refresh: string): void {
  post("/logout", { refresh }, { keepalive: true }).catch(() => {
    // The server is not there: the token ends by itself.
  });
}

/** Keeps another token in the place of the one before. */
export function keep(welcome: Welcome): void {
  write(WHO, welcome);
}

export function remember(welcome: Welcome): void {
  keep(welcome);
  rememberPlaces({ rooms: [FIRST_ROOM], active: FIRST_ROOM });
}

export function recall(): Welcome | null {
  const stored = read(WHO);
  return isWelcome(stored) ? stored : null;
}

export function rememberPlaces(places: Places): void {
  write(WHERE, places);
}

export function recallPlaces(): Places {
  const stored = read(WHERE);
  if (!isRecord(stored) || !Array.isArray(stored["rooms"])) {
    return { rooms: [FIRST_ROOM], active: FIRST_ROOM };
  }
  const rooms = stored["rooms"].filter((room): room is string => typeof room === "string" && ROOM_NAME.test(room));
  const active = rooms.find((room) => room === stored["active"]) ?? rooms[0] ?? null;
  return { rooms, active };
}

/** Forgets the token and the rooms. */
export function forget(): void {
  try {
    sessionStorage.removeItem(WHO);
    sessionStorage.removeItem(WHERE);
  } catch {
    // No storage, nothing to forget.
  }
}

function nameProblem(name: string): string | null {
  const length = [...name.trim()].length;
  if (length === 0) return "Please give a name.";
  if (length > NAME_LIMIT) return `That is ${length} characters; the limit is ${NAME_LIMIT}.`;
  return null;
}

function post(path: string, body: object, options: RequestInit = {}): Promise<Response> {
  const headers = { "content-type": "application/json" };
  return fetch(path, { method: "POST", headers, body: JSON.stringify(body), ...options });
}

async function readLogin(response: Response): Promise<Login> {
  const body: unknown = await response.json().catch(() => null);
  if (response.ok && isWelcome(body)) return { welcome: body };
  if (isRecord(body) && isProblem(body["error"])) return { problem: sentence(body["error"].message) };
  return { problem: `The server answered with ${response.status}. Please try again.` };
}

function isWelcome(value: unknown): value is Welcome {
  if (!isRecord(value) || typeof value["exp"] !== "number" || !isPerson(value["user"])) return false;
  return typeof value["token"] === "string" && typeof value["refresh"] === "string";
}

function isPerson(value: unknown): value is Person {
  return isRecord(value) && typeof value["id"] === "string" && typeof value["name"] === "string";
}

function isProblem(value: unknown): value is Problem {
  return isRecord(value) && typeof value["message"] === "string";
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function read(key: string): unknown {
  try {
    return JSON.parse(sessionStorage.getItem(key) ?? "null");
  } catch {
    return null;
  }
}

function write(key: string, value: unknown): void {
  try {
    sessionStorage.setItem(key, JSON.stringify(value));
  } catch {
    // Without storage the page works until it is reloaded.
  }
}
