/** Who is in the room in view and what they do, and who is not there any more. */

import type { Attendance } from "../attendance";
import type { Person, Status } from "../contract";
import { element, part, setText, showList, type Row } from "../dom";
import type { Lobby } from "../lobby";
import { nameOf } from "../presence";
import type { Room } from "../room";
import { dateAndTime, lastSeen, statusName } from "../words";
import { avatarWithStatus, markStatus } from "./avatar";

/** Somebody in the list: with what is said below the name. */
interface Listed {
  readonly person: Person;
  readonly status: Status | "invisible";
  readonly words: string;
  readonly title: string;
}

/** Of those who are not here, as many are shown as were the last to be. */
const ABSENT_SHOWN = 6;

export function peopleView(root: HTMLElement, lobby: Lobby): () => void {
  const here = part(root, "here", HTMLElement);
  const title = part(root, "here-title", HTMLElement);
  const opener = part(root, "open-people", HTMLElement);
  const crowded = part(root, "crowded", HTMLElement);
  const gone = part(root, "gone", HTMLElement);
  const goneBlock = part(root, "gone-block", HTMLElement);
  const { attendance } = lobby;
  const showWish = wishView(root, attendance);

  return () => {
    const room = lobby.active;
    const people = room === null ? [] : hereIn(lobby, room);
    const counts = room === null ? null : (attendance.crowd(room.name)?.counts ?? null);
    const total = counts === null ? people.length : Math.max(counts.total, people.length);
    setText(title, total === 0 ? "Here" : `Here · ${total}`);
    setText(opener, `People ${total}`);
    showList(here, people, row);
    crowded.hidden = counts === null;
    setText(crowded, counts === null ? "" : `${counts.online + counts.dnd} online, ${counts.idle + counts.away} away`);
    const absent = room === null ? [] : absentFrom(lobby, room);
    attendance.look(absent.map(({ id }) => id));
    goneBlock.hidden = absent.length === 0;
    showList(gone, absent.map((one) => absentRow(attendance, one)), row);
    showWish();
  };
}

/** How one wants to be seen. */
function wishView(root: HTMLElement, attendance: Attendance): () => void {
  const wish = part(root, "wish", HTMLSelectElement);
  wish.addEventListener("change", () => {
    const { value } = wish;
    if (value === "auto" || value === "dnd" || value === "invisible") attendance.choose(value);
  });
  return () => {
    wish.disabled = attendance.self === null;
    const value = attendance.self?.manual ?? "auto";
    if (wish.value !== value && document.activeElement !== wish) wish.value = value;
  };
}

/** Oneself first, then by name. Oneself is always there, whatever others see. */
function hereIn({ attendance, welcome: { user: me } }: Lobby, { name, inside }: Room): Listed[] {
  const users = [...(attendance.crowd(name)?.users ?? [])].filter(([id]) => id !== me.id);
  const others = users.map(([id, shown]) => {
    const words = shown.status === "online" ? "" : statusName(shown.status);
    return { person: { id, name: nameOf(shown) }, status: shown.status, words, title: "" };
  });
  others.sort((a, b) => a.person.name.localeCompare(b.person.name) || a.person.id.localeCompare(b.person.id));
  if (!inside && users.length === 0) return others;
  const status = attendance.self?.manual ?? attendance.crowd(name)?.users.get(me.id)?.status ?? "online";
  const words = status === "online" ? "you" : `you · ${statusName(status)}`;
  return [{ person: me, status, words, title: "" }, ...others];
}

/** Those who went, and those who said something here before we came. */
function absentFrom({ attendance, welcome: { user: me } }: Lobby, room: Room): (Person & { seen: number | null })[] {
  const crowd = attendance.crowd(room.name);
  if (crowd?.place == null || crowd.counts !== null) return [];
  const went = [...crowd.absent].map(([id, { name, lastSeen: seen }]) => ({ id, name, seen }));
  const spoke = room.lines.flatMap((line) => (line.kind === "message" ? [{ ...line.from, seen: null }] : [])).reverse();
  const absent = new Map<string, Person & { seen: number | null }>();
  for (const one of [...went, ...spoke]) {
    if (one.id !== me.id && !crowd.users.has(one.id) && !absent.has(one.id)) absent.set(one.id, one);
  }
  return [...absent.values()].slice(0, ABSENT_SHOWN);
}

function absentRow({ watch }: Attendance, { id, name, seen }: Person & { seen: number | null }): Listed {
  const watched = watch.users.get(id);
  const person = { id, name };
  if (watched !== undefined && watched.status !== "offline") {
    return { person, status: watched.status, words: "in another room", title: "" };
  }
  const at = watched?.lastSeen ?? seen;
  const words = at === null ? "" : lastSeen(at, Date.now());
  return { person, status: "offline", words, title: at === null ? "" : dateAndTime(at) };
}

const row: Row<Listed> = {
  key: ({ person }) => `${person.id} ${person.name}`,
  make: ({ person }) =>
    element(
      "li",
      {},
      avatarWithStatus(person),
      element("span", { class: "person-name" }, person.name, element("span", { class: "aside" })),
    ),
  update: (item, { status, words, title }) => {
    markStatus(item, status);
    item.dataset["status"] = status;
    const aside = item.querySelector<HTMLElement>(".aside");
    if (aside === null) return;
    setText(aside, words);
    if (title === "") aside.removeAttribute("title");
    else aside.title = title;
  },
};
