"""A whole match of four in a row, played by stock Python clients through the contract of custom rooms."""

import asyncio
import json
import os
import socket
import tempfile
import unittest
import urllib.request

import socketio
from merge_patch import merge

PATIENCE_S = 8
START_S = 20
RED_WINS = [0, 1, 0, 1, 0, 1, 0]


class Lobby:
    async def start(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.folder = tempfile.TemporaryDirectory()
        secret = "match-0123456789abcdef0123456789abcdef"
        env = {**os.environ, "PORT": str(port), "WEB_ROOT": self.folder.name, "JWT_SECRET": secret, "RUST_LOG": "error"}
        self.process = await asyncio.create_subprocess_exec(os.environ["LOBBY_BIN"], env=env, cwd=self.folder.name)
        self.url = f"http://127.0.0.1:{port}"
        async with asyncio.timeout(START_S):
            while not await self.listens(port):
                await asyncio.sleep(0.02)

    async def listens(self, port):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            return False
        writer.close()
        return True

    async def end(self):
        self.process.kill()
        await self.process.wait()
        self.folder.cleanup()

    def log_in(self, name):
        body = json.dumps({"name": name}).encode()
        request = urllib.request.Request(f"{self.url}/login", body, {"content-type": "application/json"})
        with urllib.request.urlopen(request) as response:
            return json.load(response)["token"]


class Player:
    """A client in one room, and the room's state."""

    def __init__(self, path):
        self.path = path
        self.client = socketio.AsyncClient(reconnection_delay=0.1, reconnection_delay_max=0.2)
        self.joined = []
        self.state = None
        self.offset = None
        self.client.on("joined", self.joined.append, namespace=path)
        self.client.on("state", self.on_state, namespace=path)
        self.client.on("patch", self.on_patch, namespace=path)

    async def connect(self, url, token, transports, **join):
        auth = {"token": token, "join": join}
        await self.client.connect(
            url, namespaces=[self.path], auth=auth, transports=transports, wait_timeout=PATIENCE_S
        )

    def on_state(self, frame):
        self.state, self.offset = frame["full"], frame["o"]

    async def on_patch(self, frame):
        if frame["from"] != self.offset:
            await self.client.emit("resync", namespace=self.path)
            return
        self.state, self.offset = merge(self.state, frame["d"]), frame["o"]

    async def do(self, event, arg):
        answer = await self.client.call(event, arg, namespace=self.path, timeout=PATIENCE_S)
        return answer["error"]["code"] if answer else None

    async def sees(self, condition):
        async with asyncio.timeout(PATIENCE_S):
            while self.state is None or not condition(self.state["table"]):
                await asyncio.sleep(0.005)


@unittest.skipUnless("LOBBY_BIN" in os.environ, "LOBBY_BIN does not name the lobby's executable")
class Match(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.lobby = Lobby()
        await self.lobby.start()
        self.addAsyncCleanup(self.lobby.end)

    async def test_four_in_a_row_over_polling(self):
        await self.play(["polling"])

    async def test_four_in_a_row_over_websocket(self):
        await self.play(["websocket"])

    async def play(self, transports):
        players = []
        for name in ("Ann", "Bob", "Cat"):
            role = "spectator" if name == "Cat" else "player"
            player = Player("/four")
            # The first one makes the room, the others find it.
            await player.connect(self.lobby.url, self.lobby.log_in(name), transports, role=role)
            self.addAsyncCleanup(player.client.disconnect)
            await player.sees(lambda table: role == "spectator" or f'"{name}"' in json.dumps(table))
            players.append(player)
        red, yellow, watcher = players
        self.assertEqual(len({player.joined[0]["room"] for player in players}), 1)
        for seat in (red, yellow):
            self.assertIsNone(await seat.do("ready", True))
        for turn, column in enumerate(RED_WINS):
            mover, other = (red, yellow) if turn % 2 == 0 else (yellow, red)
            self.assertEqual(await other.do("drop", column), "not_your_turn")
            self.assertIsNone(await mover.do("drop", column))
            height = len(mover.state["table"]["board"][column])
            for seat in (other, watcher):
                await seat.sees(lambda table: len(table["board"][column]) == height)
        self.assertEqual(red.state["table"]["phase"]["outcome"]["winner"], "red")
        self.assertEqual(watcher.state, red.state)
        self.assertEqual(await watcher.do("ready", True), "spectator")


if __name__ == "__main__":
    unittest.main()
