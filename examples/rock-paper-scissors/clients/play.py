"""python play.py URL NAME HANDS: joins a room, plays these hands, tells who has won.

Needs `pip install python-socketio aiohttp`.
"""

import asyncio
import sys

import socketio

PATH = "/rps"


def merge(to, patch):
    """RFC 7396: what the patch makes of it."""
    if not isinstance(patch, dict):
        return patch
    to = dict(to) if isinstance(to, dict) else {}
    for key, value in patch.items():
        if value is None:
            to.pop(key, None)
        else:
            to[key] = merge(to.get(key), value)
    return to


class Seat(socketio.AsyncClientNamespace):
    """A place in the room, and the room's state."""

    def __init__(self):
        super().__init__(PATH)
        self.guest, self.at, self.state, self.changed = None, None, None, asyncio.Condition()

    async def on_joined(self, joined):
        self.guest = joined.get("guest")  # without a token: the key to this seat

    async def on_state(self, frame):
        await self.show(frame["o"], frame["full"])

    async def on_patch(self, frame):
        if frame["from"] != self.at:
            return await self.emit("resync")
        await self.show(frame["o"], merge(self.state, frame["d"]))

    async def on_said(self, said):
        print("somebody says", said["text"])

    async def show(self, at, state):
        async with self.changed:
            self.at, self.state = at, state
            self.changed.notify_all()

    async def sees(self, test):
        async with self.changed:
            await self.changed.wait_for(lambda: self.state and test(self.state))


async def main(url="http://localhost:7000", name="Bob", hands="paper,scissors,rock,paper,scissors"):
    client, seat, played = socketio.AsyncClient(), Seat(), 0
    client.register_namespace(seat)
    await client.connect(url, auth=lambda: {"guest": seat.guest, "join": {"me": name}})
    for hand in hands.split(","):
        await seat.sees(lambda state: state["phase"] == "over" or state["round"] > played)
        if seat.state["phase"] == "over":
            break
        played = seat.state["round"]
        await seat.call("choose", hand)
    await seat.sees(lambda state: state["phase"] == "over")
    state = seat.state
    print(f"{state['players'][state['winner']]['name']} wins in round {state['round']}")
    await client.disconnect()


asyncio.run(main(*sys.argv[1:]))
