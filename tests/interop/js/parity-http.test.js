// What comes over plain HTTP: the client's own bundles, and compressed answers to polls.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { it } from "node:test";
import { fileURLToPath } from "node:url";
import vm from "node:vm";
import { gunzipSync, inflateSync } from "node:zlib";
import { WebSocket } from "ws";
import { raw } from "./support/http.js";
import { parity } from "./support/parity.js";
import { Peer } from "./support/peer.js";

const FOLDER = fileURLToPath(new URL("../node_modules/socket.io-client/dist/", import.meta.url));
const BUNDLES = ["socket.io.js", "socket.io.min.js", "socket.io.esm.min.js", "socket.io.msgpack.min.js"];
const FILES = BUNDLES.flatMap((name) => [name, `${name}.map`]);

function serveClient(stage) {
  const serving = async (settings) => (await stage.ownFixture({ SERVE_CLIENT: FOLDER, ...settings })).url;

  it("serves every bundle and its map, as they are", async () => {
    const url = await serving();
    for (const name of FILES) {
      const answer = await raw(`${url}/socket.io/${name}`);
      assert.equal(answer.status, 200, name);
      assert.deepEqual(answer.body, readFileSync(FOLDER + name), name);
      const type = name.endsWith(".map") ? "application/json" : "application/javascript";
      assert.equal(answer.headers["content-type"], `${type}; charset=utf-8`);
      assert.equal(answer.headers["cache-control"], "public, max-age=0");
      const small = await raw(`${url}/socket.io/${name}?v=1`, { headers: { "accept-encoding": "gzip, deflate, br" } });
      assert.equal(small.headers["content-encoding"], "gzip");
      assert.ok(small.body.length < answer.body.length / 2);
      assert.deepEqual(gunzipSync(small.body), answer.body);
    }
  });

  it("handles 304", async () => {
    const url = `${await serving()}/socket.io/socket.io.js`;
    const { headers } = await raw(url);
    for (const tag of [headers.etag, headers.etag.replace("W/", ""), `"other", ${headers.etag}`, "*"]) {
      const answer = await raw(url, { headers: { "if-none-match": tag } });
      assert.deepEqual([answer.status, answer.body.length, answer.headers.etag], [304, 0, headers.etag]);
    }
    assert.equal((await raw(url, { headers: { "if-none-match": '"other"' } })).status, 200);
    const min = await raw(url.replace(".js", ".min.js"));
    assert.notEqual(min.headers.etag, headers.etag);
  });

  it("applies CORS, answers HEAD, and serves nothing else of the folder", async () => {
    const url = `${await serving()}/socket.io/`;
    const answer = await raw(`${url}socket.io.js`, { headers: { origin: "https://game.example" } });
    assert.equal(answer.headers["access-control-allow-origin"], "*");
    const head = await raw(`${url}socket.io.js`, { method: "HEAD" });
    assert.deepEqual([head.status, head.body.length, head.headers.etag], [200, 0, answer.headers.etag]);
    for (const path of ["package.json", "../package.json", "..%2fpackage.json", "socket.io.js/", "socket.io.js%00", "x/socket.io.js"]) {
      assert.notEqual((await raw(url + path)).status, 200, path);
    }
    assert.equal((await raw(`${url}socket.io.js`, { method: "POST" })).status, 400);
  });

  it("is off unless a folder is given", async () => {
    for (const name of FILES) {
      const answer = await raw(`${stage.fixture.url}/socket.io/${name}`);
      assert.deepEqual([answer.status, JSON.parse(answer.body).message], [400, "Transport unknown"]);
    }
  });

  for (const [bundle, PARSER] of [["socket.io.js"], ["socket.io.min.js"], ["socket.io.msgpack.min.js", "msgpack"]]) {
    it(`${bundle} connects to the server that it came from`, async () => {
      const url = await serving({ PARSER: PARSER ?? "" });
      const page = vm.createContext({ WebSocket, ArrayBuffer, Uint8Array, setTimeout, clearTimeout, TextEncoder, TextDecoder, URL });
      vm.runInContext((await raw(`${url}/socket.io/${bundle}`)).body.toString(), page);
      const socket = page.io(url, { transports: ["websocket"], reconnection: false });
      const peer = new Peer(socket);
      await peer.next("connect");
      assert.equal(JSON.stringify(await peer.ask("echo", { bundle })), JSON.stringify([{ bundle }]));
      socket.disconnect();
    });
  }
}

/** A session over polling by hand. */
class Polling {
  static async open(url) {
    const polling = new Polling();
    polling.url = `${url}/socket.io/?EIO=4&transport=polling`;
    const { sid } = JSON.parse((await raw(polling.url)).body.toString().slice(1));
    polling.url += `&sid=${sid}`;
    await polling.post("40");
    await polling.poll();
    return polling;
  }

  post(body) {
    return raw(this.url, { method: "POST", body });
  }

  poll(encodings) {
    return raw(this.url, { headers: encodings ? { "accept-encoding": encodings } : {} });
  }

  /** The answer to a poll with the echo of this text in it. */
  async echo(text, encodings) {
    await this.post(`420${JSON.stringify(["echo", text])}`);
    const answer = await this.poll(encodings);
    answer.expected = `430${JSON.stringify([text])}`;
    return answer;
  }
}

function compression(stage) {
  const text = "a word and another, ".repeat(200);

  it("compresses by default, as the client likes it", async () => {
    const polling = await Polling.open(stage.fixture.url);
    const cases = [
      ["gzip, deflate", "gzip", gunzipSync],
      ["deflate", "deflate", inflateSync],
      ["gzip;q=0.1, deflate;q=0.9", "deflate", inflateSync],
    ];
    for (const [encodings, expected, decode] of cases) {
      const answer = await polling.echo(text, encodings);
      assert.equal(answer.headers["content-encoding"], expected);
      assert.ok(answer.body.length < text.length / 10);
      assert.equal(decode(answer.body).toString(), answer.expected);
    }
  });

  it("compresses large answers, one after another, too", async () => {
    const polling = await Polling.open(stage.fixture.url);
    for (const times of [5, 10, 40, 100]) {
      const answer = await polling.echo(text.repeat(times), "gzip");
      assert.equal(answer.headers["content-encoding"], "gzip");
      assert.equal(gunzipSync(answer.body).toString(), answer.expected);
    }
  });

  it("does not compress below the threshold, nor for who does not take it", async () => {
    const polling = await Polling.open(stage.fixture.url);
    const cases = [
      ["short", "gzip"],
      [text, undefined],
      [text, "br"],
      [text, "identity, gzip;q=0"],
    ];
    for (const [said, encodings] of cases) {
      const answer = await polling.echo(said, encodings);
      assert.equal(answer.headers["content-encoding"], undefined);
      assert.equal(answer.body.toString(), answer.expected);
    }
  });

  it("says what an old client's bytes are, compressed or not", async () => {
    const { url } = await stage.ownFixture({ ALLOW_EIO3: true });
    const seen = [];
    for (const encodings of ["identity", "gzip"]) {
      const open = `${url}/socket.io/?EIO=3&transport=polling`;
      const [, sid] = /"sid":"([^"]+)"/.exec((await raw(open)).body.toString());
      const session = `${open}&sid=${sid}`;
      await raw(session);
      const packets = ['451-0["echo",{"_placeholder":true,"num":0}]', `b4${Buffer.alloc(5_000, 7).toString("base64")}`];
      await raw(session, { method: "POST", body: packets.map((packet) => `${packet.length}:${packet}`).join("") });
      const { headers, body } = await raw(session, { headers: { "accept-encoding": encodings } });
      seen.push([headers["content-type"], headers["content-encoding"] ? gunzipSync(body) : body]);
      assert.equal(headers["content-encoding"], encodings === "gzip" ? "gzip" : undefined);
    }
    assert.deepEqual(seen[1], seen[0]);
    assert.equal(seen[0][0], "application/octet-stream");
    assert.ok(seen[0][1].includes(Buffer.alloc(5_000, 7)));
  });

  it("does not compress if it is off", async () => {
    const { url } = await stage.ownFixture({ HTTP_COMPRESSION: false });
    const polling = await Polling.open(url);
    const answer = await polling.echo(text, "gzip");
    assert.equal(answer.headers["content-encoding"], undefined);
    assert.equal(answer.body.toString(), answer.expected);
  });
}

parity("the client's bundles", serveClient, { over: ["polling"] });
parity("compressed answers", compression, { over: ["polling"] });
