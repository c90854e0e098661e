/** A server that goes away and comes back, and tokens that are not what they were. */

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";

import { stage } from "./stage.js";
import { OUTAGE, REFUSAL, REFUSED_RENEWAL } from "./visitor.js";

const { scene } = stage();

scene("a killed server is shown and survived without a click", async ({ server, visit }) => {
  const ada = await visit();
  const grace = await visit();
  await ada.comeIn("Ada");
  await grace.comeIn("Grace");
  await ada.enterRoom("library");
  await grace.enterRoom("library");
  await ada.say("Before the fall");
  await grace.seesMessage("Before the fall");

  await outage([ada, grace], async () => {
    await server.kill();
    await Promise.all([ada.seesReconnecting(), grace.seesReconnecting()]);
    await ada.page.getByText("The connection is gone").waitFor();
    await ada.say("Written in the dark");
    await ada.log.getByText("Waits for the connection").waitFor();
    await server.restart();
    await Promise.all([ada.seesConnected(), grace.seesConnected()]);
  });

  await grace.seesMessage("Written in the dark");
  await ada.seesMessage("Written in the dark");
  await ada.seesMessage("Before the fall");
  await ada.seesHere("Grace");
  await grace.seesHere("Ada");
  await ada.page.getByText("The connection is gone").waitFor({ state: "hidden" });
  await grace.say("Light again");
  await ada.seesMessage("Light again");
});

scene("every room is entered again after a restart, not only the one in view", async ({ server, visit }) => {
  const ada = await visit();
  const grace = await visit();
  await ada.comeIn("Ada");
  await grace.comeIn("Grace");
  await ada.enterRoom("library");

  await outage([ada, grace], async () => {
    await server.kill();
    await Promise.all([ada.seesReconnecting(), grace.seesReconnecting()]);
    await server.restart();
    await Promise.all([ada.seesConnected(), grace.seesConnected()]);
  });

  await grace.seesHere("Ada");
  await grace.say("Is the lounge there?");
  await ada.rooms.getByRole("button", { name: "lounge 1 unread" }).waitFor();
  await ada.chooseRoom("lounge");
  await ada.seesMessage("Is the lounge there?");
});

scene("a message that was under way when the server died is offered again, not sent twice", async ({ server, visit }) => {
  const ada = await visit();
  await ada.comeIn("Ada");

  await outage([ada], async () => {
    server.freeze();
    await ada.say("Into the void");
    await ada.log.getByText("Sending…").waitFor();
    await server.kill();
    await ada.log.getByText("Perhaps not sent").waitFor();
    await server.restart();
    await ada.seesConnected();
  });

  await ada.log.getByRole("button", { name: "Edit and send again" }).click();
  assert.equal(await ada.message.inputValue(), "Into the void");
  await ada.message.press("Enter");
  await ada.seesMessage("Into the void");
  assert.equal(await ada.messages("Into the void").count(), 1);
});

scene("a message whose answer was lost is found in the room and shown once", async ({ visit }) => {
  const ada = await visit({ wiretap: true });
  const grace = await visit();
  await ada.comeIn("Ada");
  await grace.comeIn("Grace");

  await outage([ada], async () => {
    ada.wire.deaf = true;
    await ada.say("Did that arrive?");
    await grace.seesMessage("Did that arrive?");
    await ada.log.getByText("Sending…").waitFor();
    await grace.say("It did");
    await grace.seesMessage("It did");
    await ada.wire.cut();
    await ada.seesMessage("It did");
  });

  await ada.seesMessage("Did that arrive?");
  assert.equal(await ada.messages("Did that arrive?").count(), 1);
});

scene("an end by the server is shown and left to the visitor", async ({ visit }) => {
  const ada = await visit({ wiretap: true });
  const grace = await visit();
  await ada.comeIn("Ada");
  await grace.comeIn("Grace");

  ada.wire.tell("41/lobby,");
  await ada.link.filter({ hasText: "Disconnected" }).waitFor();
  await ada.page.getByText("The server ended this connection.").waitFor();
  await grace.seesGone("Ada");
  await ada.page.getByRole("button", { name: "Connect again" }).click();
  await ada.seesConnected();
  await grace.seesHere("Ada");
});

scene("an error that the server reports is shown until it is dismissed", async ({ visit }) => {
  const ada = await visit({ wiretap: true });
  await ada.comeIn("Ada");

  ada.wire.tell('42/lobby,["error",{"code":"busy","message":"the lobby is busy"}]');
  await ada.page.getByRole("alert").filter({ hasText: "The lobby is busy." }).waitFor();
  await ada.page.getByRole("button", { name: "Dismiss" }).click();
  await ada.page.getByRole("alert").filter({ hasText: "busy" }).waitFor({ state: "hidden" });
});

scene("a server that cannot be reached is explained at the door", async ({ server, visit }) => {
  const ada = await visit();
  await ada.nameField.fill("Ada");

  await outage([ada], async () => {
    await server.kill();
    await ada.nameField.press("Enter");
    await ada.page.getByRole("alert").filter({ hasText: "cannot be reached" }).waitFor();
    await server.restart();
  });

  await ada.comeIn("Ada");
});

scene("a forged token leads back to the door and is forgotten", async ({ visit }) => {
  const ada = await visit();
  await ada.comeIn("Ada");
  const { token } = await ada.stored();

  await ada.expecting(REFUSAL, async () => {
    await ada.reloadWithToken(withClaims(token, { name: "Root" }));
    await ada.seesDoor("does not know you any more");
  });
  assert.equal(await ada.nameField.inputValue(), "Ada");
  assert.equal(await ada.stored(), null);
  // As somebody else: who she was before may still be on the way back.
  await ada.comeIn("Ada anew");
});

scene("a token that ended while the page was closed is replaced without a question", async ({ server, visit }) => {
  const ada = await visit();
  await ada.comeIn("Ada");
  const { token } = await ada.stored();
  const hourAgo = Math.floor(Date.now() / 1000) - 3600;

  // The page does not know that it has ended: the server says so.
  await ada.expecting(REFUSAL, async () => {
    await ada.reloadWithToken(signed(withClaims(token, { exp: hourAgo }), server.secret));
    await ada.seesRoom("lounge");
    await ada.seesConnected();
  });
  await ada.say("Back again");
  await ada.seesMessage("Back again");
  assert.notEqual((await ada.stored()).token, token);
});

scene("who cannot get another token stands at the door", async ({ server, visit }) => {
  const ada = await visit();
  await ada.comeIn("Ada");
  const { token } = await ada.stored();
  const hourAgo = Math.floor(Date.now() / 1000) - 3600;

  await ada.expecting([...REFUSAL, REFUSED_RENEWAL], async () => {
    const ended = signed(withClaims(token, { exp: hourAgo }), server.secret);
    await ada.reloadWithToken(ended, { refresh: token });
    await ada.seesDoor("your place has lapsed");
  });
  assert.equal(await ada.stored(), null);
});

scene("a token is replaced on the open connection, and nobody notices", async ({ visit }) => {
  const ada = await visit({ wiretap: true });
  const grace = await visit();
  await ada.comeIn("Ada");
  await grace.comeIn("Grace");
  const { token } = await ada.stored();
  const { wire } = ada;

  // Three lives of a token on one connection.
  for (let life = 0; life < 3; life += 1) await ada.seesTokenChange();
  assert.equal(ada.wire, wire, "there was no second connection");
  await ada.say("Still the same evening");
  await grace.seesMessage("Still the same evening");
  assert.notEqual((await ada.stored()).token, token);
  assert.equal(await grace.log.getByText("Ada went away").count(), 0);
}, { tokenSeconds: 4 });

scene("a token that ends all the same costs a reconnect and nothing else", async ({ visit }) => {
  const ada = await visit();
  const grace = await visit();
  await ada.comeIn("Ada");
  await grace.comeIn("Grace");
  await ada.enterRoom("library");

  // The login does not answer until the token has ended.
  await ada.expecting([...OUTAGE, ...REFUSAL], async () => {
    await ada.page.route("**/refresh", (route) => route.abort("connectionrefused"));
    await ada.link.filter({ hasText: "Reconnecting" }).waitFor();
    await ada.page.unroute("**/refresh");
    await ada.seesConnected();
  });
  await ada.seesRoom("library");
  await ada.say("That was short");
  await ada.seesMessage("That was short");
}, { tokenSeconds: 4 });

scene("a token that is signed anew without a change is still good", async ({ server, visit }) => {
  const ada = await visit();
  await ada.comeIn("Ada");
  const { token } = await ada.stored();
  await ada.reloadWithToken(signed(withClaims(token, {}), server.secret));

  await ada.seesRoom("lounge");
  await ada.seesConnected();
});

scene("a server that comes back with other keys asks for the name again", async ({ server, visit }) => {
  const ada = await visit();
  await ada.comeIn("Ada");

  await outage([ada], async () => {
    await server.kill();
    await ada.seesReconnecting();
    server.changeSecret();
    await server.restart();
    await ada.seesDoor("does not know you any more");
  });

  await ada.comeIn("Ada");
});

/** Everybody's browser may complain about the network until `action` is done. */
function outage([visitor, ...others], action) {
  return visitor.expecting(OUTAGE, () => (others.length === 0 ? action() : outage(others, action)));
}

/** The token with other claims and the signature that it had. */
function withClaims(token, claims) {
  const [header, payload, signature] = token.split(".");
  const changed = { ...JSON.parse(Buffer.from(payload, "base64url").toString()), ...claims };
  return [header, Buffer.from(JSON.stringify(changed)).toString("base64url"), signature].join(".");
}

/** The token signed anew, HS256 as the server does it. */
function signed(token, secret) {
  const body = token.split(".").slice(0, 2).join(".");
  return `${body}.${createHmac("sha256", secret).update(body).digest("base64url")}`;
}
