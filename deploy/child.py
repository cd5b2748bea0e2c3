"""A child process that writes to a log file and never outlives us."""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

PR_SET_PDEATHSIG = 1  # linux/prctl.h
LOG_TAIL_BYTES = 2_000

# Linux sends the parent-death signal when the *thread* that forked ends, not the process. So one thread, which lives
# as long as we do, starts every child; a broker started from a short-lived thread would die with it.
_launcher = ThreadPoolExecutor(max_workers=1, thread_name_prefix="child-launcher")


def _dies_with_parent() -> Callable[[], None] | None:
    """What the child runs before exec so that the kernel kills it when we end, however we end. None off Linux."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl  # looked up here: after a fork only async-safe work is allowed
    parent = os.getpid()

    def before_exec() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # we ended before the call
            os._exit(1)

    return before_exec


class Child:
    """One running command.

    Args:
        command: the program and its arguments.
        log_file: receives what it prints; appended to.
        cwd: the directory it runs in.
    """

    def __init__(self, command: Sequence[str], log_file: Path, cwd: Path | None = None) -> None:
        self.command = list(command)
        self.log_file = log_file
        self._process: subprocess.Popen[bytes] = _launcher.submit(self._launch, cwd).result()
        atexit.register(self.kill)

    def _launch(self, cwd: Path | None) -> subprocess.Popen[bytes]:
        with self.log_file.open("ab") as log:
            return subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=cwd,
                start_new_session=True,  # Ctrl-C on the terminal stops us first; we stop the child when we are ready
                preexec_fn=_dies_with_parent(),  # noqa: PLW1509 - one prctl call, prepared before the fork
            )

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def exit_status(self) -> int | None:
        """None while it runs; negative where a signal ended it."""
        return self._process.poll()

    def freeze(self) -> None:
        """Stop it in mid-air (SIGSTOP): connections stay open and nobody answers."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on (SIGCONT)."""
        self._process.send_signal(signal.SIGCONT)

    def terminate(self, timeout_s: float) -> bool:
        """Ask it to end (SIGTERM), and kill it if it has not within ``timeout_s``. Says whether it ended by itself."""
        if self.exit_status is None:
            self.thaw()
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout_s)
        self.kill()
        return self.exit_status != -signal.SIGKILL

    def kill(self) -> None:
        """End it now (SIGKILL). Does nothing where it has ended."""
        if self.exit_status is None:
            self._process.kill()
            self._process.wait()
        atexit.unregister(self.kill)

    def log_tail(self) -> str:
        """The last lines that it printed."""
        try:
            return self.log_file.read_bytes()[-LOG_TAIL_BYTES:].decode(errors="replace").strip()
        except OSError:
            return ""
