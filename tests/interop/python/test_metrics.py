"""A scrape of /metrics under load, read by the parser of Prometheus' own client, beside what the clients counted."""

import asyncio
import socket
import unittest
import urllib.request

from engineio.payload import Payload
from fixture import IS_ORACLE, Fixture
from peer import PATIENCE_S, Peer
from prometheus_client.parser import text_string_to_metric_families

Payload.max_decode_packets = 5000

CLIENTS = 12
POLLING = 4
EVENTS = 60
LEAVING = 5


class Metrics(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        asyncio.get_running_loop().set_debug(False)
        if IS_ORACLE:
            self.skipTest("the oracle has no /metrics")
        self.port = free_port()
        self.fixture = Fixture(OPERATIONS_PORT=str(self.port))
        await self.fixture.start()
        self.addAsyncCleanup(self.fixture.end)

    async def test_agrees_with_what_the_clients_counted(self):
        peers = await asyncio.gather(*(self.connected(number) for number in range(CLIENTS)))
        for number, peer in enumerate(peers):
            self.assertEqual(await peer.ask("join", f"room {number % 3}"), "ok")
        counts = Counts(joined=CLIENTS)
        scrapes = asyncio.create_task(self.scrape_until_done(counts))
        await asyncio.gather(*(self.talk(peer, number, counts) for number, peer in enumerate(peers)))
        counts.done = True
        self.assertGreater(await scrapes, 3, "scrapes under load")

        page = await self.scrape()
        self.assertEqual(page["greenroom_events_received_total"], {(): counts.asked + counts.joined})
        # `auth` to everybody, and each word to a room of four, its speaker included.
        self.assertEqual(page["greenroom_events_sent_total"], {(): CLIENTS + counts.heard})
        self.assertEqual(counts.heard, counts.asked * CLIENTS // 3)
        answers = CLIENTS
        packets = counts.heard + CLIENTS + counts.asked + counts.joined + answers
        self.assertEqual(page["greenroom_packets_sent_total"], {(): packets})
        sessions = {("polling",): POLLING, ("websocket",): CLIENTS - POLLING}
        self.assertEqual(page["greenroom_sessions"], sessions)
        self.assertEqual(page["greenroom_sockets"][("/",)], CLIENTS)
        self.assertEqual(page["greenroom_sockets"][("/custom",)], 0)
        self.assertEqual(page["greenroom_rooms"][("/",)], 3)
        self.assertEqual(page["greenroom_socket_connects_total"][("/",)], CLIENTS)
        self.assertEqual(page["greenroom_handler_duration_seconds_count"][("sync",)], counts.asked + counts.joined)
        infinite = page["greenroom_handler_duration_seconds_bucket"][("sync", "+Inf")]
        self.assertEqual(infinite, counts.asked + counts.joined)
        self.assertEqual(page["greenroom_outbox_bytes"], {(): 0})
        self.assertEqual(page["greenroom_panics_total"], {(): 0})
        self.assertEqual(set(page["greenroom_namespace_mailbox_depth"].values()), {0})
        self.assertEqual(set(page["greenroom_fanout_mailbox_depth"].values()), {0})

    async def test_counts_ends_panics_and_answers_that_never_came(self):
        peers = await asyncio.gather(*(self.connected(POLLING + number) for number in range(LEAVING)))
        self.assertEqual((await peers[0].ask("panic"))["error"]["code"], "internal")
        late = asyncio.Event()

        async def too_late(_):
            await late.wait()

        peers[1].client.on("question", too_late, namespace="/")
        await peers[1].emit("ask-me", 1)
        self.assertEqual(await peers[1].next("answered"), [{"error": "timeout"}])
        late.set()
        await peers[0].emit("kick", False)
        await peers[0].next("disconnect")
        await asyncio.gather(*(peer.client.disconnect() for peer in peers[1:]))

        async def all_gone():
            while (await self.scrape())["greenroom_sockets"][("/",)] > 0:
                pass

        await asyncio.wait_for(all_gone(), PATIENCE_S)
        page = await self.scrape()
        self.assertEqual(page["greenroom_panics_total"], {(): 1})
        self.assertEqual(page["greenroom_acks_timed_out_total"], {(): 1})
        self.assertEqual(page["greenroom_handler_duration_seconds_count"][("async",)], 1)
        ends = page["greenroom_socket_disconnects_total"]
        self.assertEqual(ends[("server namespace disconnect",)], 1)
        # This client says goodbye and closes in one go, and the server may see either first.
        self.assertEqual(ends[("client namespace disconnect",)] + ends[("transport close",)], LEAVING - 1)
        self.assertEqual(sum(ends.values()), LEAVING)
        self.assertEqual(len(ends), 9, "every reason is there from the start, and no other")
        self.assertEqual(sum(page["greenroom_sessions"].values()), 0)
        self.assertEqual(page["greenroom_sessions_opened_total"], {(): LEAVING})
        self.assertEqual(sum(page["greenroom_session_closes_total"].values()), LEAVING)

    async def test_health(self):
        for path, word in [("/healthz", "alive"), ("/readyz", "ready")]:
            status, body = await asyncio.to_thread(self.get, path)
            self.assertEqual((status, body.strip()), (200, word))

    async def connected(self, number):
        peer = Peer("/")
        self.addAsyncCleanup(peer.close)
        return await peer.connect(self.fixture.url, ("polling",) if number < POLLING else ("websocket",))

    async def talk(self, peer, number, counts):
        """Says something to its room and hears what everybody there says."""
        for event in range(EVENTS):
            self.assertEqual(await peer.ask("say", f"room {number % 3}", [number, event]), "ok")
            counts.asked += 1
        for _ in range(EVENTS * CLIENTS // 3):
            await peer.next("said")
            counts.heard += 1

    async def scrape_until_done(self, counts):
        scrapes = 0
        while not counts.done:
            page = await self.scrape()
            self.assertLessEqual(page["greenroom_events_received_total"][()], EVENTS * CLIENTS + CLIENTS)
            scrapes += 1
        return scrapes

    async def scrape(self):
        """Every sample by its name and the values of its labels, in the order of the labels' names."""
        status, text = await asyncio.to_thread(self.get, "/metrics")
        self.assertEqual(status, 200)
        page = {}
        for family in text_string_to_metric_families(text):
            self.assertTrue(family.documentation, family.name)
            for sample in family.samples:
                labels = tuple(sample.labels[name] for name in sorted(sample.labels))
                samples = page.setdefault(sample.name, {})
                self.assertNotIn(labels, samples, f"{sample.name} twice")
                samples[labels] = sample.value
        return page

    def get(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=PATIENCE_S) as response:
            return response.status, response.read().decode()


class Counts:
    """What all clients together asked for and heard."""

    def __init__(self, joined):
        self.joined = joined
        self.asked = 0
        self.heard = 0
        self.done = False


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]
