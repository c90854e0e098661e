"""An asyncio client of python-socketio with a memory: each event waits in a queue of its name."""

import asyncio
from collections import defaultdict

import socketio

PATIENCE_S = 8
LIFE = ("connect", "disconnect", "connect_error")


class Peer:
    """One namespace of one client."""

    def __init__(self, namespace="/", **options):
        options = {"reconnection_delay": 0.02, "reconnection_delay_max": 0.1, "randomization_factor": 0, **options}
        self.namespace = namespace
        self.client = socketio.AsyncClient(**options)
        self.answers = {}
        self._queues = defaultdict(asyncio.Queue)
        self._listen_to(namespace)

    @property
    def id(self):
        return self.client.get_sid(self.namespace)

    @property
    def transport(self):
        return self.client.transport()

    def _listen_to(self, namespace):
        async def any_event(event, *args):
            self._queues[event].put_nowait(list(args))
            return self.answers.get(event)

        self.client.on("*", any_event, namespace=namespace)
        for event in LIFE:
            self.client.on(event, self._note(event), namespace=namespace)

    def _note(self, event):
        async def note(*args):
            self._queues[event].put_nowait(list(args))

        return note

    async def connect(self, url, transports, **options):
        await self.client.connect(url, transports=transports, namespaces=[self.namespace], wait_timeout=PATIENCE_S, **options)
        await self.next("connect")
        return self

    async def next(self, event):
        """Arguments of the next event of that name, whether it came already or not."""
        try:
            return await asyncio.wait_for(self._queues[event].get(), PATIENCE_S)
        except asyncio.TimeoutError:
            raise AssertionError(f"waited {PATIENCE_S} s for {event!r}") from None

    def waiting(self, event):
        return self._queues[event].qsize()

    async def emit(self, event, *args):
        await self.client.emit(event, args, namespace=self.namespace)

    async def ask(self, event, *args):
        """The answer: one value, or a list of several."""
        answer = await self.client.call(event, args, namespace=self.namespace, timeout=PATIENCE_S)
        return list(answer) if isinstance(answer, tuple) else answer

    async def heard_from(self, speaker):
        """What this peer was told before the speaker's closing word."""
        closing = f"closing word {speaker.id}"
        await speaker.ask("say", self.id, closing)
        heard = []
        while (words := (await self.next("said"))[0]) != closing:
            heard.append(words)
        return heard

    async def close(self):
        await self.client.shutdown()
