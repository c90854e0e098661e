// A stock client with a memory: each event goes into a queue of its name, so that no test can miss one by asking late.

import { within } from "./wait.js";

const LIFE = ["connect", "connect_error", "disconnect"];

export class Peer {
  #queues = new Map();

  constructor(socket) {
    this.socket = socket;
    const hear = (event, ...args) => this.#queue(event).push(args);
    if (socket.onAny) socket.onAny(hear);
    else hearAll(socket, hear);
    for (const event of LIFE) socket.on(event, (...args) => hear(event, ...args));
  }

  get id() {
    return this.socket.id;
  }

  /** Whether the client will come back by itself, or is about to connect. */
  get active() {
    return this.socket.active ?? Boolean(this.socket.subs);
  }

  /** Name of the transport that is in use now. */
  get transport() {
    return this.socket.io.engine.transport.name;
  }

  emit(...args) {
    this.socket.emit(...args);
  }

  /** Arguments of the next event of that name, whether it came already or not; events with an ack have it as last argument. */
  next(event, ms) {
    return within(this.#queue(event).shift(), `"${event}"`, ms);
  }

  /** How many events of that name have come and were not asked for. */
  waiting(event) {
    return this.#queue(event).length;
  }

  /** All arguments of the ack. */
  ask(event, ...args) {
    const answer = new Promise((resolve) => this.socket.emit(event, ...args, (...answer) => resolve(answer)));
    return within(answer, `the ack of "${event}"`);
  }

  /** What this peer was told by `said` before the speaker's closing word: proof of absence without a pause. */
  async heardFrom(speaker) {
    const closing = `closing word ${speaker.id}`;
    await speaker.ask("say", this.id, closing);
    const heard = [];
    for (;;) {
      const [words] = await this.next("said");
      if (words === closing) return heard;
      heard.push(words);
    }
  }

  #queue(event) {
    if (!this.#queues.has(event)) this.#queues.set(event, new Queue());
    return this.#queues.get(event);
  }
}

/** What `onAny` is in version 2, and its only way to tell of a refusal. */
function hearAll(socket, hear) {
  const { onevent } = socket;
  socket.onevent = (packet) => {
    const ack = packet.id === undefined ? [] : [socket.ack(packet.id)];
    hear(...packet.data, ...ack);
    onevent.call(socket, packet);
  };
  socket.on("error", (...args) => hear("error", ...args));
}

class Queue {
  #items = [];
  #takers = [];

  get length() {
    return this.#items.length;
  }

  push(item) {
    const taker = this.#takers.shift();
    if (taker) taker(item);
    else this.#items.push(item);
  }

  shift() {
    if (this.#items.length > 0) return Promise.resolve(this.#items.shift());
    return new Promise((resolve) => this.#takers.push(resolve));
  }
}
