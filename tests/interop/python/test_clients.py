"""python-socketio, the asyncio client, over polling, over WebSocket, and over polling with upgrade."""

import asyncio
import itertools
import logging
import time
import unittest

import socketio
from engineio.payload import Payload
from fixture import IS_ORACLE, Fixture, signed
from peer import PATIENCE_S, Peer

# An answer to a poll that holds more packets than this ends this client's connection. Its default is 16, which a
# burst exceeds on any server that answers with all it has, the reference included.
Payload.max_decode_packets = 5000

BYTES = bytes(range(256))
rooms = (f"room-{number}" for number in itertools.count())


class Clients:
    """The tests of one mode; `transports` says which."""

    transports = ()

    async def asyncSetUp(self):
        asyncio.get_running_loop().set_debug(False)  # unittest turns it on; it makes the clients ten times slower
        self.fixture = Fixture()
        await self.fixture.start()
        self.addAsyncCleanup(self.fixture.end)

    async def connected(self, namespace="/", auth=None, **options):
        peer = Peer(namespace, **options)
        self.addAsyncCleanup(peer.close)
        return await peer.connect(self.fixture.url, self.transports, auth=auth)

    async def crowd(self, size):
        room = next(rooms)
        peers = await asyncio.gather(*(self.connected() for _ in range(size)))
        for peer in peers:
            self.assertEqual(await peer.ask("join", room), "ok")
        return room, peers

    async def test_connects_with_its_auth_payload(self):
        peer = await self.connected("/custom", auth={"token": "ünïcode 🦀"})
        self.assertEqual(await peer.next("auth"), [{"token": "ünïcode 🦀"}])
        plain = await self.connected()
        self.assertEqual(await plain.next("auth"), [{}])
        self.assertEqual(await plain.ask("id"), plain.id)

    async def test_ends_on_the_last_transport_of_its_mode(self):
        peer = await self.connected()
        self.assertEqual(await peer.ask("message-with-ack", 1), 1)
        self.assertEqual(peer.transport, self.transports[-1])

    async def test_is_refused_with_the_reason(self):
        hour_ago = time.time() - 3600
        cases = [
            ("/nowhere", None, {"message": "Invalid namespace"}),
            ("/middleware", {"fail": True}, {"message": "refused", "data": {"why": "fail"}}),
            ("/jwt", None, {"data": {"code": "token_missing"}}),
            ("/jwt", {"token": signed({"sub": "ann", "exp": hour_ago})}, {"data": {"code": "token_expired"}}),
            ("/jwt", {"token": "no token"}, {"data": {"code": "token_invalid"}}),
        ]
        for namespace, auth, expected in cases:
            with self.subTest(namespace=namespace, auth=auth):
                peer = Peer(namespace)
                self.addAsyncCleanup(peer.close)
                with self.assertRaises(socketio.exceptions.ConnectionError):
                    await peer.connect(self.fixture.url, self.transports, auth=auth)
                [refusal] = await peer.next("connect_error")
                self.assertEqual(refusal, {**refusal, **expected})

    async def test_is_admitted_by_a_token(self):
        token = signed({"sub": "ann", "exp": time.time() + 3600})
        peer = await self.connected("/jwt", auth={"token": token})
        self.assertEqual(await peer.next("claims"), [{"sub": "ann"}])

    async def test_echoes_events(self):
        peer = await self.connected()
        for args in ([], ["text"], [1, 2.5, None, True], [{"a": [{"b": []}]}, "🦀"], ["x" * 900_000]):
            await peer.emit("message", *args)
            self.assertEqual(await peer.next("message-back"), args)

    async def test_keeps_the_digits_of_large_integers(self):
        if IS_ORACLE:
            self.skipTest("the reference reads numbers as doubles")
        peer = await self.connected()
        numbers = [2**53 + 1, 2**64, -(2**63) - 1, 10**40]
        await peer.emit("message", *numbers)
        self.assertEqual(await peer.next("message-back"), numbers)
        self.assertEqual(await peer.ask("sum", 2**62, 2**62 - 1), 2**63 - 1)

    async def test_keeps_two_thousand_events_in_order(self):
        peer = await self.connected()
        for number in range(2000):
            await peer.emit("message", number)
        for number in range(2000):
            self.assertEqual(await peer.next("message-back"), [number])

    async def test_gets_acks(self):
        peer = await self.connected()
        self.assertEqual(await peer.ask("message-with-ack", {"a": 1}), {"a": 1})
        self.assertEqual(await peer.ask("message-with-ack", 1, "two", [3]), [1, "two", [3]])
        answers = await asyncio.gather(*(peer.ask("message-with-ack", number) for number in range(200)))
        self.assertEqual(answers, list(range(200)))
        self.assertEqual((await peer.ask("fail"))["error"]["code"], "failed")
        self.assertEqual((await peer.ask("panic"))["error"]["code"], "internal")
        self.assertEqual(await peer.ask("sum", 40, 2), 42)
        self.assertEqual((await peer.ask("sum", "40", 2))["error"]["code"], "bad_payload")

    async def test_gives_acks(self):
        peer = await self.connected()
        for answer in ("yes", {"deep": [1]}, BYTES):
            peer.answers["question"] = answer
            await peer.emit("ask-me", "well?")
            self.assertEqual(await peer.next("question"), ["well?"])
            self.assertEqual(await peer.next("answered"), [answer])

    async def test_sends_and_gets_bytes(self):
        peer = await self.connected()
        args = [BYTES, {"deep": [b"", {"x": BYTES[::-1]}]}, "text"]
        await peer.emit("message", *args)
        self.assertEqual(await peer.next("message-back"), args)
        self.assertEqual(await peer.ask("message-with-ack", *args), args)

    async def test_hears_the_rooms_it_is_in(self):
        room, [ann, bob] = await self.crowd(2)
        cid = await self.connected()
        self.assertCountEqual(await ann.ask("rooms"), [ann.id, room])
        await ann.ask("say", room, {"to": "all of us"})
        await ann.ask("shout", room, BYTES)
        self.assertEqual(await ann.heard_from(ann), [{"to": "all of us"}])
        self.assertEqual(await bob.heard_from(ann), [{"to": "all of us"}, BYTES])
        self.assertEqual(await cid.heard_from(ann), [])
        self.assertEqual(await bob.ask("leave", room), "ok")
        await ann.ask("say", room, "bob is gone")
        self.assertEqual(await bob.heard_from(ann), [])

    async def test_hears_broadcasts(self):
        room, crowd = await self.crowd(5)
        other = await self.connected("/policy")
        for number in range(50):
            await crowd[0].ask(("all", "say")[number % 2], *((), (room,))[number % 2], number)
        for peer in crowd:
            self.assertEqual(await peer.heard_from(crowd[0]), list(range(50)))
        self.assertEqual(await other.heard_from(other), [])
        ann, bob, cid, *_ = crowd
        await ann.ask("say-many", [room, bob.id, cid.id], [cid.id], "once each, but not to cid")
        self.assertEqual(await bob.heard_from(ann), ["once each, but not to cid"])
        self.assertEqual(await cid.heard_from(ann), [])

    async def test_tells_who_left_and_why(self):
        _, [ann, bob, cid] = await self.crowd(3)
        ids = ann.id, bob.id
        await ann.client.disconnect()
        [left] = await cid.next("left")
        self.assertEqual(left["id"], ids[0])
        # This client closes its transport in the same breath: either end may be seen first.
        self.assertIn(left["reason"], ("client namespace disconnect", "transport close"))
        await bob.emit("kick", True)
        await bob.next("disconnect")
        self.assertEqual(await cid.next("left"), [{"id": ids[1], "reason": "server namespace disconnect"}])

    async def test_comes_back_to_a_server_that_was_killed(self):
        peer = await self.connected(auth={"token": "mine"})
        first = peer.id
        await peer.next("auth")
        await self.fixture.end()
        await peer.next("disconnect")
        await self.fixture.start()
        await peer.next("connect")
        self.assertEqual(await peer.next("auth"), [{"token": "mine"}])
        self.assertNotEqual(peer.id, first)
        self.assertEqual(await peer.ask("message-with-ack", "back"), "back")

    async def test_survives_its_heartbeats(self):
        fixture = Fixture(PING_INTERVAL_MS="100", PING_TIMEOUT_MS="2000")
        await fixture.start()
        self.addAsyncCleanup(fixture.end)
        pings = PingLog()
        peer = Peer(engineio_logger=pings.logger)
        self.addAsyncCleanup(peer.close)
        await peer.connect(fixture.url, self.transports)
        for _ in range(10):
            await asyncio.wait_for(pings.seen.get(), PATIENCE_S)
        self.assertEqual(await peer.ask("message-with-ack", "alive"), "alive")
        self.assertEqual(peer.waiting("disconnect"), 0)


class PingLog(logging.Handler):
    """Notes each ping that the client logs."""

    def __init__(self):
        super().__init__()
        self.seen = asyncio.Queue()
        self.logger = logging.Logger("pings", logging.INFO)
        self.logger.addHandler(self)

    def emit(self, record):
        if record.getMessage().startswith("Received packet PING"):
            self.seen.put_nowait(True)


class OverPolling(Clients, unittest.IsolatedAsyncioTestCase):
    transports = ("polling",)


class OverWebSocket(Clients, unittest.IsolatedAsyncioTestCase):
    transports = ("websocket",)


class OverPollingThenWebSocket(Clients, unittest.IsolatedAsyncioTestCase):
    transports = ("polling", "websocket")


if __name__ == "__main__":
    unittest.main()
