#!/usr/bin/env python3
"""Runs the steps of the Dockerfile in a clean folder, without Docker, and tries what they have made.

Every stage gets an empty folder that stands for its `/`; the tools are those of this machine, in place of the base
images. So it shows that the files which COPY takes are enough, that the commands work, and that the program finds
what it needs; not that the base images have what this machine has. Takes as long as a release build.
"""

import glob
import json
import os
import shlex
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
START_S = 20
END_S = 30
IS_ROOT = os.getuid() == 0


class Stage:
    """An image on its way."""

    def __init__(self, root):
        self.root = root
        self.workdir = "/"
        self.env = {}
        self.entrypoint = None
        self.user = None
        root.mkdir()

    def at(self, path):
        """Where a path of the image is on this machine."""
        return Path(f"{self.root}{os.path.normpath(os.path.join(self.workdir, path))}")


class Build:
    """Runs a Dockerfile; a line that it does not know is an error."""

    def __init__(self, folder):
        self.folder = folder
        self.context = folder / "context"
        self.stages = {}
        self.stage = None

    def run(self, text):
        for line in instructions(text):
            print(f"== {line}", flush=True)
            word, _, rest = line.partition(" ")
            getattr(self, f"do_{word.lower()}")(rest.strip())
        return self.stage

    def do_from(self, rest):
        name = rest.split(" AS ")[1] if " AS " in rest else "last"
        self.stage = self.stages[name] = Stage(self.folder / name)

    def do_workdir(self, rest):
        self.stage.workdir = os.path.join(self.stage.workdir, rest)
        self.stage.at(".").mkdir(parents=True, exist_ok=True)

    def do_copy(self, rest):
        *sources, target = rest.split()
        root = self.context
        if sources[0].startswith("--from="):
            root = self.stages[sources.pop(0).removeprefix("--from=")].root
        for pattern in sources:
            found = glob.glob(f"{root}/{pattern.lstrip('/')}")
            if not found:
                raise FileNotFoundError(f"COPY {pattern}")
            for source in map(Path, found):
                copy(source, self.stage.at(target), into=target.endswith("/"))

    def do_run(self, rest):
        if "chown" in rest and not IS_ROOT:
            print("   left out: only root may give a folder away")
            return
        subprocess.run(["sh", "-ec", rest], cwd=self.stage.at("."), env={**os.environ, **self.stage.env}, check=True)

    def do_env(self, rest):
        self.stage.env.update(pair.split("=", 1) for pair in shlex.split(rest))

    def do_user(self, rest):
        self.stage.user = int(rest.split(":")[0])

    def do_entrypoint(self, rest):
        self.stage.entrypoint = json.loads(rest)

    def do_volume(self, _):
        """Nothing to do: it is a folder."""

    def do_expose(self, _):
        """Nothing to do: ports are chosen for the trial."""


def instructions(text):
    lines = (line for line in text.replace("\\\n", " ").splitlines() if not line.startswith("#"))
    return [line.strip() for line in lines if line.strip()]


def copy(source, target, into):
    """As COPY does it: what is in a folder, or a file."""
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True, symlinks=True)
        return
    target = target / source.name if into else target
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, target)


def fill(context):
    """What is tracked, as it is now: nothing that was built, nothing that lies about."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=PROJECT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        if (PROJECT / name).is_file():
            copy(PROJECT / name, context / name, into=False)


def attempt(image):
    """Starts the image's program as its user, and asks what a visitor and an operator ask."""
    port, operations = free_port(), free_port()
    env = {name: str(image.at(value)) if value.startswith("/") else value for name, value in image.env.items()}
    env |= {"ADDRESS": "127.0.0.1", "PORT": str(port), "OPERATIONS": f"127.0.0.1:{operations}"}
    user = image.user if IS_ROOT else None
    program, *args = image.entrypoint
    process = subprocess.Popen([image.at(program), *args], cwd=image.at("."), env=env, user=user, group=user)
    try:
        until_ready(f"http://127.0.0.1:{operations}/readyz", process)
        assert b"greenroom_ready 1" in get(f"http://127.0.0.1:{operations}/metrics")
        assert b"<title>" in get(f"http://127.0.0.1:{port}/"), "the page"
        welcome = json.loads(get(f"http://127.0.0.1:{port}/login", b'{"name":"Ann"}'))
        assert welcome["token"].count(".") == 2, welcome
        secret = image.at(".lobby/jwt-secret").stat()
        assert stat.S_IMODE(secret.st_mode) == 0o600 and secret.st_uid == (user or os.getuid()), secret
        process.terminate()
        assert process.wait(END_S) == 0, "it ends by itself"
    finally:
        process.kill()


def get(url, body=None):
    headers = {"Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=5) as response:
        return response.read()


def until_ready(url, process):
    deadline = time.monotonic() + START_S
    while True:
        try:
            return get(url)
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def main():
    with tempfile.TemporaryDirectory(prefix="greenroom-dockerfile-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        began = time.monotonic()
        build = Build(folder)
        fill(build.context)
        image = build.run((PROJECT / "Dockerfile").read_text())
        print(f"== built in {time.monotonic() - began:.0f} s; trying it", flush=True)
        attempt(image)
        print("== the Dockerfile's steps work")


if __name__ == "__main__":
    sys.exit(main())
