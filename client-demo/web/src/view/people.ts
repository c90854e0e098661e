/** Who is in the room in view, and who just left it. */

import type { Person } from "../contract";
import { element, part, setText, showList, type Row } from "../dom";
import type { Lobby } from "../lobby";
import type { Departure } from "../room";
import { dateAndTime, timeOfDay } from "../words";
import { avatar } from "./avatar";

export function peopleView(root: HTMLElement, lobby: Lobby): () => void {
  const here = part(root, "here", HTMLElement);
  const title = part(root, "here-title", HTMLElement);
  const opener = part(root, "open-people", HTMLElement);
  const gone = part(root, "gone", HTMLElement);
  const goneBlock = part(root, "gone-block", HTMLElement);
  const me = lobby.welcome.user;

  return () => {
    const members = [...(lobby.active?.members.values() ?? [])].sort((a, b) => byName(me, a, b));
    const departures = lobby.active?.departures ?? [];
    setText(title, members.length === 0 ? "Here" : `Here · ${members.length}`);
    setText(opener, `People ${members.length}`);
    showList(here, members, memberRow(me));
    goneBlock.hidden = departures.length === 0;
    showList(gone, departures, departureRow);
  };
}

/** Oneself first, then by name. */
function byName(me: Person, a: Person, b: Person): number {
  if (a.id === me.id) return -1;
  if (b.id === me.id) return 1;
  return a.name.localeCompare(b.name) || a.id.localeCompare(b.id);
}

function memberRow(me: Person): Row<Person> {
  return {
    key: (person) => `${person.id} ${person.name}`,
    make: (person) =>
      element(
        "li",
        {},
        avatar(person),
        element("span", { class: "person-name" }, person.name),
        person.id === me.id ? element("span", { class: "aside" }, "you") : null,
      ),
  };
}

const departureRow: Row<Departure> = {
  key: ({ person, at }) => `${person.id} ${at}`,
  make: ({ person, how, at }) =>
    element(
      "li",
      {},
      avatar(person),
      element(
        "span",
        { class: "person-name" },
        person.name,
        element(
          "span",
          { class: "aside" },
          `${how}, `,
          element("time", { datetime: new Date(at).toISOString(), title: dateAndTime(at) }, timeOfDay(at)),
        ),
      ),
    ),
};
