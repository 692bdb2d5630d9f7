"""The bridge "home-assistant" with Debian's mosquitto as the broker and a Home Assistant of our own that behaves by the
rules of its documents: it drops entities that those do not allow, follows states and availability, and sends commands.
"""
import json
import re
import signal
import unittest

from mqtt_talk import DeviceClient
from programs import Broker, Program, until
from server import POWER_STREAM, SMART_PLUG, Server, run_tests, temporary_folder

SN = "ZZ99HA00000000001"
MOST_WAITING = 32  # messages that the bridge has given to a broker which does not take them
MEASUREMENT, INCREASING = "measurement", "total_increasing"
# Device class -> its units, and its state classes (None: it has none).
SENSORS = {
    "apparent_power": ({"VA", "kVA"}, {MEASUREMENT}),
    "battery": ({"%"}, {MEASUREMENT}),
    "current": ({"A", "mA"}, {MEASUREMENT}),
    "distance": ({"km", "m", "cm", "mm"}, {MEASUREMENT, INCREASING}),
    "duration": ({"d", "h", "min", "s", "ms"}, {MEASUREMENT, INCREASING}),
    "energy": ({"Wh", "kWh", "MWh"}, {"total", INCREASING}),
    "energy_storage": ({"Wh", "kWh", "MWh"}, {MEASUREMENT}),
    "enum": ({None}, {None}),
    "frequency": ({"Hz", "kHz"}, {MEASUREMENT}),
    "power": ({"W", "kW", "MW"}, {MEASUREMENT}),
    "reactive_power": ({"var", "kvar"}, {MEASUREMENT}),
    "signal_strength": ({"dB", "dBm"}, {MEASUREMENT}),
    "temperature": ({"°C", "°F", "K"}, {MEASUREMENT}),
    "timestamp": ({None}, {None}),
    "voltage": ({"V", "mV"}, {MEASUREMENT}),
    "volume_flow_rate": ({"L/min", "m³/h"}, {MEASUREMENT}),
    "weight": ({"kg", "g"}, {MEASUREMENT}),
}
REQUIRED = {
    "sensor": {"stat_t"},
    "binary_sensor": {"stat_t"},
    "switch": {"cmd_t"},
    "number": {"cmd_t"},
    "select": {"cmd_t", "ops"},
    "button": {"cmd_t"},
}
SHARED = ("avty", "avty_mode", "stat_t", "cmd_t", "qos", "encoding")
TEMPLATE = re.compile(r"\{\{ value_json\['([A-Za-z0-9_-]+)'\] \}\}")


def complaint(entity):
    """Why Home Assistant would drop the entity; None: it would not."""
    platform, device_class = entity["p"], entity.get("dev_cla")
    unit, state_class = entity.get("unit_of_meas"), entity.get("stat_cla")
    if platform not in REQUIRED:
        return f"there is no platform {platform}"
    if missing := REQUIRED[platform] - set(entity):
        return f"{missing} is missing"
    if "uniq_id" not in entity or not entity.get("name"):
        return "it has neither id nor name"
    if not re.fullmatch(platform + r"\.[a-z0-9_]+", entity.get("def_ent_id", "")):
        return "its entity id is of another domain, or none"
    if "object_id" in entity or "obj_id" in entity:
        return "object_id is no more"
    if platform in ("sensor", "binary_sensor") and entity.get("ent_cat") == "config":
        return "a sensor is no setting"
    if platform == "binary_sensor":
        return None if device_class in (None, "problem") and not unit and not state_class else "its class"
    if platform == "number" and not (entity["min"] < entity["max"] and entity["step"] >= 0.001):
        return "its limits are none"
    if platform == "select" and len(set(entity["ops"])) != len(entity["ops"]):
        return "an option stands twice"
    if platform == "sensor" and bool(entity.get("ops")) != (device_class == "enum"):
        return "an enum has options, and nothing else has"
    if device_class is None:
        return None
    if device_class not in SENSORS:
        return f"there is no device class {device_class}"
    units, state_classes = SENSORS[device_class]
    if unit not in units:
        return f"{device_class} has no unit {unit}"
    if platform == "sensor" and state_class not in state_classes:
        return f"{device_class} has no state class {state_class}"
    return None


class HomeAssistant:
    """Reads what a broker says, by the rules of Home Assistant's MQTT integration."""

    def __init__(self, broker):
        self.broker, self.app = broker, broker.subscribed("#")
        self.devices, self.dropped, self.values, self.messages = {}, [], {}, []
        self.ids = {}

    def close(self):
        self.app.__exit__()

    def send(self, topic, payload):
        with Program("mosquitto_pub", "-h", "127.0.0.1", "-p", self.broker.port, "-u", self.broker.user, "-P",
                     self.broker.password, "-q", "1", "-t", topic, "-m", payload) as done:
            done.process.wait(20)

    def follow(self, what, holds):
        """Takes messages until `holds`."""
        while not holds():
            line = self.app.await_new_line(lambda line: re.match(r"[01] [^ ]+", line), what)
            _, topic, payload = (line + " ").split(" ", 2)
            self.take(topic, payload[:-1])

    def take(self, topic, payload):
        self.messages.append((topic, payload))
        self.values[topic] = payload
        if match := re.fullmatch(r"homeassistant/device/([A-Za-z0-9_-]+)/config", topic):
            self.discover(match[1], payload)

    def discover(self, node, payload):
        if not payload:
            self.devices.pop(node, None)
            return
        message = json.loads(payload)
        if not message["o"].get("name") or not message["dev"].get("ids"):
            self.dropped.append((node, "it has neither origin nor ids"))
        known = self.devices.get(node, {})
        entities = {}
        for key, component in message["cmps"].items():
            if list(component) == ["p"]:
                continue  # it is removed
            entity = {**{name: message[name] for name in SHARED if name in message}, **component}
            if why := complaint(entity):
                self.dropped.append((node, key, why))
            if self.ids.setdefault(entity.get("uniq_id"), (node, key)) != (node, key):
                self.dropped.append((node, key, "its id is another one's"))
            entities[key] = entity
        gone = set(known) - set(message["cmps"])
        if gone:
            self.dropped.append((node, gone, "they went in one step"))
        self.devices[node] = entities

    def state(self, sn, key):
        """Home Assistant's state of an entity: a text, None (unknown) or "unavailable"."""
        entity = self.devices[f"gridloom_{sn}"][key]
        if entity["avty_mode"] != "all" or any(self.values.get(each["t"]) != "online" for each in entity["avty"]):
            return "unavailable"
        payload = self.values.get(entity["stat_t"])
        if payload is None:
            return None
        value = json.loads(payload)[TEMPLATE.fullmatch(entity["val_tpl"])[1]]
        return None if value is None else str(value)

    def await_state(self, sn, key, state):
        def holds():
            return key in self.devices.get(f"gridloom_{sn}", {}) and self.state(sn, key) == state

        self.follow(f"{key} of {sn} to be {state}", holds)

    def set(self, sn, key, value):
        self.send(self.devices[f"gridloom_{sn}"][key]["cmd_t"], value)


class HomeAssistantTest(unittest.TestCase):
    def setUp(self):
        self.server = self.enterContext(Server())
        self.broker = Broker()
        self.addCleanup(lambda: self.broker.__exit__())
        self.password = temporary_folder() / "password"
        self.password.write_text(Broker.password + "\n")
        self.password.chmod(0o600)
        self.home = HomeAssistant(self.broker)
        self.addCleanup(self.home.close)

    def settings(self):
        return ["--account", "demo", "--broker", f"mqtt://localhost:{self.broker.port}", "--user", Broker.user,
                "--password-file", self.password, "--at-most-every", "1"]

    def add(self, *more):
        done = self.server.cli("bridge", "add", "home-assistant", "ha", *self.settings(), *more)
        self.assertEqual(done.returncode, 0, done.stderr)

    def row(self):
        return json.loads(self.server.cli("bridge", "show", "ha", "--json").stdout)

    def device(self):
        self.key = self.server.add_device(SN, "demo")
        return self.connected()

    def connected(self):
        device = DeviceClient(self.server, SN, self.key)
        self.addCleanup(device.close)
        self.assertEqual(device.connect(), 0)
        return device

    def test_every_entity_of_the_demo_home_is_one_that_home_assistant_takes(self):
        self.add("--controls")
        wanted = {f"gridloom_{sn}" for sn in self.server.api().devices()}
        self.home.follow("all devices", lambda: wanted <= set(self.home.devices))
        self.assertEqual(self.home.dropped, [])
        self.assertGreater(sum(len(each) for each in self.home.devices.values()), 500)
        self.home.follow("the home", lambda: "gridloom_home_ha" in self.home.devices)
        self.assertEqual(self.home.dropped, [])

    def test_a_command_is_followed_by_the_device_and_a_refusal_leaves_its_state(self):
        self.add("--controls", "--devices", f"{POWER_STREAM},{SMART_PLUG}")
        key = "set_permanentWatts_permanentWatts"
        self.home.follow("the control", lambda: key in self.home.devices.get(f"gridloom_{POWER_STREAM}", {}))
        for watts in ("120", "150"):
            self.home.set(POWER_STREAM, key, watts)
            self.home.await_state(POWER_STREAM, key, watts)
        self.home.set(POWER_STREAM, key, "5000")
        row = until("a refusal", lambda: self.row() if self.row().get("figures", {}).get("sets_refused") else None)
        self.assertIn("from 0 to 800", row["lastError"])
        self.assertEqual(self.home.state(POWER_STREAM, key), "150")

    def test_a_server_that_is_killed_makes_all_unavailable_until_it_is_back(self):
        device = self.device()
        device.report({"temperature": 21.5})
        self.add("--devices", SN)
        self.home.await_state(SN, "temperature", "21.5")
        self.server.end(signal.SIGKILL)
        self.home.await_state(SN, "temperature", "unavailable")
        self.server.start_again()
        self.connected().report({"temperature": 22.5})
        self.home.await_state(SN, "temperature", "22.5")

    def test_a_broker_that_is_paused_gets_the_states_of_now_and_nothing_is_dropped(self):
        device = self.device()
        device.report({"temperature": 0, "humidity": 40})
        self.add("--devices", SN)
        self.home.await_state(SN, "temperature", "0")
        self.broker.process.send_signal(signal.SIGSTOP)
        reported = 0

        def is_full():
            """Whether the bridge waits for the broker, behind many states that came meanwhile."""
            nonlocal reported
            for _ in range(50):
                reported += 1
                device.report({"temperature": reported, **{f"value_{name}": reported for name in range(100)}})
            waiting = self.row()["figures"].get("waiting", 0)
            self.assertLessEqual(waiting, MOST_WAITING)
            return waiting

        device.report({"humidity": 50})
        until("a bridge that waits", is_full)
        self.broker.process.send_signal(signal.SIGCONT)
        self.home.await_state(SN, "temperature", str(reported))
        self.home.await_state(SN, "humidity", "50")
        self.assertEqual(self.row()["dropped"], 0)

    def test_a_device_that_goes_away_is_unavailable(self):
        device = self.device()
        device.report({"temperature": 21.5})
        self.add("--devices", SN)
        self.home.await_state(SN, "temperature", "21.5")
        device.close()
        self.home.await_state(SN, "temperature", "unavailable")

    def test_a_birth_gets_the_devices_again(self):
        self.device().report({"temperature": 21.5})
        self.add("--devices", SN)
        self.home.await_state(SN, "temperature", "21.5")
        self.home.messages.clear()
        self.home.send("homeassistant/status", "online")
        topic = f"homeassistant/device/gridloom_{SN}/config"
        self.home.follow("the device again", lambda: topic in dict(self.home.messages))

    def test_a_device_that_is_removed_leaves_nothing_at_the_broker(self):
        self.device().report({"temperature": 21.5})
        self.add("--devices", SN)
        self.home.await_state(SN, "temperature", "21.5")
        self.assertEqual(self.server.cli("device", "remove", SN).returncode, 0)
        self.home.follow("its end", lambda: f"gridloom_{SN}" not in self.home.devices)
        left = f"gridloom/bridge/ha/published/{SN}"
        self.home.follow("nothing left", lambda: self.home.values.get(left) == "")
        self.assertEqual([topic for topic, value in self.home.values.items() if SN in topic and value], [])

    def test_controls_that_are_switched_off_go_in_two_steps(self):
        self.add("--controls", "--devices", SMART_PLUG)
        node, key = f"gridloom_{SMART_PLUG}", "set_brightness_brightness"
        self.home.follow("the control", lambda: key in self.home.devices.get(node, {}))
        self.assertEqual(self.server.cli("bridge", "remove", "ha").returncode, 0)
        self.add("--devices", SMART_PLUG)
        self.home.follow("its end", lambda: key not in self.home.devices[node])
        self.assertEqual(self.home.dropped, [])

    def test_a_preview_shows_the_messages_and_adds_nothing(self):
        done = self.server.cli("bridge", "add", "home-assistant", *self.settings(), "--devices", SMART_PLUG, "--dry-run")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(f"homeassistant/device/gridloom_{SMART_PLUG}/config", done.stdout)
        self.assertEqual(self.server.cli("bridge", "list", "--json").stdout, "")


if __name__ == "__main__":
    run_tests()
