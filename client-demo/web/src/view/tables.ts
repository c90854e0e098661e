/** The list of tables, and the ways to one of them. */

import { isTable, type TableEntry } from "../contract";
import { element, part, setText, showList, type Row } from "../dom";
import type { Lobby } from "../lobby";
import { badge, markCurrent } from "./rooms";

/** A table in the list; without an entry it is one of ours that the server has not told of yet. */
interface Listed {
  readonly room: string;
  readonly entry: TableEntry | null;
}

/** `chosen` runs when a table was picked, so that a sheet can close. */
export function tablesView(root: HTMLElement, lobby: Lobby, chosen: () => void): () => void {
  const list = part(root, "table-list", HTMLElement);
  const none = part(root, "no-tables", HTMLElement);
  const starters = [
    starter(part(root, "find-table", HTMLButtonElement), () => lobby.play("table:find"), chosen),
    starter(part(root, "open-table", HTMLButtonElement), () => lobby.play("table:open"), chosen),
  ];
  const row = rowFor(lobby, chosen);
  return () => {
    const listed = tablesOf(lobby);
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

function tablesOf(lobby: Lobby): Listed[] {
  const entries = lobby.tables.entries.map((entry): Listed => ({ room: entry.room, entry }));
  const listed = new Set(entries.map(({ room }) => room));
  const own = [...lobby.rooms.keys()].filter((room) => isTable(room) && !listed.has(room));
  return [...entries, ...own.map((room): Listed => ({ room, entry: null }))];
}

function rowFor(lobby: Lobby, chosen: () => void): Row<Listed> {
  return {
    key: ({ room }) => room,
    make: ({ room }) => {
      const button = element(
        "button",
        { type: "button" },
        element(
          "span",
          { class: "room-name" },
          element("span", { class: "table-title" }),
          element("span", { class: "aside" }),
        ),
        element("span", { class: "badge", hidden: "" }),
      );
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

function detailOf(entry: TableEntry | null): string {
  if (entry === null) return "";
  const watching = entry.watching === 0 ? "" : ` · ${entry.watching} watching`;
  if (entry.playing) return `playing${watching}`;
  return `${entry.players.length} of 2 seated${watching}`;
}
