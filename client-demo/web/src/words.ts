/** Sentences for the codes and reasons that the server sends. */

import type { Person } from "./contract";

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
export function departure(reason: string): string {
  switch (reason) {
    case "ping timeout":
    case "transport error":
      return "lost the connection";
    case "transport close":
      return "went away";
    case "client namespace disconnect":
      return "signed out";
    case "server namespace disconnect":
      return "was sent away";
    default:
      return "left the room";
  }
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

/** Who is writing. */
export function writers(people: readonly Person[]): string {
  const [first, second] = people;
  if (first === undefined) return "";
  if (second === undefined) return `${first.name} is writing…`;
  if (people.length === 2) return `${first.name} and ${second.name} are writing…`;
  return `${people.length} people are writing…`;
}

export const NO_ANSWER = "The server did not answer. Please try again.";

export const ROOM_NAME_RULE = "A room’s name has 1 to 32 of a–z, 0–9 and the hyphen.";

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const calendar = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });

export function timeOfDay(at: number): string {
  return clock.format(at);
}

export function dateAndTime(at: number): string {
  return calendar.format(at);
}
