import { describe, expect, test } from "vitest";

import type { PresenceDiff, PresenceState, Shown } from "../src/contract";
import { Crowd, Watch } from "../src/presence";
import { OwnTyping, OthersTyping } from "../src/typing";

const shown = (name: string, status: Shown["status"] = "online"): Shown => ({ status, data: { name } });

function state(o: number, ...names: string[]): PresenceState {
  return { room: "lounge", mode: "diff", e: 7, o, users: Object.fromEntries(names.map((name) => [name, shown(name)])) };
}

function diff(from: number, changes: Partial<PresenceDiff> = {}): PresenceDiff {
  return { room: "lounge", mode: "diff", from, e: 7, o: from + 1, joins: {}, updates: {}, leaves: {}, ...changes };
}

/** Ann and Bob are there. */
function crowd(): Crowd {
  const crowd = new Crowd();
  crowd.state(state(4, "ann", "bob"));
  return crowd;
}

describe("who is in a room", () => {
  test("a diff is applied once, in its place, and tells who came and went", () => {
    const here = crowd();
    const change = diff(4, { joins: { cy: shown("cy") }, leaves: { bob: { reason: "left", lastSeen: 60_000 } } });
    expect(here.diff(change)).toEqual([
      { what: "came", id: "cy", name: "cy" },
      { what: "went", id: "bob", name: "bob", reason: "left" },
    ]);
    expect([...here.users.keys()]).toEqual(["ann", "cy"]);
    expect(here.absent.get("bob")).toEqual({ name: "bob", lastSeen: 60_000 });
    expect(here.diff(change)).toBe("old");
  });

  test("a gap changes nothing and is told", () => {
    const here = crowd();
    expect(here.diff(diff(5, { leaves: { ann: { reason: "left", lastSeen: null } } }))).toBe("gap");
    expect(here.diff({ ...diff(4), e: 8 })).toBe("gap");
    expect(new Crowd().diff(diff(4))).toBe("gap");
    expect(here.users.size).toBe(2);
  });

  test("what is older than what is known is nothing", () => {
    const here = crowd();
    expect(here.state(state(3))).toBe("old");
    expect(here.state({ ...state(9), e: 6 })).toBe("old");
    expect(here.diff({ ...diff(9), e: 6 })).toBe("old");
    expect(here.users.size).toBe(2);
  });

  test("after a lost connection the state says who is gone, and who came is no news", () => {
    const here = crowd();
    here.lost();
    const news = here.state({ ...state(0, "ann", "cy"), e: 1 });
    expect(news).toEqual([{ what: "went", id: "bob", name: "bob", reason: null }]);
    expect(here.place).toEqual({ e: 1, o: 0 });
  });

  test("numbers take the names' place, and names theirs", () => {
    const here = crowd();
    const counts = { total: 2_000, online: 2_000, idle: 0, away: 0, dnd: 0 };
    here.numbers({ room: "lounge", mode: "counts", e: 7, o: 5, counts });
    expect([here.total, here.users.size, here.mode]).toEqual([2_000, 0, "counts"]);
    here.state(state(6, "ann"));
    expect([here.total, here.counts]).toEqual([1, null]);
  });

  test("who comes back is no longer absent", () => {
    const here = crowd();
    here.diff(diff(4, { leaves: { bob: { reason: "dropped", lastSeen: null } } }));
    here.diff(diff(5, { joins: { bob: shown("bob") } }));
    expect(here.absent.size).toBe(0);
  });
});

describe("those who are watched", () => {
  test("are asked for once per choice and per connection", () => {
    const watch = new Watch();
    expect([watch.choose([]), watch.choose(["b", "a"]), watch.choose(["a", "b"])]).toEqual([false, true, false]);
    watch.lost();
    expect(watch.choose(["a", "b"])).toBe(true);
  });

  test("are told as a whole, then what changed; a gap is told", () => {
    const watch = new Watch();
    const told = (from: number | undefined, o: number, status: "online" | "offline") =>
      watch.heard({ ...(from === undefined ? {} : { from }), e: 1, o, users: { ann: { status } } });
    expect(told(3, 4, "online")).toBe("gap");
    expect(told(undefined, 4, "offline")).toBe("news");
    expect(told(4, 5, "online")).toBe("news");
    expect(told(4, 5, "offline")).toBe("old");
    expect(told(6, 7, "offline")).toBe("gap");
    expect(watch.users.get("ann")?.status).toBe("online");
  });
});

describe("typing", () => {
  test("is said at once, again after a while, and when the field is empty", () => {
    const own = new OwnTyping();
    const said = [[" ", 0], ["H", 0], ["Hi", 2_900], ["Hi!", 3_000], ["", 3_100], ["", 3_200]] as const;
    expect(said.map(([text, now]) => own.wrote("lounge", text, now))).toEqual([null, true, null, true, false, null]);
    own.wrote("lounge", "H", 4_000);
    own.over("lounge");
    expect(own.wrote("lounge", "", 4_100)).toBe(null);
    expect(own.wrote("lounge", "H", 4_200)).toBe(true);
  });

  test("of others ends by this machine's clock, each by their own, whatever comes", () => {
    const timers: (() => void)[] = [];
    const schedule = (end: () => void) => timers.push(end);
    const others = new OthersTyping(() => {}, schedule);
    const at = 1_000_000_000;
    others.heard("lounge", { room: "lounge", users: { ann: at + 2_000, bob: at + 6_000 }, count: 3, until: at + 6_000, at }, 50);
    expect(others.of("lounge", 1_000)).toEqual({ ids: ["ann", "bob"], count: 3 });
    expect(others.of("lounge", 2_050)).toEqual({ ids: ["bob"], count: 2 });
    others.over("lounge", "bob");
    expect(others.of("lounge", 2_050)).toEqual({ ids: [], count: 1 });
    expect(others.of("lounge", 6_050)).toEqual({ ids: [], count: 0 });
    expect(timers.length).toBe(1);
  });
});
