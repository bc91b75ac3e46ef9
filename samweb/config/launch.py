"""`make run`: set up the data folder, then keep one web and one worker process in the foreground.

    migrate -> first admin -> demo project -> print address and link -> web + worker

Ctrl-C stops both. A process that dies is started again; one that keeps dying ends the run.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from types import FrameType

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "samweb.config.settings")

RESTARTS_PER_MINUTE = 5


class Child:
    """One process that belongs to the run, in a session of its own so that Ctrl-C is ours."""

    def __init__(self, name: str, command: list[str], *, threads: str = "") -> None:
        self.name = name
        self.command = command
        self.starts: list[float] = []
        # glibc gives every thread an arena; few of them keep an idle process small.
        self.environment = {**os.environ, "MALLOC_ARENA_MAX": "2"}
        if threads:
            self.environment["OMP_NUM_THREADS"] = threads
        self.process = self.start()

    def start(self) -> subprocess.Popen[bytes]:
        self.starts = [at for at in self.starts if time.monotonic() - at < 60]
        self.starts.append(time.monotonic())
        self.process = subprocess.Popen(self.command, env=self.environment, start_new_session=True)
        return self.process

    @property
    def hopeless(self) -> bool:
        return len(self.starts) > RESTARTS_PER_MINUTE

    def stop(self, how: int) -> None:
        if self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, how)


def prepare() -> str:
    """Bring the data folder up to date; returns the one-time sign-in path."""
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", interactive=False, verbosity=0)
    call_command("first_run", verbosity=0)
    call_command("demo", verbosity=0)

    from samweb.accounts import services
    from samweb.accounts.models import User

    admin = User.objects.filter(is_superuser=True, is_active=True).order_by("date_joined").first()
    if admin is None:
        return ""
    return f"/sign-in/{services.sign_in_link_create(user=admin, next=first_place())}"


def first_place() -> str:
    """Where the link lands: the demo project's job in the editor, on a photo still to be done."""
    from samweb.annotations.models import JobImage
    from samweb.projects.models import Project

    demo = Project.objects.filter(name="Demo", deleted_at__isnull=True).order_by("created").first()
    if demo is None:
        return "/"
    open_photo = (
        JobImage.objects.filter(project=demo, deleted_at__isnull=True, state="new")
        .order_by("job__created", "position")
        .first()
    )
    if open_photo is None:
        return f"/projects/{demo.id}"
    return f"/jobs/{open_photo.job_id}/{open_photo.image_id}"


def serves(url: str) -> bool:
    """Whether our web process answers already."""
    try:
        with urllib.request.urlopen(f"{url}/healthz", timeout=1) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def port_taken(host: str, port: int) -> bool:
    """Whether something else listens there; said before the set-up, not after it."""
    import socket

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False


def announce(url: str, path: str, password_file: str) -> None:
    lines = [f"samweb serves {url}", f"Sign in once with {url}{path}" if path else ""]
    if os.path.exists(password_file):
        lines.append(f"Later: the admin's password is in {password_file}")
    lines.append("Ctrl-C stops it.")
    print("\n" + "\n".join(line for line in lines if line) + "\n", flush=True)


def main() -> int:
    """Run until interrupted. Returns the exit status."""
    from samweb.config import env

    try:
        here = env.read()
        if port_taken(here.host, here.port):
            print(f"Port {here.port} on {here.host} is taken. Choose another: PORT=8001 make run",
                  file=sys.stderr)  # fmt: skip
            return 1
        path = prepare()
    except env.BadEnvironment as error:
        print(error, file=sys.stderr)
        return 2

    local = f"http://{'127.0.0.1' if here.host in {'0.0.0.0', '::'} else here.host}:{here.port}"
    children = [
        Child("web", [
            sys.executable, "-m", "uvicorn", "samweb.config.asgi:application",
            "--host", here.host, "--port", str(here.port), "--log-level", "warning",
            "--timeout-graceful-shutdown", "3", "--no-server-header", "--ws-max-size", "65536",
        ]),
        Child("worker", [sys.executable, "-m", "workers"]),
    ]  # fmt: skip
    stopping = False

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    announced = False
    while not stopping:
        if not announced and serves(local):
            announce(here.url, path, str(here.data_dir / "admin_password"))
            announced = True
        for child in children:
            if child.process.poll() is not None and not stopping:
                if child.hopeless:
                    print(f"The {child.name} process keeps dying; see above.", file=sys.stderr)
                    stopping = True
                    break
                print(f"The {child.name} process ended; starting it again.", file=sys.stderr)
                child.start()
        time.sleep(0.2)
    return shut_down(children)


def shut_down(children: list[Child]) -> int:
    """Ask, wait a little, insist. Killing loses nothing: runs are leased, edits are committed."""
    for child in children:
        child.stop(signal.SIGTERM)
    deadline = time.monotonic() + 8
    for child in children:
        try:
            child.process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.stop(signal.SIGKILL)
            child.process.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
