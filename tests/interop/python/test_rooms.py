"""Custom rooms, played by python-socketio and by a client that has nothing but a WebSocket."""

import asyncio
import unittest
from pathlib import Path

import socketio
from fixture import IS_ORACLE, Fixture
from merge_patch import merge

PATIENCE_S = 8


class Player:
    """A stock client in a room, and what it sees of the state."""

    def __init__(self, url, path, join):
        self.url, self.path, self.join = url, path, join
        self.state, self.events = {}, asyncio.Queue()
        self.client = socketio.AsyncClient(reconnection=False)
        self.client.on("joined", self._joined, namespace=path)
        self.client.on("state", self._full, namespace=path)
        self.client.on("patch", self._patch, namespace=path)
        for name in ("shown", "won", "dismissed"):
            self.client.on(name, self._event(name), namespace=path)

    async def __aenter__(self):
        self.ready = asyncio.Event()
        await self.client.connect(self.url, auth={"join": self.join}, namespaces=[self.path])
        await asyncio.wait_for(self.ready.wait(), PATIENCE_S)
        return self

    async def __aexit__(self, *_):
        await self.client.disconnect()

    async def ask(self, event, *args):
        data = args if len(args) != 1 else args[0]
        return await self.client.call(event, data, namespace=self.path, timeout=PATIENCE_S)

    async def next(self):
        return await asyncio.wait_for(self.events.get(), PATIENCE_S)

    async def _joined(self, me):
        self.me = me

    async def _full(self, frame):
        self.state = frame["full"]
        self.ready.set()

    async def _patch(self, frame):
        self.state = merge(self.state, frame.get("d", {}))

    def _event(self, name):
        async def note(*args):
            await self.events.put((name, *args))

        return note


def of_the_guide():
    """The client in ten lines of docs/guide/gateway.md."""
    guide = (Path(__file__).parents[3] / "docs/guide/gateway.md").read_text()
    known = {}
    exec(guide.split("```python\n")[1].split("```")[0], known)
    return known["play"]


@unittest.skipIf(IS_ORACLE, "the reference has no custom rooms")
class Rooms(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.fixture = Fixture(program="greenroom-rooms")
        await self.fixture.start()
        self.addAsyncCleanup(self.fixture.end)

    async def test_two_play_a_whole_match(self):
        async with Player(self.fixture.url, "/duel", {"create": True}) as ann:
            async with Player(self.fixture.url, f"/duel/{ann.me['room']}", {}) as bob:
                for mine, theirs in (("rock", "scissors"), ("paper", "paper"), ("scissors", "paper")):
                    self.assertEqual(await ann.ask("choose", mine), "chosen")
                    self.assertEqual(await bob.ask("choose", theirs), "chosen")
                    self.assertEqual((await ann.next())[1][bob.me["id"]], theirs)
                self.assertEqual(await ann.next(), ("won", ann.me["id"]))
                self.assertEqual(await ann.next(), ("dismissed", {"reason": "finished"}))
                self.assertEqual(ann.state["score"], {ann.me["id"]: 2, bob.me["id"]: 0})

    async def test_a_refusal_has_code_and_data(self):
        client = socketio.AsyncClient(reconnection=False)
        told = asyncio.get_running_loop().create_future()
        client.on("connect_error", lambda error: told.set_result(error), namespace="/duel")
        with self.assertRaises(socketio.exceptions.ConnectionError):
            join = {"mode": "chess", "create": True}
            await client.connect(self.fixture.url, auth={"join": join}, namespaces=["/duel"], wait_timeout=PATIENCE_S)
        error = await asyncio.wait_for(told, PATIENCE_S)
        self.assertEqual(error["data"]["code"], "bad_mode")

    async def test_a_plain_websocket_plays_a_whole_match(self):
        async with Player(self.fixture.url, "/duel", {"create": True}) as ann:
            url = f"{self.fixture.url.replace('http', 'ws')}/rooms/duel/{ann.me['room']}"
            play = of_the_guide()
            plain = asyncio.create_task(asyncio.to_thread(lambda: list(play(url, ["rock", "rock"]))))
            for _ in range(2):
                await ann.ask("choose", "paper")
                self.assertEqual((await ann.next())[0], "shown")
            self.assertEqual(await ann.next(), ("won", ann.me["id"]))
            events = await asyncio.wait_for(plain, PATIENCE_S)
            names = [event["event"] for event in events if event.get("event") not in (None, "state", "patch")]
            self.assertEqual(names, ["joined", "shown", "shown", "won"])
            self.assertIn({"ack": 1, "args": ["chosen"]}, events)


if __name__ == "__main__":
    unittest.main()
