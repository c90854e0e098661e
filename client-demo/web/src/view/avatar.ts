/** A round sign for a person: initials on a colour that goes with the id. */

import type { Person, Status } from "../contract";
import { element } from "../dom";

/** The same with a mark for what the person does; `markStatus` sets it. */
export function avatarWithStatus(person: Person): HTMLElement {
  return element("span", { class: "presence" }, avatar(person), element("span", { class: "status-mark", "aria-hidden": "true" }));
}

export function markStatus(row: HTMLElement, status: Status | "invisible"): void {
  const mark = row.querySelector<HTMLElement>(".status-mark");
  if (mark !== null) mark.dataset["status"] = status;
}

export function avatar(person: Person): HTMLElement {
  const sign = element("span", { class: "avatar", "aria-hidden": "true" }, initials(person.name));
  sign.style.setProperty("--hue", String(hue(person.id)));
  return sign;
}

/** First letters of the first and the last word. */
function initials(name: string): string {
  const words = name.trim().split(/\s+/);
  const chosen = words.length > 1 ? [words[0], words.at(-1)] : words;
  return chosen.map((word) => [...(word ?? "")][0]?.toLocaleUpperCase() ?? "").join("");
}

/** Any spread will do, if it is the same in every browser. */
function hue(id: string): number {
  let sum = 0;
  for (const character of id) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 3600;
  return sum % 360;
}
