/** Who is here, what they do, who types: and nothing of it when a page only reloads, sleeps or changes its network. */

import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";

import { stage } from "./stage.js";
import { OUTAGE } from "./visitor.js";

const { scene } = stage();

/** Longer than the 3 s after which somebody without a connection is seen as away, in ms. */
const NOTICED = 4_500;

/** What a browser says that has no network. */
const NO_NETWORK = [...OUTAGE, { text: /net::ERR_(INTERNET_DISCONNECTED|NETWORK_CHANGED|NETWORK_IO_SUSPENDED)/ }];

scene("a page reload is seen by nobody, with one window and with two", async ({ visit, another }) => {
  const [grace, ada] = await graceAndAda(visit);
  for (let time = 0; time < 3; time += 1) await seesNothingOf(grace, () => reload(ada));
  const tab = await another(ada);
  await tab.seesConnected();
  await seesNothingOf(grace, () => Promise.all([reload(ada), reload(tab)]));
  await ada.seesHere("Grace");
  assert.equal(await grace.log.getByText("Ada came in").count(), 1);
});

scene("three windows that close in any order are one person who goes once", async ({ visit, another }) => {
  const orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
  const grace = await visit();
  await grace.comeIn("Grace");
  const people = [];
  for (const order of orders) {
    const name = `Ada ${order.join("")}`;
    const first = await visit();
    await first.comeIn(name);
    const tabs = [first, await another(first), await another(first)];
    await Promise.all(tabs.map((tab) => tab.seesConnected()));
    await grace.seesHere(name);
    people.push({ name, id: (await first.stored()).user.id, order, tabs });
  }
  const close = async (which) => Promise.all(people.map(({ order, tabs }) => tabs[order[which]].page.close()));
  await seesNothingOf(grace, () => close(0));
  await seesNothingOf(grace, () => close(1));
  await close(2);
  await Promise.all(people.map(({ name }) => grace.seesGone(name)));
  const diffs = grace.told().filter(({ name }) => name === "presence:diff").map(({ payload }) => payload);
  for (const { id } of people) {
    const told = diffs.flatMap(({ joins, updates, leaves }) => [
      ...(id in joins ? ["joined"] : []),
      ...(id in updates ? [updates[id].status] : []),
      ...(id in leaves ? [leaves[id].reason] : []),
    ]);
    assert.deepEqual(told, ["away", "dropped"]);
  }
});

scene("a change of the network is seen by nobody", async ({ visit }) => {
  const [grace, ada] = await graceAndAda(visit);
  const context = ada.page.context();
  await seesNothingOf(grace, () =>
    ada.expecting(NO_NETWORK, async () => {
      await context.setOffline(true);
      await ada.link.filter({ hasText: "Reconnecting" }).waitFor();
      await context.setOffline(false);
      await ada.seesConnected(/./);
    }),
  );
  await ada.say("On another network");
  await grace.seesMessage("On another network");
});

for (const [where, isAway] of [["in its place", false], ["and wakes in another network", true]]) {
  scene(`a laptop that sleeps for a while ${where} is seen by nobody`, async ({ visit }) => {
    const [grace, ada] = await graceAndAda(visit);
    const context = ada.page.context();
    await ada.page.evaluate(() => {
      window.beats = 0;
      setInterval(() => (window.beats += 1), 50);
    });
    const beats = () => ada.page.evaluate(() => window.beats);
    // Nothing of the page runs, and its connection stays open: as in a sleep that nobody announces.
    const cdp = await context.newCDPSession(ada.page);
    await cdp.send("Debugger.enable");
    await seesNothingOf(grace, () =>
      ada.expecting(NO_NETWORK, async () => {
        const before = await beats();
        await cdp.send("Debugger.pause");
        await pause(8_000);
        if (isAway) await context.setOffline(true);
        await cdp.send("Debugger.resume");
        assert.ok((await beats()) - before < 4_000 / 50, "it slept");
        if (isAway) await ada.link.filter({ hasText: "Reconnecting" }).waitFor();
        await context.setOffline(false);
        await ada.seesConnected(/./);
      }),
    );
    await grace.say("Sleep well?");
    await ada.seesMessage("Sleep well?");
  });
}

scene("without input somebody is idle, then away, and back with the first touch", async ({ visit }) => {
  const [grace, ada] = await graceAndAda(visit);
  const touches = setInterval(() => void grace.page.mouse.move(Math.random() * 200, 300).catch(() => {}), 300);
  try {
    await grace.seesHereAs("Ada", "idle");
    await ada.seesHereAs("Ada", "you · idle");
    await grace.seesHereAs("Ada", "away");
    await grace.seesHereAs("Grace", /you$/);
    await ada.page.mouse.move(300, 300);
    await grace.seesHereAs("Ada", /^A?Ada$/);
    await ada.seesHereAs("Ada", /you$/);
  } finally {
    clearInterval(touches);
  }
}, { idleSeconds: 2, awaySeconds: 3 });

scene("do not disturb is seen, survives a reload, and wins over idle", async ({ visit, another }) => {
  const [grace, ada] = await graceAndAda(visit);
  const tab = await another(ada);
  await tab.seesConnected();
  await ada.wish.selectOption("Do not disturb");
  await grace.seesHereAs("Ada", "do not disturb");
  await tab.seesHereAs("Ada", "you · do not disturb");
  assert.equal(await tab.wish.inputValue(), "dnd");
  await reload(ada);
  assert.equal(await ada.wish.inputValue(), "dnd");
  // Longer than it takes to be idle here.
  await pause(3_500);
  await grace.seesHereAs("Ada", "do not disturb");
  await tab.wish.selectOption("Online");
  await grace.seesHereAs("Ada", /^A?Ada(idle)?$/);
}, { idleSeconds: 2 });

scene("who is invisible is to others as who signed out: the same bytes after the same time", async ({ visit }) => {
  const [grace, ada] = await graceAndAda(visit);
  const bob = await visit();
  await bob.comeIn("Bob");
  await grace.seesHere("Bob");
  await quiet(grace);
  const disappears = async (visitor, how) => {
    const { id, name } = (await visitor.stored()).user;
    grace.told();
    const begin = performance.now();
    await how();
    await grace.seesGone(name);
    const [diff, ...watched] = grace.told().filter(({ name: event }) => event.startsWith("presence:"));
    return { ms: diff.at - begin, told: [diff, ...watched].map((event) => asAnybody(event, id)) };
  };
  const hidden = await disappears(ada, () => ada.wish.selectOption("Invisible"));
  const left = await disappears(bob, () => bob.page.getByRole("button", { name: "Sign out" }).click());
  assert.deepEqual(hidden.told, left.told);
  assert.ok(Math.abs(hidden.ms - left.ms) < 500, `after ${hidden.ms} ms and after ${left.ms} ms`);
  await grace.seesNotice("Ada left");
  await grace.seesNotice("Bob left");
  await grace.seesGoneAs("Ada", /last seen \d\d:\d\d/);
  await grace.seesGoneAs("Bob", /last seen \d\d:\d\d/);

  // What she does meanwhile is seen by nobody, who comes now included.
  await seesNothingOf(grace, async () => {
    await ada.seesHereAs("Ada", "you · invisible");
    await ada.message.pressSequentially("Nobody sees this");
    await reload(ada);
    await ada.seesHereAs("Ada", "you · invisible");
  });
  const edsger = await visit();
  await edsger.comeIn("Edsger");
  await edsger.seesHere("Grace");
  assert.equal(await edsger.here.getByRole("listitem").count(), 2);
  await ada.seesHere("Edsger");
  await ada.wish.selectOption("Online");
  await edsger.seesHere("Ada");
  await grace.seesNotice("Ada came in");
});

scene("who was here is seen with when, and who is in another room with that", async ({ visit }) => {
  const [grace, ada] = await graceAndAda(visit);
  await ada.say("I shall be elsewhere");
  await grace.seesMessage("I shall be elsewhere");
  await ada.enterRoom("library");
  await ada.chooseRoom("lounge");
  await ada.page.getByRole("button", { name: "Leave lounge" }).click();
  await grace.seesGoneAs("Ada", "in another room");
  const edsger = await visit();
  await edsger.comeIn("Edsger");
  // He has only her message.
  await edsger.seesGoneAs("Ada", "in another room");
  await ada.page.getByRole("button", { name: "Sign out" }).click();
  await grace.seesGoneAs("Ada", /last seen \d\d:\d\d/);
  await edsger.seesGoneAs("Ada", /last seen \d\d:\d\d/);
});

scene("typing ends with the field, with the page, and is one person's in all windows", async ({ visit, another }) => {
  const [grace, ada] = await graceAndAda(visit);
  const tab = await another(ada);
  await tab.seesConnected();
  const types = grace.page.getByText("Ada is writing…");
  await ada.message.pressSequentially("Hm");
  await types.waitFor();
  assert.equal(await tab.page.getByText("writing…").count(), 0);
  const emptied = performance.now();
  await ada.message.fill("");
  await types.waitFor({ state: "detached" });
  assert.ok(performance.now() - emptied < 5_000, "before its lease of six seconds is over");
  await tab.message.pressSequentially("Hm");
  await types.waitFor();
  const closed = performance.now();
  await tab.page.close();
  await types.waitFor({ state: "detached" });
  assert.ok(performance.now() - closed < 5_000, "a closed page has no grace in which it types");
});

scene("four who type are three names and a number", async ({ visit }) => {
  const grace = await visit();
  await grace.comeIn("Grace");
  for (const name of ["Ada", "Bob", "Cy", "Dan"]) {
    const visitor = await visit();
    await visitor.comeIn(name);
    await grace.seesHere(name);
  }
  // All at once, and without a browser's help: what counts is what the page shows.
  const pages = grace.page.context().browser().contexts().flatMap((context) => context.pages());
  const others = pages.filter((page) => page !== grace.page);
  await Promise.all(others.map((page) => page.getByRole("textbox", { name: /^Message to / }).pressSequentially("Hm, hm")));
  await grace.page.getByText(/^\w+, \w+, \w+ and 1 more are writing…$/).waitFor();
});

async function graceAndAda(visit) {
  const [grace, ada] = [await visit(), await visit()];
  await grace.comeIn("Grace");
  await ada.comeIn("Ada");
  await grace.seesHere("Ada");
  await ada.seesHere("Grace");
  return [grace, ada];
}

async function reload(visitor) {
  await visitor.page.reload();
  await visitor.seesConnected();
  await visitor.page.locator("[data-part=wish]:enabled").waitFor();
}

/** Waits until nothing was told for as long as a change may be held back. */
async function quiet(visitor) {
  do {
    visitor.told();
    await pause(2_500);
  } while (visitor.told().length > 0);
}

/** What others do is not told at all: no packet, no line in the log. */
async function seesNothingOf(visitor, action) {
  await quiet(visitor);
  const lines = await visitor.log.locator(".notice").count();
  await action();
  await pause(NOTICED);
  assert.deepEqual(visitor.told(), []);
  assert.equal(await visitor.log.locator(".notice").count(), lines);
}

/** What a payload says of somebody, whoever that is and wherever in its stream. */
function asAnybody({ name, payload }, id) {
  const { users } = payload;
  const text = JSON.stringify(users === undefined ? payload : { ...payload, users: { [id]: users[id] } }).replaceAll(id, "somebody");
  const places = /"(e|o|from)":\d+/g;
  return `${name} ${text.replaceAll(places, '"$1":0')}`;
}
