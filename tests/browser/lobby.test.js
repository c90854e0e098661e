/** Names, talk, rooms: what the page is for. */

import assert from "node:assert/strict";

import { stage } from "./stage.js";
import { REFUSED_NAME } from "./visitor.js";

const { scene } = stage();

scene("what is wrong with a name is said at the field", async ({ visit }) => {
  const ada = await visit();
  const alert = ada.page.getByRole("alert");
  const comeIn = ada.page.getByRole("button", { name: "Come in" });

  await comeIn.click();
  await alert.filter({ hasText: "Please give a name." }).waitFor();
  await ada.nameField.fill("x".repeat(25));
  await alert.filter({ hasText: /./ }).waitFor({ state: "hidden" });
  await comeIn.click();
  await alert.filter({ hasText: "That is 25 characters; the limit is 24." }).waitFor();
  await ada.expecting(REFUSED_NAME, async () => {
    await ada.nameField.fill("Ada\u0007");
    await comeIn.click();
    await alert.filter({ hasText: /control/i }).waitFor();
  });

  assert.equal(await ada.nameField.getAttribute("aria-invalid"), "true");
  assert.ok(await ada.nameField.evaluate((field) => field === document.activeElement));
  await ada.comeIn("  Ada  ");
  await ada.seesHere("Ada");
});

scene("two people talk in both directions and see who is here and who left", async ({ visit }) => {
  const ada = await visit();
  const grace = await visit();
  await ada.comeIn("Ada");
  await grace.comeIn("Grace");

  await ada.seesHere("Grace");
  await grace.seesHere("Ada");
  await ada.seesNotice("Grace came in");
  await ada.say("Good evening, Grace");
  await grace.seesMessage("Good evening, Grace");
  await grace.say("Good evening, Ada");
  await ada.seesMessage("Good evening, Ada");
  await ada.seesMessage("Good evening, Grace");

  await grace.page.close();
  await ada.seesGone("Grace");
  await ada.seesNotice("Grace went away");
});

scene("who comes later reads what was said before", async ({ visit }) => {
  const ada = await visit();
  await ada.comeIn("Ada");
  await ada.say("Said before Grace came");
  await ada.seesMessage("Said before Grace came");

  const grace = await visit();
  await grace.comeIn("Grace");
  await grace.seesMessage("Said before Grace came");
});

scene("messages stay in their room, and the other room counts them", async ({ visit }) => {
  const [ada, grace, edsger] = [await visit(), await visit(), await visit()];
  await ada.comeIn("Ada");
  await grace.comeIn("Grace");
  await edsger.comeIn("Edsger");
  await ada.enterRoom("green-table");
  await grace.enterRoom("green-table");
  await ada.seesHere("Grace");
  await grace.chooseRoom("lounge");

  await ada.say("Only for the table");
  await ada.seesMessage("Only for the table");
  await grace.rooms.getByRole("button", { name: "green-table 1 unread" }).waitFor();
  await ada.chooseRoom("lounge");
  await ada.say("For all in the lounge");
  await edsger.seesMessage("For all in the lounge");
  await grace.seesMessage("For all in the lounge");

  assert.equal(await edsger.messages("Only for the table").count(), 0);
  assert.equal(await grace.messages("Only for the table").count(), 0);
  await grace.chooseRoom("green-table");
  await grace.seesMessage("Only for the table");
  assert.equal(await grace.messages("For all in the lounge").count(), 0);
  await grace.rooms.getByRole("button", { name: "green-table", exact: true }).waitFor();
});

scene("a draft stays with its room", async ({ visit }) => {
  const ada = await visit();
  await ada.comeIn("Ada");
  await ada.message.fill("half a thou");
  await ada.enterRoom("library");

  assert.equal(await ada.message.inputValue(), "");
  await ada.chooseRoom("lounge");
  assert.equal(await ada.message.inputValue(), "half a thou");
});

scene("leaving a room is seen there, and the last one leaves an empty page with a way on", async ({ visit }) => {
  const ada = await visit();
  const grace = await visit();
  await ada.comeIn("Ada");
  await grace.comeIn("Grace");
  await ada.seesHere("Grace");

  await grace.page.getByRole("button", { name: "Leave lounge" }).click();
  await grace.page.getByText("You are in no room. Enter one by its name.").waitFor();
  await ada.seesGone("Grace");
  await ada.seesNotice("Grace left");
  await grace.enterRoom("lounge");
  await ada.seesHere("Grace");
  await ada.gone.waitFor({ state: "hidden" });
});

scene("a room's name that cannot be is explained at its field", async ({ visit }) => {
  const ada = await visit();
  await ada.comeIn("Ada");
  await ada.roomField.fill("not a room!");
  await ada.roomField.press("Enter");

  await ada.rooms.getByRole("alert").filter({ hasText: /1 to 32/ }).waitFor();
  await ada.seesRoom("lounge");
  assert.equal(await ada.rooms.getByRole("listitem").count(), 1);
});

scene("a reload comes back with name, rooms and messages", async ({ visit }) => {
  const ada = await visit();
  const grace = await visit();
  await ada.comeIn("Ada");
  await grace.comeIn("Grace");
  await ada.enterRoom("library");
  await ada.say("Quiet, please");
  await ada.seesMessage("Quiet, please");

  await ada.page.reload();
  await ada.seesRoom("library");
  await ada.seesConnected();
  await ada.seesMessage("Quiet, please");
  await ada.seesHere("Ada");
  await ada.chooseRoom("lounge");
  await ada.seesHere("Grace");
  await grace.say("Welcome back");
  await ada.seesMessage("Welcome back");
});

scene("another tab is another person", async ({ visit, server }) => {
  const ada = await visit();
  await ada.comeIn("Ada");

  const tab = await ada.page.context().newPage();
  await tab.goto(server.url);
  await tab.getByLabel("Your name").waitFor();
});

for (const first of ["the first", "the second"]) {
  scene(`two windows of one person are one entry until both are closed, ${first} before the other`, async ({ visit, another }) => {
    const grace = await visit();
    const ada = await visit();
    await grace.comeIn("Grace");
    await ada.comeIn("Ada");
    const tab = await another(ada);
    await tab.seesConnected();
    await tab.say("From the other window");
    await ada.seesMessage("From the other window");
    await grace.seesMessage("From the other window");
    assert.equal(await grace.here.getByRole("listitem").count(), 2);

    const [closed, open] = first === "the first" ? [ada, tab] : [tab, ada];
    await closed.page.close();
    await open.say("Still here");
    await grace.seesMessage("Still here");
    assert.equal(await grace.here.getByRole("listitem").count(), 2);
    await open.page.close();
    await grace.seesGone("Ada");
    assert.equal(await grace.log.getByText("Ada went away").count(), 1);
    assert.equal(await grace.log.getByText("Ada came in").count(), 1);
  });
}

scene("writing is seen by the others until the message comes or it stops", async ({ visit }) => {
  const ada = await visit();
  const grace = await visit();
  await ada.comeIn("Ada");
  await grace.comeIn("Grace");

  await ada.message.pressSequentially("Good ev");
  await grace.page.getByText("Ada is writing…").waitFor();
  await ada.message.press("Enter");
  await grace.seesMessage("Good ev");
  await grace.page.getByText("Ada is writing…").waitFor({ state: "detached" });
  assert.equal(await ada.page.getByText("is writing…").count(), 0);

  await ada.message.pressSequentially("ening");
  await grace.page.getByText("Ada is writing…").waitFor();
  await grace.page.getByText("Ada is writing…").waitFor({ state: "detached" });
});

scene("the way to the server and back is measured and shown", async ({ visit }) => {
  const ada = await visit();
  await ada.comeIn("Ada");
  await ada.link.filter({ hasText: /WebSocket · \d+ ms/ }).waitFor();
});

scene("signing out is seen by the others and forgets the visit", async ({ visit }) => {
  const ada = await visit();
  const grace = await visit();
  await ada.comeIn("Ada");
  await grace.comeIn("Grace");
  await ada.seesHere("Grace");

  const { refresh } = await grace.stored();
  const leaving = grace.page.waitForResponse((response) => response.url().endsWith("/logout"));
  await grace.page.getByRole("button", { name: "Sign out" }).click();
  await grace.seesDoor();
  assert.equal((await leaving).status(), 200);
  const headers = { "content-type": "application/json" };
  const again = await fetch(new URL("/refresh", grace.page.url()), { method: "POST", headers, body: JSON.stringify({ refresh }) });
  assert.equal((await again.json()).error.code, "token_revoked");
  await ada.seesGone("Grace");
  await ada.seesNotice("Grace left");
  assert.equal(await grace.stored(), null);
  await grace.page.reload();
  await grace.seesDoor();
});

scene("text that looks like markup stays text, in names too", async ({ visit }) => {
  const markup = '<img src=x onerror="window.broken=1"> <b>&amp;</b>';
  const ada = await visit();
  const mallory = await visit();
  await ada.comeIn("Ada");
  await mallory.comeIn("<i>Mallory</i>");
  await mallory.say(markup);

  await ada.seesMessage(markup);
  await ada.seesHere("<i>Mallory</i>");
  assert.equal(await ada.page.locator("#app i, #app b, [onerror]").count(), 0);
  assert.equal(await ada.page.evaluate(() => window.broken), undefined);
});

scene("a message that the server refuses goes back to the writer", async ({ visit }) => {
  const ada = await visit();
  await ada.comeIn("Ada");
  const long = "long ".repeat(6_000).trim();
  await ada.say(long);

  await ada.log.getByText(/^Not sent\. /).waitFor();
  await ada.log.getByRole("button", { name: "Edit and send again" }).click();
  assert.equal(await ada.message.inputValue(), long);
  assert.equal(await ada.log.getByText(/^Not sent\. /).count(), 0);
  await ada.say("shorter");
  await ada.seesMessage("shorter");
});

scene("without WebSocket the talk goes over long polling, and the page says so", async ({ visit }) => {
  const ada = await visit({ init: () => delete window.WebSocket });
  const grace = await visit();
  await ada.nameField.fill("Ada");
  await ada.nameField.press("Enter");
  await ada.seesConnected(/long polling/);
  await grace.comeIn("Grace");

  await grace.say("Do you hear me?");
  await ada.seesMessage("Do you hear me?");
  await ada.say("Slowly, but yes");
  await grace.seesMessage("Slowly, but yes");
});
