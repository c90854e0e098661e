/** The lists of games, and the ways to one of them. */

import type { RoomInfo } from "../contract";
import { element, part, setText, showList, type Row } from "../dom";
import type { Kind } from "../game-link";
import { talkOf } from "../games";
import type { Lobby } from "../lobby";
import { badge, markCurrent } from "./rooms";

/** A game in the list; without an entry it is one of ours that the list has not told of yet. */
interface Listed {
  readonly room: string;
  readonly entry: RoomInfo | null;
}

/** `chosen` runs when a game was picked, so that a sheet can close. */
export function gamesView(root: HTMLElement, lobby: Lobby, chosen: () => void): () => void {
  const views = [listView(root, lobby, "four", chosen), listView(root, lobby, "floe", chosen)];
  return () => {
    for (const view of views) view();
  };
}

function listView(root: HTMLElement, lobby: Lobby, kind: Kind, chosen: () => void): () => void {
  const list = part(root, `${kind}-list`, HTMLElement);
  const none = part(root, `no-${kind}`, HTMLElement);
  const starters = [
    starter(part(root, `find-${kind}`, HTMLButtonElement), () => lobby.play(kind, false), chosen),
    starter(part(root, `open-${kind}`, HTMLButtonElement), () => lobby.play(kind, true), chosen),
  ];
  const row = rowFor(lobby, chosen);
  return () => {
    const listed = listedOf(lobby, kind);
    showList(list, listed, row);
    none.hidden = listed.length > 0;
    for (const show of starters) show(lobby.link.state === "connected");
  };
}

/** A button that takes one press at a time, and none without a connection. */
function starter(button: HTMLButtonElement, start: () => Promise<void>, chosen: () => void): (on: boolean) => void {
  let busy = false;
  button.addEventListener("click", async () => {
    if (busy || button.getAttribute("aria-disabled") === "true") return;
    busy = true;
    await start();
    busy = false;
    chosen();
  });
  return (on) => button.setAttribute("aria-disabled", String(!on));
}

function listedOf(lobby: Lobby, kind: Kind): Listed[] {
  const entries = lobby.games.lists[kind].entries.map((entry): Listed => ({ room: talkOf(kind, entry.id), entry }));
  const listed = new Set(entries.map(({ room }) => room));
  const own = [...lobby.games.all].filter(([room, game]) => game.kind === kind && !listed.has(room));
  return [...entries, ...own.map(([room]): Listed => ({ room, entry: null }))];
}

function rowFor(lobby: Lobby, chosen: () => void): Row<Listed> {
  return {
    key: ({ room }) => room,
    make: ({ room }) => {
      const title = element("span", { class: "table-title" });
      const name = element("span", { class: "room-name" }, title, element("span", { class: "aside" }));
      const button = element("button", { type: "button" }, name, element("span", { class: "badge", hidden: "" }));
      button.addEventListener("click", async () => {
        const problem = await lobby.enter(room);
        if (problem === null) chosen();
      });
      return element("li", {}, button);
    },
    update: (item, { room, entry }) => {
      const button = item.querySelector("button");
      const [title, detail] = item.querySelectorAll(".room-name > span");
      const count = item.querySelector<HTMLElement>(".badge");
      if (button === null || title === undefined || detail === undefined || count === null) return;
      setText(title, lobby.title(room));
      setText(detail, detailOf(entry));
      markCurrent(button, lobby.active?.name === room);
      badge(count, lobby.rooms.get(room)?.unread ?? 0);
    },
  };
}

function detailOf(entry: RoomInfo | null): string {
  if (entry === null) return "";
  const who = entry.label.playing ? "playing" : `${entry.players} of ${entry.max_players} seated`;
  return [who, entry.spectators === 0 ? "" : `${entry.spectators} watching`, entry.locked ? "closed" : ""]
    .filter((some) => some !== "")
    .join(" · ");
}
