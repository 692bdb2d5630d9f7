"""Debian's mosquitto_sub and mosquitto_pub as the tests run them.

mosquitto_sub says when it is subscribed only in its debug lines, so those are read and awaited.
"""
import json
import signal
import subprocess

from programs import Program
from server import PATIENCE_S

VERSIONS = ("mqttv311", "mqttv5")


class Subscription(Program):
    """A running mosquitto_sub; a context manager."""

    def __init__(self, arguments):
        super().__init__("mosquitto_sub", "-d", *arguments)

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

        retained, _, payload = self.await_new_line(wanted, f"a message on {topic}").split(" ", 2)
        return retained == "1", json.loads(payload)

    def subscribed(self):
        """Awaits the SUBACK."""
        self.await_new_line(lambda line: "received SUBACK" in line, "SUBACK")
        return self

    def packet(self):
        """The next message of one that was started with `-F %j`, as an object."""
        return json.loads(self.await_new_line(lambda line: line.startswith("{"), "a message"))

    def kill(self):
        """Without a DISCONNECT; on SIGTERM it may wait for one of its own for ever."""
        self.end(signal.SIGKILL)


def publish(*arguments):
    """Runs mosquitto_pub to its end, which must be a success."""
    done = subprocess.run(
        ["mosquitto_pub", *arguments], capture_output=True, text=True, timeout=PATIENCE_S
    )
    if (done.returncode, done.stderr) != (0, ""):
        raise AssertionError(f"mosquitto_pub {arguments}: {done.returncode} {done.stderr}")
