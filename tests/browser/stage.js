/**
 * A stage for one test file: one browser, and for every scene a new server and
 * new visitors.
 *
 * Every visitor has a browser context of their own, so nothing is shared, and
 * everything their browser complains about is collected. A scene fails when
 * there is a complaint that it has not announced.
 */

import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { chromium } from "playwright-core";

import { LobbyServer } from "./server.js";
import { Visitor, WAIT_MS } from "./visitor.js";

const screenshots = path.join(path.dirname(fileURLToPath(import.meta.url)), "screenshots");

/** One scene, from the first visitor to the last check. */
const SCENE_MS = 120_000;

/** Headless and without anything that talks to the network by itself. The profile is a new, empty one. */
const flags = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Sets the stage up for the tests of a file. */
export function stage() {
  let browser = null;
  before(async () => {
    await mkdir(screenshots, { recursive: true });
    browser = await chromium.launch({
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      headless: true,
      args: flags,
    });
  });
  after(async () => {
    await browser?.close();
  });

  /** A test with visitors; `visit` brings a new one, at the door. `settings` are the server's. */
  const scene = (name, play, settings = {}) => {
    test(name, { timeout: SCENE_MS }, async () => {
      const server = await LobbyServer.start(settings);
      const visitors = [];
      const visit = async (options = {}) => {
        const visitor = await newVisitor(browser, server, options);
        visitors.push(visitor);
        return visitor;
      };
      /** A window that a visitor opened out of the page: the same person once more. */
      const another = async (visitor) => {
        const opened = visitor.page.waitForEvent("popup");
        await visitor.page.getByRole("link", { name: "Another window" }).click();
        const tab = new Visitor(await opened);
        visitors.push(tab);
        return tab;
      };
      try {
        await play({ server, visit, another });
        for (const visitor of visitors) assert.deepEqual(visitor.complaints, []);
      } finally {
        await Promise.all(visitors.map((visitor) => visitor.page.context().close()));
        await server.kill();
      }
    });
  };
  return { scene };
}

export function screenshotPath(name) {
  return path.join(screenshots, `${name}.png`);
}

/**
 * `init` runs in the page before the page's own script; `wiretap` puts the visitor's WebSocket into our hands;
 * `debug` asks for rooms that can be crashed.
 */
async function newVisitor(browser, server, { init, wiretap = false, debug = false, ...options }) {
  const context = await browser.newContext({
    viewport: { width: 1180, height: 760 },
    locale: "en-GB",
    reducedMotion: "reduce",
    ...options,
  });
  context.setDefaultTimeout(WAIT_MS);
  if (init !== undefined) await context.addInitScript(init);
  const visitor = new Visitor(await context.newPage());
  if (wiretap) await visitor.tap();
  await visitor.page.goto(debug ? `${server.url}/?debug` : server.url);
  return visitor;
}
