"""What the rows are sent to: one server with the demo home, and who is who on it.

`demo` owns one virtual device of each family, one device that is offline and one that a row may
sign in as. `other` owns a device that nobody here may touch. `neighbour` may read demo's DELTA 2:
it is the well-behaved app that must not notice any of this.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "clients"))

from mqtt_talk import await_reported  # noqa: E402
from server import (  # noqa: E402  (the path above)
    DELTA_2,
    POWER_KITS,
    POWER_OCEAN,
    POWER_STREAM,
    SMART_HOME_PANEL,
    Server,
)

DELTA, STREAM, PANEL = DELTA_2, POWER_STREAM, SMART_HOME_PANEL
KITS, OCEAN = POWER_KITS, POWER_OCEAN

OFFLINE = "R331BAD0OFFLINE1"  # demo's, never connects
THING = "R331BAD0THING001"  # demo's; rows sign in as it
FOREIGN = "R331BAD0FOREIGN1"  # other's
UNKNOWN = "R331BAD0NOBODYS1"  # in no registry


class Home:
    """The server and the names and secrets that a row needs."""

    def __init__(self, *flags):
        self.server = Server("--log-level", "debug", *flags)
        self.api = self.server.api()
        self.access_key, self.secret_key = self.api.access_key, self.api.secret_key
        certificate = self.api.certification()
        self.account = certificate["certificateAccount"]
        self.password = certificate["certificatePassword"]
        self.other = self.server.add_account("other")
        self.neighbour = self.server.add_account("neighbour")
        self.foreign_account = self.other["api"].certification()["certificateAccount"]
        self.offline_key = self.server.add_device(OFFLINE, "demo")
        self.thing_key = self.server.add_device(THING, "demo")
        self.foreign_key = self.server.add_device(FOREIGN, "other")
        shared = self.server.cli("device", "share", DELTA, "neighbour", "monitor")
        if shared.returncode != 0:
            raise AssertionError(shared.stderr)

    def await_devices(self):
        """Awaits that all virtual devices are online: a set is checked before, but a family that a
        row shows as offline would be another row."""
        await_reported(self.server, self.api, {sn: 1 for sn in (DELTA, STREAM, PANEL, KITS, OCEAN)})

    def stop(self):
        self.server.stop()

    def secrets(self):
        """What must never stand in the log."""
        return [
            self.secret_key,
            self.password,
            self.offline_key,
            self.thing_key,
            self.foreign_key,
            self.other["secretKey"],
            self.other["gatewayKey"],
            self.neighbour["secretKey"],
            self.neighbour["gatewayKey"],
        ]
