"""Processes: started with their own log, stopped by their own pid, judged."""

import ctypes
import os
import re
import signal
import subprocess
import time

from .net import wait_for

SANITIZER = re.compile(
    r"ERROR: (Address|Leak|Thread)Sanitizer|WARNING: ThreadSanitizer"
    r"|runtime error:|LeakSanitizer has encountered")
_libc = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1


def _die_with_parent():
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Proc:
    """One child; its output (both streams) in DIR/NAME.log."""

    def __init__(self, name, argv, cwd, env=None, stdin=subprocess.DEVNULL):
        self.name = name
        self.argv = [str(a) for a in argv]
        self.cwd = str(cwd)
        self.log_path = os.path.join(self.cwd, name + ".log")
        self.stopped = False
        with open(self.log_path, "ab") as out:
            self.popen = subprocess.Popen(
                self.argv, cwd=self.cwd, stdin=stdin, stdout=out, stderr=out,
                env={**os.environ, **(env or {})},
                preexec_fn=_die_with_parent)

    @property
    def pid(self):
        return self.popen.pid

    def alive(self):
        return self.popen.poll() is None

    def log(self):
        with open(self.log_path, "rb") as f:
            return f.read().decode("utf-8", "replace")

    def tail(self, lines=40):
        said = "\n".join(self.log().splitlines()[-lines:])
        return f"--- {self.name} (pid {self.pid}), last lines:\n{said}"

    def wait_log(self, pattern, timeout=10.0):
        """The match of `pattern` in the log, waited for; fails early when the
        process is gone."""
        rx = re.compile(pattern, re.M)

        def look():
            dead = not self.alive()
            m = rx.search(self.log())
            assert m or not dead, \
                f"{self.name} ended ({self.popen.returncode}) before" \
                f" '{pattern}'\n{self.tail()}"
            return m
        return wait_for(look, timeout,
                        why=lambda: f"'{pattern}'\n{self.tail()}")

    def wait_exit(self, timeout=10.0):
        try:
            return self.popen.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running\n{self.tail()}") from None

    def stop(self, timeout=10.0):
        """TERM, then after `timeout` KILL. The exit code."""
        if self.alive():
            self.popen.send_signal(signal.SIGTERM)
            try:
                self.popen.wait(timeout)
            except subprocess.TimeoutExpired:
                self.popen.kill()
                self.popen.wait()
        self.stopped = True
        return self.popen.returncode

    def verdict(self):
        """What was wrong with it, or None. Peers are not judged."""
        return None

    # what the operating system says of it
    def fds(self):
        base = f"/proc/{self.pid}/fd"
        names = []
        for fd in os.listdir(base):
            try:
                names.append(os.readlink(os.path.join(base, fd)))
            except FileNotFoundError:
                pass
        return sorted(names)

    def rss_kib(self):
        with open(f"/proc/{self.pid}/status") as f:
            return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1))


class Daemon(Proc):
    """One of ours: must live until told, leave with 0, and leave clean."""

    def __init__(self, name, argv, cwd, env=None):
        super().__init__(name, argv, cwd, env={
            "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0:exitcode=99",
            "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
            "TSAN_OPTIONS": "exitcode=98",
            **(env or {})})
        self.died = False

    def stop(self, timeout=20.0):
        self.died = not self.stopped and not self.alive()
        began = time.monotonic()
        rc = super().stop(timeout)
        self.took = time.monotonic() - began
        return rc

    def verdict(self):
        rc = self.popen.returncode
        if self.died:
            return f"{self.name} died by itself (exit {rc})\n{self.tail(80)}"
        if SANITIZER.search(self.log()):
            return f"{self.name}: sanitizer report\n{self.tail(120)}"
        if rc != 0:
            return f"{self.name}: SIGTERM gave exit {rc}\n{self.tail(80)}"
        return None


class Pen:
    """All that a test started; stopped in the reverse order."""

    def __init__(self):
        self.things = []

    def add(self, thing):
        self.things.append(thing)
        return thing

    def close(self):
        wrong = []
        for thing in reversed(self.things):
            thing.stop()
            verdict = getattr(thing, "verdict", lambda: None)()
            if verdict:
                wrong.append(verdict)
        self.things = []
        return wrong
