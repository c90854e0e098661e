"""What Socket.IO's server can do beyond the basics, seen by python-socketio, on `greenroom-parity`."""

import asyncio
import itertools
import signal
import unittest

import socketio
from fixture import IS_ORACLE, Fixture
from peer import Peer

BYTES = bytes(range(256))
fresh = (f"room-{number}" for number in itertools.count())


class Parity:
    """The tests of one mode; `transports` says which."""

    transports = ()

    async def asyncSetUp(self):
        if IS_ORACLE:
            self.skipTest("the reference has no such fixture")
        self.fixture = await self.started()

    async def started(self, **settings):
        fixture = Fixture("greenroom-parity", PING_INTERVAL_MS="25000", **settings)
        await fixture.start()
        self.addAsyncCleanup(fixture.end)
        return fixture

    def peer(self, namespace="/", **options):
        peer = Peer(namespace, **options)
        self.addAsyncCleanup(peer.close)
        return peer

    async def connected(self, namespace="/", auth=None, url=None, **options):
        peer = self.peer(namespace, **options)
        return await peer.connect(url or self.fixture.url, self.transports, auth=auth)

    async def refusal(self, namespace, auth=None):
        peer = self.peer(namespace)
        with self.assertRaises(socketio.exceptions.ConnectionError):
            await peer.connect(self.fixture.url, self.transports, auth=auth)
        [error] = await peer.next("connect_error")
        return error

    async def crowd(self, size, url=None):
        room = next(fresh)
        peers = [await self.connected(url=url) for _ in range(size)]
        for peer in peers:
            self.assertEqual(await peer.ask("join", room), "ok")
        return room, peers

    # Broadcasts

    async def test_answers_a_broadcast(self):
        room, [ann, bob, eve] = await self.crowd(3)
        ann.answers["vote?"] = "yes"
        bob.answers["vote?"] = {"deep": [1, None]}
        eve.answers["vote?"] = ("two", "values")
        answer = await ann.ask("vote", room, 5000)
        received = {ann.id: "yes", bob.id: {"deep": [1, None]}, eve.id: ["two", "values"]}
        self.assertEqual(answer, {"received": received, "missing": {}})

    async def test_is_named_when_it_leaves_instead_of_answering(self):
        room, [ann, bob] = await self.crowd(2)
        ann.answers["vote?"] = "yes"
        gone = bob.id

        async def leave(*_):
            await bob.client.disconnect()

        bob.client.on("vote?", leave)
        answer = await ann.ask("vote", room, 5000)
        self.assertEqual(answer["received"], {ann.id: "yes"})
        # An answer may stand before the farewell on the wire, or be lost behind it.
        self.assertIn(answer["missing"], ({gone: "disconnected"}, {gone: "timeout"}))

    async def test_is_made_to_join_to_leave_and_to_go(self):
        room, [ann, bob] = await self.crowd(2)
        other = next(fresh)
        await ann.ask("sockets-join", room, other)
        for peer in (ann, bob):
            self.assertEqual(await peer.next("said"), ["joined", other])
        await bob.ask("sockets-leave", other, other)
        self.assertEqual(await ann.ask("fetch", other), [])
        await ann.emit("disconnect-sockets", room, False)
        for peer in (ann, bob):
            self.assertEqual(await peer.next("said"), ["bye"])
            self.assertEqual(await peer.next("disconnect"), ["server disconnect"])

    async def test_is_on_one_of_two_nodes(self):
        fixture = await self.started(NODES="2")
        room, [ann] = await self.crowd(1, fixture.url)
        bob = await self.connected(url=f"http://127.0.0.1:{await ann.ask('second-node')}")
        await bob.ask("join", room)
        await ann.ask("say-local", room, "here")
        await ann.ask("say-others", room, {"bytes": BYTES})
        self.assertEqual(await bob.next("said"), [{"bytes": BYTES}])
        self.assertEqual(await ann.next("said"), ["here"])
        answers = {"received": ["second"], "refused": [], "missing": 0}
        self.assertEqual(await ann.ask("server-side-ask", "who"), answers)

    # Namespaces and middleware

    async def test_finds_dynamic_namespaces(self):
        ann, bob = await self.connected("/dynamic-7"), await self.connected("/dynamic-7")
        self.assertEqual(await ann.next("where"), ["/dynamic-7"])
        for peer in (ann, bob):
            await peer.ask("join", "room")
        await ann.ask("say", "room", "hello")
        self.assertEqual(await bob.next("said"), ["hello"])
        self.assertEqual((await self.refusal("/dynamic-x"))["message"], "Invalid namespace")
        self.assertEqual((await self.refusal("/secret/1", {"secret": "guess"}))["message"], "Invalid namespace")
        secret = await self.connected("/secret/1", auth={"secret": "open sesame"})
        self.assertEqual(await secret.next("where"), ["/secret/1"])

    async def test_is_told_what_middleware_of_connections_says(self):
        refusal = await self.refusal("/steps", {"stop_at": "two"})
        self.assertEqual(refusal, {"message": "stopped", "data": {"at": "two"}})
        peer = await self.connected("/steps", auth={"name": "py"})
        self.assertEqual(await peer.ask("order", "py"), ["py one", "py two", "py three", "py connected"])

    async def test_is_told_what_middleware_of_packets_says(self):
        peer = await self.connected("/any")
        await peer.ask("use")
        error = {"code": "refused", "message": "not this", "data": {"event": "message"}}
        self.assertEqual(await peer.ask("message", "refuse me"), {"error": error})
        await peer.emit("message", "refuse me")
        self.assertEqual(await peer.next("error"), [error])
        self.assertEqual(await peer.ask("message", "passes", BYTES), ["passes", BYTES])

    async def test_is_heard_by_listeners_for_any_event(self):
        peer = await self.connected("/any")
        await peer.ask("listen-any")
        await peer.emit("nobody listens", BYTES)
        placeholder = '[{"_placeholder":true,"num":0}]'
        expected = [["first", "nobody listens"], ["any", "nobody listens", placeholder]]
        self.assertEqual((await peer.ask("notes"))[:2], expected)

    # Recovery: this client knows nothing of it.

    async def test_comes_back_as_another_where_recovery_is_on(self):
        fixture = await self.started(RECOVERY_WINDOW_MS="20000")
        peer = await self.connected("/recover", url=fixture.url)
        await peer.ask("join", "room")
        first = peer.id
        # As to every client of the reference, an offset comes behind the arguments.
        await peer.ask("say", "room", 7)
        [seven, offset] = await peer.next("said")
        self.assertEqual((seven, type(offset)), (7, str))
        await peer.client.eio.disconnect(abort=True)
        await peer.client.connect(fixture.url, transports=self.transports, namespaces=["/recover"])
        self.assertNotEqual(peer.id, first)
        self.assertEqual(await peer.ask("state"), {"recovered": False, "rooms": [], "score": 0})

    async def test_gets_no_offsets_where_recovery_is_off(self):
        peer = await self.connected("/recover")
        await peer.ask("join", "room")
        await peer.ask("say", "room", 7, BYTES)
        self.assertEqual(await peer.next("said"), [7, BYTES])

    # Reasons

    async def test_says_and_is_told_why_it_left(self):
        for close in (False, True):
            fixture = await self.started()
            peer = await self.connected(url=fixture.url, reconnection=False)
            await peer.emit("disconnect-sockets", peer.id, close)
            self.assertEqual(await peer.next("disconnect"), ["server disconnect"])
            self.assertEqual(await fixture.says(), "disconnect: server namespace disconnect")

    async def test_leaves_by_itself(self):
        peer = await self.connected(reconnection=False)
        await peer.client.disconnect()
        self.assertEqual(await peer.next("disconnect"), ["client disconnect"])
        # This client closes its transport in the same breath: either end may be seen first.
        reasons = ("disconnect: client namespace disconnect", "disconnect: transport close")
        self.assertIn(await self.fixture.says(), reasons)

    async def test_is_sent_away_by_a_server_that_shuts_down(self):
        fixture = await self.started()
        peer = await self.connected(url=fixture.url, reconnection=False)
        ending = asyncio.create_task(fixture.end(signal.SIGTERM))
        await peer.next("disconnect")
        self.assertEqual(await fixture.says(), "disconnect: server shutting down")
        await ending


class OverPolling(Parity, unittest.IsolatedAsyncioTestCase):
    transports = ("polling",)


class OverWebSocket(Parity, unittest.IsolatedAsyncioTestCase):
    transports = ("websocket",)


class OverPollingThenWebSocket(Parity, unittest.IsolatedAsyncioTestCase):
    transports = ("polling", "websocket")


if __name__ == "__main__":
    unittest.main()
