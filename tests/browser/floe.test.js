/** The ice floe: a real-time game with prediction, spectators, outages and crashes. */

import assert from "node:assert/strict";

import { stage } from "./stage.js";
import { OUTAGE } from "./visitor.js";

const { scene } = stage();

scene("two push each other about, one falls, the other one wins, a third one watches", async ({ visit }) => {
  const [ada, grace, edsger] = [await visit(), await visit(), await visit()];
  await three(ada, grace, edsger);
  await edsger.floes.getByText("playing · 1 watching").waitFor();
  await edsger.seesFloe("Ada, Grace on the ice.");
  await ada.holds("ArrowRight", () => ada.seesFloe("Grace wins the round."));
  await grace.seesFloe("You win the round.");
  await edsger.seesFloe("Grace wins the round.");
  await edsger.seesSkater("Grace1 of 3 rounds");
  await edsger.seesSkater("Ada0 of 3 rounds");
  // The next round begins by itself, with both at their places.
  await grace.seesFloe("Get ready");
  await ada.seesFloe("Push the others");
});

scene("our own disc moves before the server has answered, and a gap in what it says is closed", async ({ visit }) => {
  const ada = await visit({ wiretap: true });
  const grace = await visit();
  await two(ada, grace);
  ada.wire.deaf = true;
  const before = await picture(ada);
  await ada.holds("ArrowLeft", () => changes(ada, before));
  ada.wire.deaf = false;
  // What was missed is asked for: the end of the round is seen in time.
  await grace.holds("ArrowLeft", () => grace.seesFloe("Ada wins the round."));
  await ada.seesFloe("You win the round.");
});

scene("a reload in the middle of a round comes back to the seat and the disc", async ({ visit }) => {
  const [ada, grace] = [await visit(), await visit()];
  await two(ada, grace);
  await grace.page.reload();
  await grace.seesSkater("Grace (you)");
  await grace.seesFloe("Push the others");
  assert.equal(await ada.skaters.getByRole("listitem").count(), 2);
  await grace.holds("ArrowLeft", () => grace.seesFloe("Ada wins the round."));
  await ada.seesSkater("Ada (you)1 of 3 rounds");
});

scene("who loses the connection is told so, is seen to be away, and plays on", async ({ visit }) => {
  const ada = await visit();
  const grace = await visit({ wiretap: true });
  await two(ada, grace);
  await grace.expecting(OUTAGE, async () => {
    await grace.wire.cut();
    await Promise.all([
      grace.floe.getByText("Reconnecting. Your seat is kept for a while.").waitFor(),
      ada.seesSkater("away"),
    ]);
    await grace.seesConnected();
  });
  await ada.skaters.getByText("away").waitFor({ state: "detached" });
  await grace.holds("ArrowLeft", () => grace.seesFloe("Ada wins the round."));
});

scene("a floe that crashes loses nothing: nobody is disconnected, the round goes on", async ({ visit }) => {
  const [ada, grace] = [await visit({ debug: true }), await visit({ debug: true })];
  const losses = [ada, grace].map((visitor) => visitor.countLosses());
  await two(ada, grace);
  await ada.floe.getByRole("button", { name: "Crash the room" }).click();
  await ada.alert.filter({ hasText: /./ }).waitFor();
  await grace.holds("ArrowLeft", () => grace.seesFloe("Ada wins the round."));
  await ada.seesSkater("Ada (you)1 of 3 rounds");
  await ada.seesFloe("Push the others");
  assert.deepEqual(losses.map(({ count }) => count), [0, 0]);
});

scene("a server that starts again has no floes, and that is said", async ({ server, visit }) => {
  const [ada, grace] = [await visit(), await visit()];
  await two(ada, grace);
  await Promise.all([ada, grace].map((visitor) => visitor.expecting(OUTAGE, async () => {
    if (visitor === ada) await server.kill();
    await visitor.seesReconnecting();
    await visitor.floe.getByText("Reconnecting. Your seat is kept for a while.").waitFor();
    if (visitor === ada) await server.restart();
    await visitor.seesConnected();
  })));
  await ada.page.getByText("You are no longer at Ada’s floe: it is gone.").waitFor();
  await ada.seesRoom("lounge");
  await ada.skate();
  await ada.seesFloe("Waiting for somebody");
});

scene("who watches plays along from the next round, and who plays may only watch", async ({ visit }) => {
  const [ada, grace, edsger] = [await visit(), await visit(), await visit()];
  await three(ada, grace, edsger);
  await edsger.floe.getByRole("button", { name: "Play along" }).click();
  await edsger.seesFloe("You are off. Ada, Grace on the ice.");
  await ada.seesSkater("Edsger");
  await grace.floe.getByRole("button", { name: "Only watch" }).click();
  await ada.seesFloe("You win the round.");
  await edsger.seesFloe("Push the others");
});

scene("on a touch screen the disc goes where one presses", async ({ visit }) => {
  const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
  const [ada, grace] = [await visit(), await visit(phone)];
  await ada.comeIn("Ada");
  await ada.skate();
  await grace.nameField.fill("Grace");
  await grace.nameField.press("Enter");
  await grace.seesConnected();
  await grace.page.getByRole("button", { name: /^Rooms/ }).click();
  await grace.skate();
  await grace.seesFloe("Push the others");
  const box = await grace.ice.boundingBox();
  const finger = await grace.page.context().newCDPSession(grace.page);
  // Grace stands on the left; the water beyond is where she goes.
  const touchPoints = [{ x: box.x + 3, y: box.y + box.height / 2 }];
  await finger.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints });
  await grace.seesFloe("Ada wins the round.");
  await finger.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
});

async function two(ada, grace) {
  await ada.comeIn("Ada");
  await grace.comeIn("Grace");
  await ada.skate();
  await ada.seesFloe("Waiting for somebody");
  await grace.floes.getByText("1 of 8 seated").waitFor();
  await grace.skate();
  await ada.seesFloe("Push the others");
  await grace.seesFloe("Push the others");
}

async function three(ada, grace, edsger) {
  await edsger.comeIn("Edsger");
  await two(ada, grace);
  await edsger.floes.getByRole("button", { name: /Ada’s floe/ }).click();
  await edsger.floe.waitFor();
}

function picture(visitor) {
  return visitor.ice.evaluate((canvas) => canvas.toDataURL());
}

/** Waits until the ice looks different. */
async function changes(visitor, before) {
  const { page } = visitor;
  await page.waitForFunction(
    (old) => document.querySelector("[data-part=ice]").toDataURL() !== old,
    before,
  );
}
