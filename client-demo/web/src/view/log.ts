/** What was said in the room in view. */

import type { Message } from "../contract";
import { element, part, setText, showList, type Row } from "../dom";
import type { Lobby } from "../lobby";
import { nameOf } from "../presence";
import type { Line, Pending, PendingState, Room } from "../room";
import { dateAndTime, sentence, timeOfDay, writers } from "../words";
import { avatar } from "./avatar";

type Entry = Line | ({ readonly kind: "pending" } & Pending);

/** Messages of one person within this time stand together under one name. */
const TOGETHER_MS = 5 * 60_000;

/** So near to its end, in CSS pixels, a log follows what is new. */
const FOLLOW_PX = 80;

/** `edit` takes a message that was not confirmed back to the composer. */
export function logView(root: HTMLElement, lobby: Lobby, edit: (room: Room, id: string) => void): () => void {
  const log = part(root, "log", HTMLElement);
  const empty = part(root, "empty", HTMLElement);
  const newer = part(root, "newer", HTMLElement);
  const typing = part(root, "typing", HTMLElement);
  const scroll = followEnd(log, newer);
  let shown: Room | null = null;

  return () => {
    const room = lobby.active;
    const changed = room !== shown;
    shown = room;
    // Another room's log is not news to be read out.
    log.setAttribute("aria-busy", String(changed));
    log.setAttribute("aria-label", room === null ? "Messages" : `Messages ${lobby.place(room.name)}`);
    const entries = room === null ? [] : entriesOf(room);
    const follow = changed || scroll.following();
    if (changed) log.replaceChildren();
    showList(log, entries, rowFor(lobby, room, entries, edit));
    scroll.settle(follow);
    log.setAttribute("aria-busy", "false");
    setText(empty, emptyText(lobby, room));
    empty.hidden = entries.length > 0;
    setText(typing, room === null ? "" : typingText(lobby, room));
  };
}

function typingText({ attendance }: Lobby, room: Room): string {
  const { ids, count } = attendance.typists(room.name);
  const crowd = attendance.crowd(room.name);
  const names = ids.map((id) => crowd?.users.get(id)).filter((shown) => shown !== undefined);
  return writers(names.map(nameOf), count);
}

function entriesOf(room: Room): Entry[] {
  return [...room.lines, ...room.pending.map((message): Entry => ({ kind: "pending", ...message }))];
}

function emptyText(lobby: Lobby, room: Room | null): string {
  if (room === null) return "You are in no room. Enter one by its name.";
  return room.inside
    ? `Nobody has said anything ${lobby.place(room.name)} yet.`
    : `Entering ${lobby.title(room.name)}…`;
}

function rowFor(
  lobby: Lobby,
  room: Room | null,
  entries: readonly Entry[],
  edit: (room: Room, id: string) => void,
): Row<Entry> {
  const me = lobby.welcome.user;
  return {
    key: (entry) => entry.id,
    make: (entry) => {
      if (entry.kind === "notice") return noticeRow(entry.text, entry.at);
      if (entry.kind === "message") return messageRow(entry, entry.from.id === me.id);
      return pendingRow(entry, avatar(me), me.name, () => room !== null && edit(room, entry.id));
    },
    update: (row, entry, index) => {
      row.classList.toggle("together", isTogether(entry, entries[index - 1], me.id));
      if (entry.kind === "pending") updatePending(row, entry.state);
    },
  };
}

function isTogether(entry: Entry, before: Entry | undefined, me: string): boolean {
  if (before === undefined || entry.kind === "notice" || before.kind === "notice") return false;
  if (authorOf(entry, me) !== authorOf(before, me)) return false;
  if (entry.kind === "pending" || before.kind === "pending") return true;
  return entry.at - before.at < TOGETHER_MS;
}

function authorOf(entry: Exclude<Entry, { kind: "notice" }>, me: string): string {
  return entry.kind === "message" ? entry.from.id : me;
}

function noticeRow(text: string, at: number): HTMLElement {
  return element("p", { class: "notice" }, `${text} `, time(at));
}

function messageRow(message: Message, own: boolean): HTMLElement {
  return element(
    "article",
    { class: own ? "message own" : "message" },
    avatar(message.from),
    element(
      "p",
      { class: "message-head" },
      element("span", { class: "author" }, message.from.name),
      own ? element("span", { class: "aside" }, "you") : null,
      time(message.at),
    ),
    element("p", { class: "message-text" }, message.text),
  );
}

function pendingRow(message: Pending, sign: HTMLElement, name: string, edit: () => void): HTMLElement {
  const again = element("button", { class: "quiet", type: "button" }, "Edit and send again");
  again.addEventListener("click", edit);
  return element(
    "article",
    { class: "message own pending" },
    sign,
    element(
      "p",
      { class: "message-head" },
      element("span", { class: "author" }, name),
      element("span", { class: "aside" }, "you"),
    ),
    element("p", { class: "message-text" }, message.text),
    element("p", { class: "message-state" }, element("span", {}), again),
  );
}

function updatePending(row: HTMLElement, state: PendingState): void {
  row.classList.toggle("failed", state.name === "refused" || state.name === "unsure");
  const words = row.querySelector(".message-state > span");
  if (words !== null) setText(words, pendingText(state));
  const again = row.querySelector("button");
  if (again !== null) again.hidden = state.name !== "refused" && state.name !== "unsure";
}

function pendingText(state: PendingState): string {
  switch (state.name) {
    case "waiting":
      return "Waits for the connection";
    case "sending":
      return "Sending…";
    case "unsure":
      return "Perhaps not sent: the connection went before the answer came.";
    case "refused":
      return `Not sent. ${sentence(state.problem.message)}`;
  }
}

function time(at: number): HTMLElement {
  return element("time", { datetime: new Date(at).toISOString(), title: dateAndTime(at) }, timeOfDay(at));
}

/** Keeps the end in view for who reads there, and offers the way to it for who does not. */
function followEnd(log: HTMLElement, newer: HTMLElement) {
  const atEnd = () => log.scrollHeight - log.scrollTop - log.clientHeight < FOLLOW_PX;
  const toEnd = () => {
    log.scrollTop = log.scrollHeight;
  };
  let following = true;
  newer.addEventListener("click", () => {
    toEnd();
    log.focus();
  });
  log.addEventListener("scroll", () => {
    following = atEnd();
    if (following) newer.hidden = true;
  });
  // A keyboard on a phone, a turned screen: the end stays where it was.
  new ResizeObserver(() => following && toEnd()).observe(log);
  return {
    /** Asked rather than measured: whatever was drawn before the log may have moved its end. */
    following: () => following,
    settle(follow: boolean): void {
      following = follow;
      if (follow) toEnd();
      newer.hidden = follow || atEnd();
    },
  };
}
