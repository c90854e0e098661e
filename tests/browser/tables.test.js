/** Tables: find, sit, watch, play to the end, play again. */

import assert from "node:assert/strict";

import { screenshotPath, stage } from "./stage.js";
import { begin, OUTAGE } from "./visitor.js";

const { scene } = stage();

/** Red's and yellow's columns in turn; red has four in the first column. */
const RED_WINS = [1, 2, 1, 2, 1, 2, 1];

scene("two find each other, play to the end, and play again; a third one watches", async ({ visit }) => {
  const [ada, grace, edsger] = [await visit(), await visit(), await visit()];
  await ada.comeIn("Ada");
  await grace.comeIn("Grace");
  await edsger.comeIn("Edsger");

  await ada.play();
  await ada.seesVerdict("Waiting for somebody to sit down.");
  await grace.tables.getByText("1 of 2 seated").waitFor();
  await grace.play();
  await grace.seesRoom("Ada’s table");
  await edsger.tables.getByRole("button", { name: /Ada’s table/ }).click();
  await edsger.seesRoom("Ada’s table");
  await ada.table.getByText("1 watching").waitFor();

  await begin(ada, grace);
  await edsger.tables.getByText("playing · 1 watching").waitFor();
  await playThrough([ada, grace], RED_WINS, [edsger]);
  await ada.seesVerdict("You win with four in a row.");
  await grace.seesVerdict("Ada wins with four in a row.");
  await edsger.seesVerdict("Ada wins with four in a row.");
  assert.equal(await edsger.board.locator(".won").count(), 4);
  await show("table-end", ada, edsger);

  await ada.press("Play again");
  await grace.seesVerdict("Ada is ready.");
  await grace.press("Play again");
  await grace.seesVerdict("Your turn.");
  await grace.drop(4, 1);
  await ada.seesVerdict("Grace played column 4. Your turn.");
  await edsger.seesDiscs(4, 1);
  assert.equal(await edsger.page.title(), "Ada’s table · Greenroom");
  assert.match(await ada.page.title(), /^Your turn · /);
});

scene("the table has its own talk, and only players move", async ({ visit }) => {
  const [ada, grace, edsger] = [await visit(), await visit(), await visit()];
  await seatThree(ada, grace, edsger);
  await begin(ada, grace);

  await edsger.say("Go, Ada!");
  await ada.seesMessage("Go, Ada!");
  assert.equal(await edsger.column(1).getAttribute("aria-disabled"), "true");
  assert.equal(await grace.column(1).getAttribute("aria-disabled"), "true");
  await ada.drop(1, 1);
  assert.equal(await ada.column(1).getAttribute("aria-disabled"), "true");
  await grace.chooseRoom("lounge");
  await edsger.say("What now?");
  await grace.tables.getByRole("button", { name: /1 unread/ }).waitFor();
});

scene("who gives up stays, who leaves makes a place, and a free seat is taken by who watches", async ({ visit }) => {
  const [ada, grace, edsger] = [await visit(), await visit(), await visit()];
  await seatThree(ada, grace, edsger);
  await begin(ada, grace);

  await grace.press("Give up");
  await ada.seesVerdict("You win: the other side gave up.");
  await grace.page.getByRole("button", { name: "Leave Ada’s table" }).click();
  await edsger.press("Sit down as yellow");
  await edsger.seesSeat("Edsger (you)");
  await ada.seesSeat("Edsger");
  await ada.press("Play again");
  await edsger.press("Play again");
  // The sides take turns to begin.
  await edsger.drop(3, 1);
  await ada.seesDiscs(3, 1);
});

scene("the host leaves, and the next one is the host", async ({ visit }) => {
  const [ada, grace, edsger] = [await visit(), await visit(), await visit()];
  await seatTwo(ada, grace);
  assert.equal(await grace.table.getByRole("button", { name: "Let nobody in" }).count(), 0);
  await ada.page.getByRole("button", { name: "Leave Ada’s table" }).click();
  await grace.seesRoom("Grace’s table");
  await grace.press("Let nobody in");
  await edsger.comeIn("Edsger");
  await edsger.tables.getByText("1 of 2 seated · closed").waitFor();
  await edsger.tables.getByRole("button", { name: /Grace’s table/ }).click();
  await edsger.alert.getByText(/You are no longer at Grace’s table/).waitFor();
  await grace.press("Let others in");
  await edsger.tables.getByText("1 of 2 seated").waitFor();
  await edsger.tables.getByRole("button", { name: /Grace’s table/ }).click();
  await edsger.press("Sit down as red");
  await grace.seesSeat("Edsger");
});

scene("a reload in the middle of a game comes back to the seat", async ({ visit }) => {
  const [ada, grace] = [await visit(), await visit()];
  await seatTwo(ada, grace);
  await begin(ada, grace);
  await ada.drop(4, 1);
  await grace.seesVerdict("Your turn.");

  await grace.page.reload();
  await grace.seesRoom("Ada’s table");
  await grace.seesDiscs(4, 1);
  await grace.drop(4, 2);
  await ada.seesVerdict("Your turn.");
});

scene("who closes the page is away, and has the seat for a while", async ({ visit }) => {
  const [ada, grace] = [await visit(), await visit()];
  await seatTwo(ada, grace);
  await begin(ada, grace);
  await ada.drop(4, 1);
  await grace.page.close();
  await ada.seesSeat("yellow · away");
  await ada.seesVerdict("Grace is away; the seat is kept for a while.");
});

scene("two windows of a player are one player", async ({ visit, another }) => {
  const [ada, grace] = [await visit(), await visit()];
  await seatTwo(ada, grace);
  const tab = await another(ada);
  await tab.seesRoom("Ada’s table");
  await begin(tab, grace);
  await ada.drop(1, 1);
  await tab.seesVerdict("Grace is to move.");
  await ada.page.close();
  await grace.drop(2, 1);
  await tab.drop(1, 2);
  await grace.seesVerdict("Your turn.");
  assert.equal(await grace.seats.getByText("away").count(), 0);
});

scene("a table whose server has ended is gone, and that is said", async ({ server, visit }) => {
  const [ada, grace] = [await visit(), await visit()];
  await seatTwo(ada, grace);
  await ada.expecting(OUTAGE, () =>
    grace.expecting(OUTAGE, async () => {
      await server.kill();
      await ada.seesReconnecting();
      await server.restart();
      await Promise.all([ada.seesConnected(), grace.seesConnected()]);
    }),
  );
  await ada.page.getByText("You are no longer at Ada’s table: it is gone.").waitFor();
  await ada.seesRoom("lounge");
  await ada.page.getByText("Nobody plays.").waitFor();
  await ada.play();
  await ada.seesVerdict("Waiting for somebody to sit down.");
});

scene("a game needs nothing but a keyboard", async ({ visit }) => {
  const [ada, grace] = [await visit(), await visit()];
  await ada.comeIn("Ada");
  await grace.comeIn("Grace");
  await grace.play();
  await ada.page.getByRole("button", { name: "Play four in a row" }).focus();
  await ada.page.keyboard.press("Enter");
  await ada.seesRoom("Grace’s table");
  await grace.press("Ready");
  await ada.table.getByRole("button", { name: "Ready", exact: true }).focus();
  await ada.page.keyboard.press("Enter");
  await grace.drop(4, 1);
  await ada.seesVerdict("Your turn.");
  // “Ready” is gone; the focus went to the board.
  await ada.column(1).and(ada.page.locator(":focus")).waitFor();
  await ada.page.keyboard.press("ArrowRight");
  await ada.page.keyboard.press("Enter");
  await grace.seesDiscs(2, 1);
});

scene("a room that crashes loses nothing: nobody is disconnected, the game goes on", async ({ visit }) => {
  const [ada, grace, edsger] = [await visit({ debug: true }), await visit({ debug: true }), await visit()];
  const losses = [ada, grace, edsger].map((visitor) => visitor.countLosses());
  await seatThree(ada, grace, edsger);
  await begin(ada, grace);
  await ada.drop(4, 1);
  await grace.seesVerdict("Your turn.");

  await ada.press("Crash the room");
  await ada.alert.filter({ hasText: /./ }).waitFor();
  await ada.page.screenshot({ path: screenshotPath("table-crashed") });
  await grace.drop(4, 2);
  await ada.seesVerdict("Grace played column 4. Your turn.");
  await ada.drop(1, 1);
  await edsger.seesDiscs(1, 1);
  assert.deepEqual(losses.map(({ count }) => count), [0, 0, 0]);
  assert.equal(await grace.seats.getByText("away").count(), 0);
});

async function seatTwo(ada, grace) {
  await ada.comeIn("Ada");
  await grace.comeIn("Grace");
  await ada.play();
  await grace.tables.getByText("1 of 2 seated").waitFor();
  await grace.play();
  await ada.seesSeat("Grace");
}

async function seatThree(ada, grace, edsger) {
  await seatTwo(ada, grace);
  await edsger.comeIn("Edsger");
  await edsger.tables.getByRole("button", { name: /Ada’s table/ }).click();
  await edsger.table.waitFor();
}

/** Discs in turn; everybody sees each of them. */
async function playThrough(players, columns, others) {
  const heights = new Map();
  for (const [turn, column] of columns.entries()) {
    const height = (heights.get(column) ?? 0) + 1;
    heights.set(column, height);
    await players[turn % 2].column(column).click();
    await Promise.all([...players, ...others].map((one) => one.seesDiscs(column, height)));
  }
}

async function show(name, ...visitors) {
  for (const [index, { page }] of visitors.entries()) {
    await page.screenshot({ path: screenshotPath(`${name}-${index + 1}`) });
  }
}
