"""Compressed answers to polls, as python-socketio and aiohttp take them by themselves. Greenroom only: another fixture."""

import unittest

import aiohttp
from fixture import IS_ORACLE, Fixture
from peer import Peer


@unittest.skipIf(IS_ORACLE, "the reference has no such fixture")
class Compression(unittest.IsolatedAsyncioTestCase):
    async def codings(self, words, **settings):
        """Sends these words there and back over polling; how the answers to polls were encoded."""
        fixture = Fixture("greenroom-parity", **settings)
        await fixture.start()
        self.addAsyncCleanup(fixture.end)
        seen = []
        trace = aiohttp.TraceConfig()

        async def note(_session, _context, params):
            if params.method == "GET":
                seen.append(params.response.headers.get("Content-Encoding"))

        trace.on_request_end.append(note)
        async with aiohttp.ClientSession(trace_configs=[trace]) as session:
            peer = Peer(reconnection=False, http_session=session)
            try:
                await peer.connect(fixture.url, ["polling"])
                for word in words:
                    self.assertEqual(await peer.ask("echo", word), word)
            finally:
                await peer.close()
        return seen

    async def test_large_answers_are_compressed_and_understood(self):
        long = "a word and another, " * 10_000
        self.assertIn("gzip", await self.codings(["short", long, long + "!", "short", "ü" * 2_000]))

    async def test_short_ones_are_not_nor_any_if_it_is_off(self):
        self.assertEqual(set(await self.codings(["short"] * 5)), {None})
        self.assertEqual(set(await self.codings(["x" * 5_000], HTTP_COMPRESSION="false")), {None})
