"""The wire contract of presence and typing (docs/guide/presence.md), over python-socketio. The reference has none of it."""

import unittest

from fixture import IS_ORACLE, Fixture
from peer import Peer

ROOM = "chat-1"


def shown(user, status="online"):
    return {"status": status, "data": {"name": user}}


class Presence:
    """The tests of one mode; `transports` says which."""

    transports = ()

    async def asyncSetUp(self):
        self.fixture = Fixture()
        await self.fixture.start()
        self.addAsyncCleanup(self.fixture.end)

    async def visit(self, user):
        peer = Peer("/presence", reconnection=False)
        self.addAsyncCleanup(peer.close)
        return await peer.connect(self.fixture.url, self.transports, auth={"user": user})

    async def enter(self, user):
        peer = await self.visit(user)
        self.assertEqual(await peer.ask("join", ROOM), "ok")
        [state] = await peer.next("presence:state")
        return peer, state

    async def test_tells_the_state_and_then_what_changes(self):
        bob, state = await self.enter("bob")
        e, o = state["e"], state["o"]
        self.assertEqual(state, {"room": ROOM, "mode": "diff", "e": e, "o": o, "users": {"bob": shown("bob")}})
        ann, _ = await self.enter("ann")
        [diff] = await bob.next("presence:diff")
        came = {"joins": {"ann": shown("ann")}, "updates": {}, "leaves": {}}
        self.assertEqual(diff, {"room": ROOM, "mode": "diff", "from": o, "e": e, "o": diff["o"], **came})
        await ann.emit("presence:status", "dnd")
        [update] = await bob.next("presence:diff")
        self.assertEqual((update["from"], update["updates"]), (diff["o"], {"ann": shown("ann", "dnd")}))
        await ann.close()
        [away] = await bob.next("presence:diff")
        [gone] = await bob.next("presence:diff") if away["updates"] else [away]
        self.assertIn(gone["leaves"]["ann"]["reason"], ("left", "dropped"))
        self.assertEqual(gone["leaves"]["ann"]["lastSeen"] % 60_000, 0)

    async def test_tells_who_asks_what_was_missed_and_nothing_else(self):
        bob, state = await self.enter("bob")
        known = {"room": ROOM, "e": state["e"], "o": state["o"]}
        await bob.ask("presence:resync", known)
        self.assertEqual(bob.waiting("presence:state"), 0)
        await self.enter("ann")
        await bob.ask("presence:resync", known)
        [state] = await bob.next("presence:state")
        self.assertEqual(sorted(state["users"]), ["ann", "bob"])

    async def test_tells_of_those_who_are_watched(self):
        bob = await self.visit("bob")
        await bob.ask("presence:watch", ["ann"])
        [every] = await bob.next("presence:watched")
        self.assertEqual(every, {"e": every["e"], "o": every["o"], "users": {"ann": {"status": "offline"}}})
        await self.visit("ann")
        [came] = await bob.next("presence:watched")
        self.assertEqual((came["from"], came["users"]), (every["o"], {"ann": shown("ann")}))

    async def test_tells_who_types_until_the_message(self):
        bob, _ = await self.enter("bob")
        ann, _ = await self.enter("ann")
        await ann.emit("typing", {"room": ROOM, "on": True})
        [typing] = await bob.next("typing:state")
        self.assertEqual((typing["room"], list(typing["users"]), typing["count"]), (ROOM, ["ann"], 1))
        self.assertLessEqual(typing["until"] - typing["at"], 2_000)
        await ann.ask("say", ROOM, "hello")
        [typing] = await bob.next("typing:state")
        self.assertEqual((typing["users"], typing["count"]), ({}, 0))

    async def test_tells_of_who_is_invisible_that_they_left(self):
        bob, _ = await self.enter("bob")
        ann, _ = await self.enter("ann")
        [came] = await bob.next("presence:diff")
        await ann.emit("presence:status", "invisible")
        [own] = await ann.next("presence:self")
        while own["manual"] is None:
            [own] = await ann.next("presence:self")
        self.assertEqual(own, {"id": "ann", "manual": "invisible", "idleAfter": 60_000, "typingRefresh": 3_000})
        [gone] = await bob.next("presence:diff")
        leave = {"reason": "left", "lastSeen": gone["leaves"]["ann"]["lastSeen"]}
        nothing = {"joins": {}, "updates": {}, "leaves": {"ann": leave}}
        place = {"from": came["o"], "e": came["e"], "o": gone["o"]}
        self.assertEqual(gone, {"room": ROOM, "mode": "diff", **place, **nothing})
        self.assertEqual(leave["lastSeen"] % 60_000, 0)


@unittest.skipIf(IS_ORACLE, "the reference has no presence")
class OverPolling(Presence, unittest.IsolatedAsyncioTestCase):
    transports = ("polling",)


@unittest.skipIf(IS_ORACLE, "the reference has no presence")
class OverWebSocket(Presence, unittest.IsolatedAsyncioTestCase):
    transports = ("websocket",)


if __name__ == "__main__":
    unittest.main()
