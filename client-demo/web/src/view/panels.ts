/**
 * On a narrow screen, rooms and people are sheets over the talk.
 *
 * On a wide one they always stand beside it and nothing here has an effect.
 */

import { part } from "../dom";

/** As in lobby.css. */
const NARROW = "(max-width: 760px)";

/** Puts the buttons to work; the result closes whatever sheet is open. */
export function panelsView(root: HTMLElement): () => void {
  const rooms = sheet(root, "rooms");
  const people = sheet(root, "people");
  const close = () => {
    rooms.close();
    people.close();
  };
  part(root, "backdrop", HTMLElement).addEventListener("click", close);
  root.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
  });
  const narrow = matchMedia(NARROW);
  narrow.addEventListener("change", close);
  return close;
}

function sheet(root: HTMLElement, name: string) {
  const panel = part(root, `${name}-panel`, HTMLElement);
  const opener = part(root, `open-${name}`, HTMLElement);
  const behind = ["bar", "talk"].map((other) => part(root, other, HTMLElement));
  const backdrop = part(root, "backdrop", HTMLElement);
  const set = (open: boolean) => {
    panel.classList.toggle("open", open);
    opener.setAttribute("aria-expanded", String(open));
    backdrop.hidden = !open;
    for (const other of behind) other.inert = open;
  };
  const close = () => {
    if (!panel.classList.contains("open")) return;
    set(false);
    opener.focus();
  };
  opener.addEventListener("click", () => {
    set(true);
    panel.focus();
  });
  part(root, `close-${name}`, HTMLElement).addEventListener("click", close);
  return { close };
}
