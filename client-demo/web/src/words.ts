/** Sentences for the codes and reasons that the server sends. */

import type { LeaveReason, Status } from "./contract";

/** Why the lobby sent somebody back to the door. */
export function refusalSentence(code: string): string {
  switch (code) {
    case "token_expired":
      return "You were away for a while, so your place has lapsed. Come in again.";
    case "token_invalid":
      return "The lobby does not know you any more, perhaps because it was set up anew. Come in again.";
    case "token_revoked":
      return "You were signed out. Come in again.";
    case "token_missing":
      return "The lobby needs your name first.";
    default:
      return "The lobby did not let you in. Please try again.";
  }
}

/** How somebody left, after their name. */
export function departure(reason: LeaveReason): string {
  switch (reason) {
    case "left":
      return "left";
    case "dropped":
    case "server":
      return "went away";
    case "expired":
      return "lost the connection";
    case "kicked":
      return "was sent away";
  }
}

/** What somebody is seen as. */
export function statusName(status: Status | "invisible"): string {
  return status === "dnd" ? "do not disturb" : status;
}

const HOUR_MS = 60 * 60_000;

/** When somebody was seen last, as coarsely as the server tells it. */
export function lastSeen(at: number, now: number): string {
  const ago = now - at;
  if (ago < HOUR_MS) return `last seen ${timeOfDay(at)}`;
  if (ago < 24 * HOUR_MS) return `last seen about ${timeOfDay(at)}`;
  return `last seen ${day.format(at)}`;
}

/** The name of a transport as people know it. */
export function transportName(transport: string): string {
  return transport === "websocket" ? "WebSocket" : transport === "polling" ? "long polling" : transport;
}

/** A message of the server, which may come in lower case and without a full stop, as a sentence. */
export function sentence(message: string): string {
  const text = message.trim();
  const capital = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(capital) ? capital : `${capital}.`;
}

/** Who is writing: a few names, and how many there are with the others. */
export function writers(names: readonly string[], count: number): string {
  const others = count - names.length;
  if (count === 0) return "";
  if (names.length === 0) return count === 1 ? "Somebody is writing…" : `${count} people are writing…`;
  const all = others > 0 ? [...names, `${others} more`] : [...names];
  const last = all.pop() ?? "";
  return `${all.length === 0 ? last : `${all.join(", ")} and ${last}`} ${count === 1 ? "is" : "are"} writing…`;
}

export const NO_ANSWER = "The server did not answer. Please try again.";

export const ROOM_NAME_RULE = "A room’s name has 1 to 32 of a–z, 0–9 and the hyphen.";

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "long" });
const calendar = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });

export function timeOfDay(at: number): string {
  return clock.format(at);
}

export function dateAndTime(at: number): string {
  return calendar.format(at);
}
