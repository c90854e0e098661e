/** For every eye, hand and screen: themes, phones, keyboards, screen readers. */

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { readFile } from "node:fs/promises";

import { screenshotPath, stage } from "./stage.js";
import { begin, OUTAGE, REFUSAL } from "./visitor.js";

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };
const SMALL_PHONE = { ...PHONE, viewport: { width: 320, height: 568 } };
const THEMES = ["light", "dark"];

const { scene } = stage();

for (const colorScheme of THEMES) {
  scene(`the door has no serious accessibility violation, ${colorScheme}`, async ({ visit }) => {
    const ada = await visit({ colorScheme, bypassCSP: true });
    await ada.nameField.waitFor();
    await checkAndShow(ada, `door-${colorScheme}`);
    await ada.nameField.press("Enter");
    await ada.page.getByRole("alert").filter({ hasText: "Please" }).waitFor();
    await checkAndShow(ada, `door-problem-${colorScheme}`);
    await ada.nameField.fill("Ada");
    await ada.nameField.press("Enter");
    await ada.seesConnected();
    await ada.expecting(REFUSAL, async () => {
      await ada.reloadWithToken("not.a.token");
      await ada.seesDoor("does not know you any more");
    });
    await checkAndShow(ada, `door-again-${colorScheme}`);
  });

  scene(`the lobby has no serious accessibility violation, ${colorScheme}`, async ({ server, visit }) => {
    const room = `stage-${colorScheme}`;
    const ada = await visit({ colorScheme, bypassCSP: true });
    const grace = await visit();
    const edsger = await visit();
    await talk(room, ada, grace, edsger);
    await checkAndShow(ada, `lobby-${colorScheme}`);
    await ada.enterRoom(`quiet-${colorScheme}`);
    await ada.page.getByText("Nobody has said anything").waitFor();
    await checkAndShow(ada, `lobby-empty-${colorScheme}`);
    await ada.chooseRoom(room);

    await ada.expecting(OUTAGE, () =>
      grace.expecting(OUTAGE, async () => {
        await server.kill();
        await ada.seesReconnecting();
        await ada.say("I shall wait here");
        await ada.log.getByText("Waits for the connection").waitFor();
        await checkAndShow(ada, `lobby-reconnecting-${colorScheme}`);
        await server.restart();
        await Promise.all([ada.seesConnected(), grace.seesConnected()]);
      }),
    );
    await ada.say("too long ".repeat(4_000));
    await ada.log.getByText(/^Not sent\. /).waitFor();
    await check(ada);
  });

  scene(`a phone has sheets for rooms and people, ${colorScheme}`, async ({ visit }) => {
    const room = `pocket-${colorScheme}`;
    const ada = await visit({ ...PHONE, colorScheme, bypassCSP: true });
    const grace = await visit();
    const edsger = await visit();
    await checkAndShow(ada, `phone-door-${colorScheme}`);
    await ada.nameField.fill("Ada Lovelace");
    await ada.nameField.press("Enter");
    await ada.seesConnected();
    await openSheet(ada, /^Rooms/);
    await ada.enterRoom(room);
    await talkOfOthers(room, grace, edsger);
    await ada.seesMessage("The kettle is on.");
    await checkAndShow(ada, `phone-lobby-${colorScheme}`);

    await openSheet(ada, /^People 2/);
    await ada.seesHere("Grace Hopper");
    await checkAndShow(ada, `phone-people-${colorScheme}`);
    await ada.page.keyboard.press("Escape");
    await ada.here.waitFor({ state: "hidden" });
    await openSheet(ada, /^Rooms/);
    await checkAndShow(ada, `phone-rooms-${colorScheme}`);
    await ada.chooseRoom("lounge");
    await ada.rooms.waitFor({ state: "hidden" });
  });
}

for (const colorScheme of THEMES) {
  scene(`a table shows well on a desk and on a phone, ${colorScheme}`, async ({ visit }) => {
    const ada = await visit({ colorScheme, bypassCSP: true });
    const grace = await visit({ ...PHONE, colorScheme, bypassCSP: true });
    const edsger = await visit();
    await ada.comeIn("Ada Lovelace");
    await ada.play();
    await checkAndShow(ada, `table-alone-${colorScheme}`);
    await grace.nameField.fill("Grace Hopper");
    await grace.nameField.press("Enter");
    await grace.seesConnected();
    await openSheet(grace, /^Rooms/);
    await grace.tables.getByText("1 of 2 seated").waitFor();
    await checkAndShow(grace, `phone-tables-${colorScheme}`);
    await grace.play();
    await grace.rooms.waitFor({ state: "hidden" });
    await edsger.comeIn("Edsger");
    await edsger.tables.getByRole("button", { name: /Ada Lovelace’s table/ }).click();
    await edsger.say("May the better one win.");
    await grace.seesMessage("May the better one win.");
    await checkAndShow(grace, `phone-table-waiting-${colorScheme}`);

    await begin(ada, grace);
    const discs = [[4, 1], [4, 2], [3, 1], [5, 1], [3, 2], [3, 3]];
    for (const [turn, [column, height]] of discs.entries()) {
      await (turn % 2 === 0 ? ada : grace).drop(column, height);
    }
    await grace.seesVerdict("Ada Lovelace is to move.");
    await ada.seesVerdict("Your turn.");
    await edsger.message.pressSequentially("Hm");
    await ada.page.getByText("Edsger is writing…").waitFor();
    await checkAndShow(ada, `table-${colorScheme}`);
    await checkAndShow(grace, `phone-table-${colorScheme}`);
    await grace.page.close();
    await ada.seesSeat("yellow · away");
    await checkAndShow(ada, `table-away-${colorScheme}`);
  });
}

for (const colorScheme of THEMES) {
  scene(`what people do shows well on a desk and on a phone, ${colorScheme}`, async ({ visit }) => {
    const ada = await visit({ colorScheme, bypassCSP: true });
    const phone = await visit({ ...PHONE, colorScheme, bypassCSP: true });
    const [bob, cy, dan, edsger, fay] = [await visit(), await visit(), await visit(), await visit(), await visit()];
    await ada.comeIn("Ada Lovelace");
    for (const [visitor, name] of [[bob, "Bob"], [cy, "Cy"], [dan, "Dan"], [edsger, "Edsger"], [fay, "Fay"]]) {
      await visitor.comeIn(name);
    }
    await phone.nameField.fill("Grace Hopper");
    await phone.nameField.press("Enter");
    await phone.seesConnected();
    await bob.wish.selectOption("Do not disturb");
    await fay.page.getByRole("button", { name: "Leave lounge" }).click();
    await fay.enterRoom("library");
    await edsger.page.getByRole("button", { name: "Sign out" }).click();
    await ada.seesGoneAs("Edsger", "last seen");
    await ada.seesGoneAs("Fay", "in another room");
    await ada.seesHereAs("Cy", "idle");
    await ada.wish.selectOption("Invisible");
    await dan.page.close();
    await ada.seesHereAs("Dan", "away");
    await ada.seesHereAs("Ada Lovelace", "you · invisible");
    await checkAndShow(ada, `presence-${colorScheme}`);
    await openSheet(phone, /^People/);
    await checkAndShow(phone, `phone-presence-${colorScheme}`);
  }, { idleSeconds: 5 });
}

for (const colorScheme of THEMES) {
  scene(`a floe shows well on a desk and on a phone, ${colorScheme}`, async ({ visit }) => {
    const ada = await visit({ colorScheme, bypassCSP: true, debug: true });
    const grace = await visit({ ...PHONE, colorScheme, bypassCSP: true, debug: true });
    await ada.comeIn("Ada Lovelace");
    await ada.skate();
    await ada.seesFloe("Waiting for somebody");
    await checkAndShow(ada, `floe-alone-${colorScheme}`);
    await grace.nameField.fill("Grace Hopper");
    await grace.nameField.press("Enter");
    await grace.seesConnected();
    await openSheet(grace, /^Rooms/);
    await grace.floes.getByText("1 of 8 seated").waitFor();
    await grace.skate();
    await grace.rooms.waitFor({ state: "hidden" });
    await grace.seesFloe("Get ready");
    await grace.page.screenshot({ path: screenshotPath(`phone-floe-starting-${colorScheme}`) });
    await grace.seesFloe("Push the others");
    await checkAndShow(ada, `floe-${colorScheme}`);
    await checkAndShow(grace, `phone-floe-${colorScheme}`);
    await grace.page.close();
    await ada.seesSkater("away");
    await checkAndShow(ada, `floe-away-${colorScheme}`);
  });
}

for (const device of [PHONE, SMALL_PHONE]) {
  const { width } = device.viewport;
  scene(`nothing scrolls sideways at ${width} px, whatever people write`, async ({ server, visit }) => {
    const ada = await visit(device);
    await fits(ada, width);
    await ada.nameField.fill("W".repeat(24));
    await ada.nameField.press("Enter");
    await ada.seesConnected();
    await openSheet(ada, /^Rooms/);
    await ada.enterRoom(`w${"-wide".repeat(6)}`);
    await ada.say("W".repeat(300));
    await ada.seesMessage("W".repeat(300));
    await fits(ada, width);
    await openSheet(ada, /^People/);
    await fits(ada, width);
    await ada.page.keyboard.press("Escape");
    await openSheet(ada, /^Rooms/);
    await fits(ada, width);
    await ada.play();
    await ada.rooms.waitFor({ state: "hidden" });
    await fits(ada, width);
    await canPlay(ada);
    await ada.page.screenshot({ path: screenshotPath(`phone-board-${width}`) });
    await openSheet(ada, /^Rooms/);
    await ada.skate();
    await ada.rooms.waitFor({ state: "hidden" });
    await fits(ada, width);
    await ada.page.screenshot({ path: screenshotPath(`phone-ice-${width}`) });

    await ada.expecting(OUTAGE, async () => {
      await server.kill();
      await ada.seesReconnecting();
      await fits(ada, width);
      await ada.page.screenshot({ path: screenshotPath(`phone-reconnecting-${width}`) });
      await server.restart();
      await ada.seesConnected();
    });
  });
}

scene("everything can be reached and seen with the Tab key", async ({ visit }) => {
  const ada = await visit();
  await reachesAll(ada);
  await ada.comeIn("Ada");
  await ada.enterRoom("library");
  await reachesAll(ada);
  await ada.play();
  await reachesAll(ada);
  await ada.skate();
  await reachesAll(ada);

  const pocket = await visit(PHONE);
  await pocket.nameField.fill("Pocket");
  await pocket.nameField.press("Enter");
  await pocket.seesConnected();
  await reachesAll(pocket);
  await openSheet(pocket, /^Rooms/);
  await reachesAll(pocket);
});

scene("a whole visit needs nothing but a keyboard", async ({ visit }) => {
  const grace = await visit();
  await grace.comeIn("Grace");
  const ada = await visit();
  const { keyboard } = ada.page;

  await keyboard.type("Ada");
  await keyboard.press("Enter");
  await ada.seesConnected();
  await ada.writes();
  await keyboard.type("Hello from the keys");
  await keyboard.press("Enter");
  await grace.seesMessage("Hello from the keys");
  await tabTo(ada, "Enter another room");
  await keyboard.type("library");
  await keyboard.press("Enter");
  await ada.seesRoom("library");
  await ada.writes();
  await keyboard.type("one line");
  await keyboard.press("Shift+Enter");
  await keyboard.type("and another");
  await keyboard.press("Enter");
  await ada.log.getByText("one line\nand another").waitFor();
  await tabTo(ada, "lounge");
  await keyboard.press("Enter");
  await ada.seesRoom("lounge");
  await tabTo(ada, "Sign out");
  await keyboard.press("Enter");
  await ada.seesDoor();
  await grace.seesGone("Ada");
});

scene("who reads further up is not torn away, and is told of what is new", async ({ visit }) => {
  const ada = await visit();
  const grace = await visit();
  await ada.comeIn("Ada");
  await ada.enterRoom("archive");
  for (let line = 1; line <= 30; line += 1) await ada.say(`Line ${line}`);
  await ada.seesMessage("Line 30");
  await ada.log.evaluate((log) => log.scrollTo(0, 0));
  await grace.comeIn("Grace");
  await grace.enterRoom("archive");
  await grace.say("Something new");

  const newer = ada.page.getByRole("button", { name: "Newer messages" });
  await newer.waitFor();
  assert.equal(await ada.log.evaluate((log) => log.scrollTop), 0);
  await newer.click();
  await newer.waitFor({ state: "hidden" });
  assert.ok(await ada.settled("Something new").evaluate(isInView));
});

/** Three people in a room of their own, with something unread in the lounge. */
async function talk(room, ada, grace, edsger) {
  await ada.comeIn("Ada Lovelace");
  await ada.enterRoom(room);
  await ada.say("Anybody here before the doors open?");
  await talkOfOthers(room, grace, edsger);
  await ada.seesMessage("The kettle is on.");
  await ada.seesGone("Edsger");
  await ada.say("Wonderful.\nI bring the biscuits, and a second line to show that lines stay lines.");
  await grace.chooseRoom("lounge");
  await grace.say("Nobody in the lounge tonight");
  await ada.rooms.getByRole("button", { name: /^lounge \d+ unread$/ }).waitFor();
}

async function talkOfOthers(room, grace, edsger) {
  await edsger.comeIn("Edsger");
  await edsger.enterRoom(room);
  await grace.comeIn("Grace Hopper");
  await grace.enterRoom(room);
  await grace.say("Just arrived.");
  await grace.say("The green room is quieter than the stage, and one can hear oneself think, which is rare enough before a game.");
  await grace.seesMessage("Just arrived.");
  await edsger.say("I am only passing through.");
  await grace.seesMessage("I am only passing through.");
  await edsger.page.close();
  await grace.seesGone("Edsger");
  await grace.say("The kettle is on.");
}

/** Every column is wide enough for a finger. */
async function canPlay({ board }) {
  const widths = await board.getByRole("button").evaluateAll((all) => all.map((one) => one.getBoundingClientRect().width));
  assert.equal(widths.length, 7);
  // WCAG 2.5.8, Target Size (Minimum).
  assert.ok(Math.min(...widths) >= 24, `columns are ${Math.min(...widths)} px wide`);
}

async function openSheet(visitor, name) {
  await visitor.page.getByRole("main").getByRole("button", { name }).click();
}

async function checkAndShow(visitor, name) {
  await visitor.page.screenshot({ path: screenshotPath(name) });
  await check(visitor);
}

/** No violation that axe-core calls serious or critical. */
async function check({ page }) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run());
  const serious = violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
  assert.deepEqual(serious, []);
}

async function fits({ page }, width) {
  const widths = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
  assert.deepEqual(widths, [width, width]);
  const wider = await page.evaluate(() =>
    [...document.querySelectorAll("main, nav, aside, .log, .table, .seat")]
      .filter((one) => one.checkVisibility() && one.scrollWidth > one.clientWidth)
      .map((one) => `${one.className}: ${one.scrollWidth} in ${one.clientWidth}`),
  );
  assert.deepEqual(wider, [], "nothing is wider than what holds it");
}

/** Presses Tab until every control that is there was focused, visibly. */
async function reachesAll({ page }) {
  const count = await page.evaluate(() => {
    const controls = [...document.querySelectorAll("a[href], button, input, textarea, [tabindex='0']")];
    const open = controls.filter((one) => one.checkVisibility() && !one.closest("[inert]"));
    for (const one of open) one.dataset.unreached = "";
    return open.length;
  });
  assert.ok(count >= 2, "there is something to reach");
  for (let press = 0; press < count * 2 + 4; press += 1) {
    await page.keyboard.press("Tab");
    await page.evaluate(() => {
      const focused = document.activeElement;
      const { outlineStyle, outlineWidth } = getComputedStyle(focused);
      if (outlineStyle !== "none" && parseFloat(outlineWidth) >= 2) delete focused.dataset.unreached;
    });
  }
  const unreached = await page.evaluate(() =>
    [...document.querySelectorAll("[data-unreached]")].map((one) => one.textContent || one.id || one.className),
  );
  assert.deepEqual(unreached, []);
}

/** Presses Tab until the control of that name has the focus. */
async function tabTo({ page }, name) {
  for (let press = 0; press < 40; press += 1) {
    const here = await page.evaluate(() => {
      const focused = document.activeElement;
      return focused?.labels?.[0]?.textContent ?? focused?.textContent ?? "";
    });
    if (here.trim() === name) return;
    await page.keyboard.press("Tab");
  }
  assert.fail(`no way to “${name}” with the Tab key`);
}

function isInView(element) {
  const { top, bottom } = element.getBoundingClientRect();
  const frame = element.closest("[role=log]").getBoundingClientRect();
  return top >= frame.top && bottom <= frame.bottom;
}
