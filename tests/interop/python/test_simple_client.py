"""python-socketio, the simple blocking client: a smoke test on each way to connect."""

import asyncio
import unittest

import socketio
from fixture import Fixture

PATIENCE_S = 8
BYTES = bytes(range(256))


class SimpleClient(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.fixture = Fixture()
        await self.fixture.start()
        self.addAsyncCleanup(self.fixture.end)

    async def test_talks_over_polling(self):
        await asyncio.to_thread(self.talk, ["polling"])

    async def test_talks_over_websocket(self):
        await asyncio.to_thread(self.talk, ["websocket"])

    async def test_talks_over_polling_then_websocket(self):
        await asyncio.to_thread(self.talk, ["polling", "websocket"])

    async def test_is_refused(self):
        await asyncio.to_thread(self.meet_a_refusal)

    def talk(self, transports):
        with socketio.SimpleClient() as ann, socketio.SimpleClient() as bob:
            for client, name in ((ann, "ann"), (bob, "bob")):
                client.connect(self.fixture.url, auth={"name": name}, transports=transports, wait_timeout=PATIENCE_S)
                self.assertEqual(client.receive(PATIENCE_S), ["auth", {"name": name}])
                self.assertEqual(client.call("join", "room", PATIENCE_S), "ok")
                self.assertEqual(client.transport, transports[-1])
            ann.emit("message", ("text", BYTES))
            self.assertEqual(ann.receive(PATIENCE_S), ["message-back", "text", BYTES])
            self.assertEqual(ann.call("message-with-ack", {"deep": [BYTES]}, PATIENCE_S), {"deep": [BYTES]})
            self.assertEqual(ann.call("shout", ("room", "hello"), PATIENCE_S), "ok")
            self.assertEqual(bob.receive(PATIENCE_S), ["said", "hello"])

    def meet_a_refusal(self):
        with socketio.SimpleClient() as client, self.assertRaises(socketio.exceptions.ConnectionError):
            client.connect(self.fixture.url, namespace="/nowhere", wait_timeout=PATIENCE_S)


if __name__ == "__main__":
    unittest.main()
