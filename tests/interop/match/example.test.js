// A whole match in the room of examples/rock-paper-scissors, by its own two clients.

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import path from "node:path";
import process from "node:process";
import { after, before, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { io } from "socket.io-client";
import { until, within } from "../js/support/wait.js";

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const CLIENTS = here("../../../examples/rock-paper-scissors/clients");
const run = promisify(execFile);

let server, url;
before(async () => {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address();
  probe.close();
  await once(probe, "close");
  url = `http://127.0.0.1:${port}`;
  server = spawn(process.env.EXAMPLE_BIN, [String(port)], { stdio: ["ignore", "ignore", "inherit"] });
  process.on("exit", () => server.kill("SIGKILL"));
  let up = false;
  const ask = () => fetch(url).then(() => (up = true), () => setTimeout(ask, 20));
  ask();
  await until(() => up, "the server listens", 20_000);
});
after(() => server.kill("SIGKILL"));

it("is played to the end by JavaScript and Python, across a broken connection, and looked on at", async () => {
  const lobby = io(url, { forceNew: true });
  const { path: room } = await within(lobby.emitWithAck("room:create", {}), "a room");
  const heard = [];
  const watcher = io(url + room, { forceNew: true, auth: { join: { role: "spectator" } } });
  watcher.on("shown", ({ round }) => heard.push(round));
  const [seen] = await within(once(watcher, "state"), "the watcher is in");
  assert.equal(seen.full.phase, "waiting");

  const env = { ...process.env, NODE_PATH: here("../node_modules") };
  const js = [path.join(CLIENTS, "play.js"), url, "Ann", "rock,rock,paper,rock,scissors"];
  const py = [path.join(CLIENTS, "play.py"), url, "Bob", "scissors,rock,scissors,scissors,paper"];
  const played = await Promise.all([
    run(process.execPath, js, { env, timeout: 30_000 }),
    run(here("../python/.venv/bin/python"), py, { env, timeout: 30_000 }),
  ]);
  const [ann, bob] = played.map(({ stdout }) => stdout.trim().split("\n"));
  assert.ok(ann.includes("comes back: true"), ann);
  assert.ok(ann.includes("after the end: no_round"), ann);
  assert.equal(ann.at(-1), "Ann wins in round 5");
  assert.equal(bob.at(-1), "Ann wins in round 5");
  await until(() => heard.length === 5, "the watcher saw every round");
  for (const socket of [lobby, watcher]) socket.disconnect();
});
