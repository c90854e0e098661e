"""The server under test as a child process, as tests/FIXTURE.md describes it."""

import asyncio
import base64
import hashlib
import hmac
import json
import os
import signal
import sys

JWT_SECRET = "interop-0123456789abcdef0123456789abcdef"
IS_ORACLE = os.environ.get("INTEROP_ORACLE") == "1"
START_S = 15
END_S = 8


class Fixture:
    """One process; started again, it takes the port that it had."""

    def __init__(self, program=None, **settings):
        self._program = program
        self._settings = {"PING_INTERVAL_MS": "25000", "JWT_SECRET": JWT_SECRET, **settings}
        self._process = None
        self._port = 0

    @property
    def url(self):
        return f"http://127.0.0.1:{self._port}"

    async def start(self):
        binary = os.environ.get("FIXTURE_BIN")
        if not binary:
            sys.exit("FIXTURE_BIN is not set: use tests/interop/run.sh")
        if self._program:
            binary = os.path.join(os.path.dirname(binary), self._program)
        env = {**os.environ, **self._settings, "PORT": str(self._port)}
        self._process = await asyncio.create_subprocess_exec(binary, env=env, stdout=asyncio.subprocess.PIPE)
        line = await asyncio.wait_for(self._process.stdout.readline(), START_S)
        word, _, address = line.decode().strip().partition(" ")
        if word != "listening":
            raise RuntimeError(f"the fixture said {line!r}")
        self._port = int(address.rpartition(":")[2])

    async def says(self):
        """The next line that it prints."""
        line = await asyncio.wait_for(self._process.stdout.readline(), END_S)
        return line.decode().strip()

    async def end(self, by=signal.SIGKILL):
        if self._process.returncode is None:
            self._process.send_signal(by)
        await asyncio.wait_for(self._process.wait(), END_S)


def signed(claims, secret=JWT_SECRET):
    """A JSON Web Token, HS256."""

    def part(value):
        return base64.urlsafe_b64encode(value).rstrip(b"=").decode()

    text = f"{part(json.dumps({'alg': 'HS256', 'typ': 'JWT'}).encode())}.{part(json.dumps(claims).encode())}"
    seal = hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()
    return f"{text}.{part(seal)}"
