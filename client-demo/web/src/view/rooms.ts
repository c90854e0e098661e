/** The list of rooms to talk in, and the form that enters another one. */

import { element, part, setText, showList, type Row } from "../dom";
import { gameIn } from "../games";
import type { Lobby } from "../lobby";
import type { Room } from "../room";

/** `chosen` runs when a room was picked or entered, so that a sheet can close. */
export function roomsView(root: HTMLElement, lobby: Lobby, chosen: () => void): () => void {
  const list = part(root, "room-list", HTMLElement);
  const elsewhere = part(root, "elsewhere", HTMLElement);
  joinForm(root, lobby, chosen);

  const row: Row<Room> = {
    key: (room) => room.name,
    make: (room) => {
      const button = element(
        "button",
        { type: "button" },
        element("span", { class: "room-name" }, room.name),
        element("span", { class: "badge", hidden: "" }),
      );
      button.addEventListener("click", () => {
        lobby.show(room);
        chosen();
      });
      return element("li", {}, button);
    },
    update: (item, room) => mark(item, room, room === lobby.active),
  };
  return () => {
    const rooms = [...lobby.rooms.values()].filter(({ name }) => gameIn(name) === null);
    showList(list, rooms, row);
    badge(elsewhere, unreadElsewhere(lobby));
  };
}

function unreadElsewhere(lobby: Lobby): number {
  let sum = 0;
  for (const room of lobby.rooms.values()) {
    if (room !== lobby.active) sum += room.unread;
  }
  return sum;
}

function mark(item: HTMLElement, room: Room, active: boolean): void {
  const button = item.querySelector("button");
  const count = item.querySelector<HTMLElement>(".badge");
  if (button === null || count === null) return;
  markCurrent(button, active);
  badge(count, room.unread);
}

export function markCurrent(button: HTMLElement, current: boolean): void {
  if (current) button.setAttribute("aria-current", "true");
  else button.removeAttribute("aria-current");
}

/** A number to see; whoever hears it is told of what. */
export function badge(target: HTMLElement, count: number): void {
  target.hidden = count === 0;
  if (target.dataset["count"] === String(count)) return;
  target.dataset["count"] = String(count);
  const shown = count > 99 ? "99+" : String(count);
  target.replaceChildren(...(count === 0 ? [] : [shown, element("span", { class: "unseen" }, " unread")]));
}

function joinForm(root: HTMLElement, lobby: Lobby, chosen: () => void): void {
  const input = part(root, "room-name", HTMLInputElement);
  const problem = part(root, "room-problem", HTMLElement);
  const complain = (sentence: string | null) => {
    setText(problem, sentence ?? "");
    if (sentence === null) input.removeAttribute("aria-invalid");
    else input.setAttribute("aria-invalid", "true");
  };
  input.addEventListener("input", () => complain(null));
  part(root, "join-form", HTMLFormElement).addEventListener("submit", async (event) => {
    event.preventDefault();
    const sentence = await lobby.enter(input.value.trim().toLowerCase());
    complain(sentence);
    if (sentence !== null) return input.focus();
    input.value = "";
    chosen();
  });
}
