/**
 * Somebody with a browser: does what people do, and sees what they see.
 *
 * Things are found by role and label, as assistive technology finds them. Every
 * `sees…` waits for its condition and fails when the bound is over.
 */

import assert from "node:assert/strict";

/** The bound on every wait. Generous, for machines that have other things to do. */
export const WAIT_MS = 20_000;

/** The same for somebody who has closed the page. */
const GONE_MS = WAIT_MS + 15_000;

/** What a browser says while its server is gone. */
export const OUTAGE = [
  { text: /net::ERR_(CONNECTION_(REFUSED|RESET|CLOSED|ABORTED)|EMPTY_RESPONSE|SOCKET_NOT_CONNECTED)/ },
  { text: /net::ERR_INCOMPLETE_CHUNKED_ENCODING/ },
  { text: /WebSocket connection to .* failed/ },
  // A server that has just started does not know the sessions of the one before.
  { text: /status of 400/, url: /\/socket\.io\// },
];

/** A refusal ends a connection that may be on its way from polling to WebSocket. */
export const REFUSAL = [
  { text: /WebSocket is closed before the connection is established/ },
  { text: /status of 400/, url: /\/socket\.io\/.*transport=polling.*sid=/ },
];

/** A name that the server refuses. */
export const REFUSED_NAME = [{ text: /status of 400/, url: /\/login$/ }];

/** A refresh token that the server does not take. */
export const REFUSED_RENEWAL = { text: /status of 401/, url: /\/refresh$/ };

/** Both are ready; red, who opened the table, begins. */
export async function begin(red, yellow) {
  await red.press("Ready");
  await yellow.seesVerdict("is ready.");
  await yellow.press("Ready");
  await red.seesVerdict("Your turn.");
}

export class Visitor {
  /** What the browser complained about and no `expecting` announced. */
  complaints = [];
  /** The visitor's latest WebSocket, when it is tapped. */
  wire = null;
  #expected = [];
  #told = [];

  constructor(page) {
    this.page = page;
    page.on("websocket", (wire) => wire.on("framereceived", ({ payload }) => this.#listen(payload)));
    page.on("pageerror", (error) => this.complaints.push(`uncaught: ${error.message}`));
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") this.#hear(message);
    });
    this.nameField = page.getByLabel("Your name");
    this.message = page.getByRole("textbox", { name: /^Message to / });
    this.log = page.getByRole("log");
    this.link = page.locator("[data-part=link]");
    this.here = page.getByRole("list", { name: "Here", exact: true });
    this.gone = page.getByRole("list", { name: "Not here" });
    this.wish = page.getByLabel("Be seen as");
    this.rooms = page.getByRole("navigation", { name: "Rooms" });
    this.roomField = page.getByLabel("Enter another room");
    this.title = page.getByRole("main").getByRole("heading", { level: 2 });
    this.tables = page.getByRole("list", { name: "Tables" });
    this.table = page.getByRole("main").getByRole("region", { name: "Four in a row" });
    this.board = page.getByRole("group", { name: "Board" });
    this.seats = page.getByRole("list", { name: "Seats" });
    this.verdict = this.table.getByRole("status");
    this.floes = page.getByRole("list", { name: "Floes" });
    this.floe = page.getByRole("main").getByRole("region", { name: "Ice floe" });
    this.ice = this.floe.getByRole("application");
    this.skaters = this.floe.getByRole("list", { name: "Players" });
    this.floeVerdict = this.floe.getByRole("status");
    this.alert = page.getByRole("alert");
  }

  /** Lets complaints of these kinds pass while `action` runs, and only then. */
  async expecting(kinds, action) {
    this.#expected = kinds;
    try {
      return await action();
    } finally {
      this.#expected = [];
    }
  }

  /** Puts this visitor's WebSocket into our hands, as `wire`. */
  async tap() {
    await this.page.routeWebSocket(/\/socket\.io\//, (toPage) => {
      const toServer = toPage.connectToServer();
      const wire = {
        deaf: false,
        /** Hands the page a packet that the server never sent. */
        tell: (packet) => toPage.send(packet),
        cut: async () => {
          await toPage.close();
          await toServer.close();
        },
      };
      toPage.onMessage((packet) => toServer.send(packet));
      toServer.onMessage((packet) => {
        if (!wire.deaf) toPage.send(packet);
      });
      this.wire = wire;
    });
  }

  async comeIn(name) {
    await this.nameField.fill(name);
    await this.page.getByRole("button", { name: "Come in" }).click();
    await this.seesRoom("lounge");
    await this.seesConnected();
    await this.seesHere(name);
  }

  async say(text) {
    await this.message.fill(text);
    await this.message.press("Enter");
  }

  async enterRoom(name) {
    await this.roomField.fill(name);
    await this.roomField.press("Enter");
    await this.seesRoom(name);
  }

  async chooseRoom(name) {
    await this.roomButton(name).click();
    await this.seesRoom(name);
  }

  /** Presses a button at the table in view. */
  async press(name) {
    await this.table.getByRole("button", { name, exact: true }).click();
  }

  /** Drops a disc into a column, counted from 1, and sees it land as the `height`th there. */
  async drop(column, height) {
    await this.seesVerdict("Your turn.");
    await this.column(column).click();
    await this.seesDiscs(column, height);
  }

  column(number) {
    return this.board.getByRole("button", { name: new RegExp(`^Column ${number},`) });
  }

  async seesDiscs(column, count) {
    const held = count === 0 ? "empty" : `from below: (red|yellow)(, (red|yellow)){${count - 1}}`;
    await this.board.getByRole("button", { name: new RegExp(`^Column ${column}, ${held}$`) }).waitFor();
  }

  async seesVerdict(text) {
    await this.verdict.filter({ hasText: text }).waitFor();
  }

  async seesSeat(text) {
    await this.seats.getByRole("listitem").filter({ hasText: text }).waitFor();
  }

  /** Takes a seat where somebody waits, or at a new table. */
  async play() {
    await this.page.getByRole("button", { name: "Play four in a row" }).click();
    await this.table.waitFor();
  }

  /** Goes onto a floe where others are, or onto a new one. */
  async skate() {
    await this.page.getByRole("button", { name: "Play ice floe" }).click();
    await this.floe.waitFor();
  }

  async seesFloe(text) {
    await this.floeVerdict.filter({ hasText: text }).waitFor();
  }

  async seesSkater(text) {
    await this.skaters.getByRole("listitem").filter({ hasText: text }).waitFor();
  }

  /** Steers with a key until something holds. */
  async holds(key, until) {
    await this.ice.focus();
    await this.page.keyboard.down(key);
    await until();
    await this.page.keyboard.up(key);
  }

  /** Counts the WebSockets that this visitor loses from now on. */
  countLosses() {
    const losses = { count: 0 };
    this.page.on("websocket", (socket) => socket.on("close", () => (losses.count += 1)));
    return losses;
  }

  roomButton(name) {
    return this.rooms.getByRole("button", { name: new RegExp(`^${name}( \\d|$)`) });
  }

  messages(text) {
    return this.log.getByRole("article").filter({ has: this.page.getByText(text, { exact: true }) });
  }

  /** Settled messages: not those that are on their way. */
  settled(text) {
    return this.messages(text).and(this.page.locator("article:not(.pending)"));
  }

  async seesMessage(text) {
    await this.settled(text).waitFor();
    assert.equal(await this.settled(text).count(), 1, `“${text}” is shown once`);
  }

  async seesRoom(name) {
    await this.title.filter({ hasText: new RegExp(`^${name}$`) }).waitFor();
  }

  /** What is typed now goes into the message. */
  async writes() {
    await this.message.and(this.page.locator(":focus")).waitFor();
  }

  async seesConnected(transport = /WebSocket/) {
    await this.link.filter({ hasText: "Connected" }).filter({ hasText: transport }).waitFor();
  }

  async seesReconnecting() {
    await this.link.filter({ hasText: /Reconnecting….*attempt [1-9]/s }).waitFor();
  }

  /** Two may have the same name: who came in anew is another person, and the one before is here for a while. */
  async seesHere(name) {
    await this.here.getByRole("listitem").filter({ hasText: name }).first().waitFor();
  }

  /** Gone for good: a page that is closed may still come back for 15 s. */
  async seesGone(name) {
    await this.gone.getByRole("listitem").filter({ hasText: name }).waitFor({ timeout: GONE_MS });
    await this.here.getByRole("listitem").filter({ hasText: name }).waitFor({ state: "detached" });
  }

  /** Somebody in the list of who is here, with these words below the name. */
  async seesHereAs(name, words) {
    await this.here.getByRole("listitem").filter({ hasText: name }).filter({ hasText: words }).waitFor();
  }

  /** Somebody who is not here, with these words below the name. */
  async seesGoneAs(name, words) {
    await this.gone.getByRole("listitem").filter({ hasText: name }).filter({ hasText: words }).waitFor();
  }

  /** What was told of presence since this was asked last, and when: events with their payloads. */
  told() {
    const told = this.#told;
    this.#told = [];
    return told;
  }

  async seesNotice(text) {
    await this.log.getByText(text).first().waitFor();
  }

  async seesDoor(reason) {
    await this.nameField.waitFor();
    if (reason !== undefined) await this.page.getByRole("status").filter({ hasText: reason }).waitFor();
  }

  /** What this tab keeps about the visit. */
  stored() {
    return this.page.evaluate(() => JSON.parse(sessionStorage.getItem("greenroom.session")));
  }

  /** Waits until the tab has another token. */
  async seesTokenChange() {
    const { token } = await this.stored();
    await this.page.waitForFunction(
      (before) => JSON.parse(sessionStorage.getItem("greenroom.session")).token !== before,
      token,
    );
  }

  /** Goes on with another token, as somebody does who tampers with it. */
  async reloadWithToken(token, others = {}) {
    await this.page.evaluate((forged) => {
      const session = JSON.parse(sessionStorage.getItem("greenroom.session"));
      sessionStorage.setItem("greenroom.session", JSON.stringify({ ...session, ...forged }));
    }, { token, ...others });
    await this.page.reload();
  }

  #listen(packet) {
    const [, event] = /^42\/lobby,(\["(?:presence|typing):.*)$/s.exec(packet) ?? [];
    if (event === undefined) return;
    const [name, payload] = JSON.parse(event);
    this.#told.push({ at: performance.now(), name, payload });
  }

  #hear(message) {
    const text = message.text();
    const { url } = message.location();
    const expected = this.#expected.some((kind) => kind.text.test(text) && (kind.url?.test(url) ?? true));
    if (!expected) this.complaints.push(`${message.type()}: ${text} (${url})`);
  }
}
