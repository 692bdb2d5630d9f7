"""Debian's mosquitto_sub and mosquitto_pub as the tests run them.

mosquitto_sub says when it is subscribed only in its debug lines, so those are read and awaited.
"""
import json
import queue
import subprocess
import threading

from server import PATIENCE_S, Deadline

VERSIONS = ("mqttv311", "mqttv5")


class Subscription:
    """A running mosquitto_sub; a context manager."""

    def __init__(self, arguments):
        # stdbuf: its debug lines are stdio's, which a pipe would keep until the end.
        self.process = subprocess.Popen(
            ["stdbuf", "-oL", "mosquitto_sub", "-d", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines, self.seen = queue.Queue(), []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))
        self.lines.put(None)

    def line(self, where, what):
        """The first line that `where` likes; those before it are dropped."""
        deadline = Deadline(what)
        while True:
            try:
                line = self.lines.get(timeout=deadline.left_s())
            except queue.Empty:
                continue
            if line is None:
                raise AssertionError(f"mosquitto_sub ended before {what}: {self.seen}")
            self.seen.append(line)
            if where(line):
                return line

    def message(self, topic, where=lambda payload: True):
        """(retained, payload) of the first message on `topic` that `where` likes."""

        def wanted(line):
            parts = line.split(" ", 2)
            return (
                len(parts) == 3
                and parts[0] in "01"
                and parts[1] == topic
                and where(json.loads(parts[2]))
            )

        retained, _, payload = self.line(wanted, f"a message on {topic}").split(" ", 2)
        return retained == "1", json.loads(payload)

    def subscribed(self):
        """Awaits the SUBACK."""
        self.line(lambda line: "received SUBACK" in line, "SUBACK")
        return self

    def packet(self):
        """The next message of one that was started with `-F %j`, as an object."""
        return json.loads(self.line(lambda line: line.startswith("{"), "a message"))

    def kill(self):
        """Without a DISCONNECT; on SIGTERM it may wait for one of its own for ever."""
        self.process.kill()
        self.process.wait(PATIENCE_S)
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.returncode is None:
            self.kill()


def publish(*arguments):
    """Runs mosquitto_pub to its end, which must be a success."""
    done = subprocess.run(
        ["mosquitto_pub", *arguments], capture_output=True, text=True, timeout=PATIENCE_S
    )
    if (done.returncode, done.stderr) != (0, ""):
        raise AssertionError(f"mosquitto_pub {arguments}: {done.returncode} {done.stderr}")
