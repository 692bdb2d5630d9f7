"""The bridge "meter" as a battery sees it: an EcoTracker and a Shelly Pro 3EM over HTTP and UDP, found by multicast DNS;
a topic of Debian's mosquitto as its source; and a virtual STREAM that regulates itself by it.

Multicast DNS is spoken in a network namespace of the test's own, so that test has to run as root.
"""
import contextlib
import http.client
import json
import os
import socket
import struct
import subprocess
import sys
import unittest

from mqtt_talk import DeviceClient
from programs import Broker, free_port, until
from server import PATIENCE_S, Server, run_tests, temporary_folder

INSIDE = "GL_METER_TEST"
INTERFACE = "192.0.2.1"
GROUP = ("224.0.0.251", 5353)
SN = "ZZ99METER0000001"
STREAM = "BK61METER0000001"
SETTLED_W = 25

HOUSE = """
home: A house by a meter
sites:
  flat:
    grid: {{phases: 1}}
    household: {{people: 1, kwh: 1500}}
    devices:
      - {{sn: {sn}, plug: meter, meter: "http://127.0.0.1:{port}/v1/json"}}
"""


def enter_namespace():
    """Runs the test again in a network of its own; without the right to it, what needs one is skipped."""
    if os.environ.get(INSIDE):
        return
    probe = subprocess.run(["unshare", "--net", "ip", "link", "set", "lo", "up"], capture_output=True, check=False)
    if probe.returncode != 0:
        return
    # Every kernel has the loopback; other kinds of interfaces may be missing.
    made = " && ".join(("ip link set lo up multicast on", f"ip address add {INTERFACE}/24 dev lo",
                        "ip route add 224.0.0.0/4 dev lo", 'exec "$@"'))
    os.execvpe("unshare", ["unshare", "--net", "sh", "-c", made, "sh", sys.executable, *sys.argv],
               {**os.environ, INSIDE: "1"})


def name_bytes(*labels):
    return b"".join(bytes([len(label)]) + label.encode() for label in labels) + b"\0"


def query(*labels, kind):
    return struct.pack(">6H", 7, 0, 1, 0, 0, 0) + name_bytes(*labels) + struct.pack(">2H", kind, 1)


class MeterTest(unittest.TestCase):
    def setUp(self):
        self.server = self.enterContext(Server())

    def add(self, name, *settings, account="demo"):
        done = self.server.cli("bridge", "add", "meter", name, "--account", account, *settings)
        self.assertEqual(done.returncode, 0, done.stderr)
        return until("a port", lambda: self.row(name).get("figures", {}).get("port"))

    def row(self, name):
        return json.loads(self.server.cli("bridge", "show", name, "--json").stdout)

    def device(self):
        key = self.server.add_device(SN, "demo")
        device = DeviceClient(self.server, SN, key)
        self.addCleanup(device.close)
        self.assertEqual(device.connect(), 0)
        return device

    def get(self, port, path="/v1/json", host="127.0.0.1"):
        line = http.client.HTTPConnection(host, port, timeout=PATIENCE_S)
        with contextlib.closing(line):  # the meter has few places for one address
            line.request("GET", path)
            answer = line.getresponse()
            return answer.status, answer.headers, json.loads(answer.read())

    def await_power(self, port, power):
        return until(f"{power} W", lambda: (lambda status, _, body: status == 200 and body["power"] == power and body)(
            *self.get(port)))

    def test_an_ecotracker_shows_a_field_and_is_silent_without_it(self):
        port = self.add("tracker", "--as", "ecotracker", "--source", f"device:{SN}:grid", "--listen", "127.0.0.1:0")
        status, headers, _ = self.get(port)
        self.assertEqual((status, headers["Retry-After"]), (503, "1"))
        device = self.device()
        device.report({"grid": -120})
        shown = self.await_power(port, -120)
        self.assertEqual(sorted(shown), ["energyCounterIn", "energyCounterOut", "power", "powerAvg"])
        device.close()
        until("a meter that is silent", lambda: self.get(port)[0] == 503)

    def test_a_shelly_answers_over_udp(self):
        udp = free_port()
        self.add("shelly", "--as", "shelly-pro-3em", "--source", f"device:{SN}:grid", "--listen", "127.0.0.1:0", "--udp",
                 f"127.0.0.1:{udp}")
        device = self.device()
        device.report({"grid": 321.5})
        battery = self.enterContext(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        battery.settimeout(1)

        def asked():
            frame = {"id": 5, "src": "b", "method": "EM.GetStatus", "params": {"id": 0}}
            battery.sendto(json.dumps(frame).encode(), ("127.0.0.1", udp))
            try:
                return json.loads(battery.recv(4096))
            except TimeoutError:  # the power is not known yet
                return None
        answer = until("an answer over UDP", asked)
        self.assertEqual((answer["id"], answer["dst"], answer["result"]["total_act_power"]), (5, "b", 321.5))

    def password(self):
        file = temporary_folder() / "password"
        file.write_text(Broker.password + "\n")
        file.chmod(0o600)
        return file

    def test_phases_are_topics_of_one_broker(self):
        broker = self.enterContext(Broker())
        topics = [f"mqtt:mqtt://127.0.0.1:{broker.port}/house/{name}" for name in ("sum", "a", "b", "c")]
        port = self.add("phases", "--as", "shelly-pro-3em", "--source", topics[0], "--phases", ",".join(topics[1:]),
                        "--user", Broker.user, "--password-file", self.password(), "--listen", "127.0.0.1:0")

        def publish(name, value, *more):
            subprocess.run(["mosquitto_pub", "-h", "127.0.0.1", "-p", str(broker.port), "-u", Broker.user, "-P",
                            Broker.password, "-t", f"house/{name}", "-m", value, *more], check=True)

        def shown():
            for name, value in (("sum", "60"), ("a", "10"), ("b", "20"), ("c", "30")):
                publish(name, value)
            status, _, body = self.get(port, "/rpc/EM.GetStatus?id=0")
            return status == 200 and [body[f"{name}_act_power"] for name in "abc"] == [10, 20, 30]
        until("the powers of the phases", shown)
        publish("end", "1", "-i", "the-end")
        broker.await_line(lambda line: " as the-end " in line, "the last message")
        self.assertFalse([line for line in broker.seen if "already connected" in line], "each is another client")

    def last_error(self, name):
        return self.row(name).get("lastError", "")

    def test_a_topic_is_a_source_and_grows_old(self):
        broker_port = free_port()
        port = self.add("topic", "--as", "ecotracker", "--source",
                        f"mqtt:mqtt://127.0.0.1:{broker_port}/house/meter#power.total", "--max-age", "2", "--user",
                        Broker.user, "--password-file", self.password(), "--listen", "127.0.0.1:0")
        until("a broker that is away", lambda: "refused" in self.last_error("topic"))
        broker = self.enterContext(Broker(broker_port))
        until("a silent topic", lambda: "no message has come on house/meter" in self.last_error("topic"))

        def publish(*more):
            subprocess.run(["mosquitto_pub", "-h", "127.0.0.1", "-p", str(broker.port), "-u", Broker.user, "-P",
                            Broker.password, "-t", "house/meter", "-m", '{"power":{"total":77}}', *more], check=True)

        def shown():
            publish()
            return self.get(port)[0] == 200
        until("the power of the topic", shown)
        self.assertEqual(self.get(port)[2]["power"], 77)
        self.assertEqual(self.row("topic")["figures"]["power_w"], 77)
        until("a meter that is silent", lambda: self.get(port)[0] == 503)
        until("a bridge that fails", lambda: self.row("topic")["state"] == "failing")
        self.assertNotIn("power_w", self.row("topic")["figures"])

    def test_a_virtual_stream_regulates_itself_by_it(self):
        home = temporary_folder() / "house.yaml"
        held = self.enterContext(socket.socket())  # or a door of the server might get the port
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
        home.write_text(HOUSE.format(sn=STREAM, port=port))
        with Server("--home", home, demo=False) as self.server:
            owner = json.loads(self.server.cli("device", "list", "--json").stdout.splitlines()[0])["owner"]
            held.close()
            self.add("tracker", "--as", "ecotracker", "--source", f"device:{STREAM}:powGetSysGrid", "--listen",
                     f"127.0.0.1:{port}", account=owner)
            powers = []

            def settled():
                status, _, body = self.get(port)
                if status == 200 and (not powers or body["power"] != powers[-1]):
                    powers.append(body["power"])
                # The household switches something before long, and the next readings follow that.
                return len(powers) >= 3 and all(abs(power) <= SETTLED_W for power in powers[-3:])
            until("a grid power of nearly 0", settled)

    def test_it_is_found_by_multicast_dns_and_says_goodbye(self):
        if not os.environ.get(INSIDE):
            self.skipTest("this machine lets nobody make a network: run the test as root")
        listener = self.enterContext(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind(GROUP)
        member = socket.inet_aton(GROUP[0]) + socket.inet_aton(INTERFACE)
        listener.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
        listener.settimeout(PATIENCE_S)
        self.add("tracker", "--as", "ecotracker", "--source", f"device:{SN}:grid", "--listen", f"{INTERFACE}:0", "--announce",
                 INTERFACE, "--serial", "0a1b2c3d4e5f")
        hello = listener.recv(9000)
        self.assertIn(b"\x0eproductid=1137", hello)
        asker = self.enterContext(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        asker.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(INTERFACE))
        asker.settimeout(PATIENCE_S)
        asker.sendto(query("_everhome", "_tcp", "local", kind=12), GROUP)
        answer = asker.recv(9000)
        self.assertEqual(struct.unpack(">H", answer[:2]), (7,))
        for part in (b"ecotracker-0a1b2c3d4e5f", b"ip=192.0.2.1", b"serial=0a1b2c3d4e5f", socket.inet_aton(INTERFACE)):
            self.assertIn(part, answer)
        self.assertEqual(self.server.cli("bridge", "remove", "tracker").returncode, 0)
        while True:  # its own question is heard here too
            goodbye = listener.recv(9000)
            if goodbye[2] & 0x80:
                break
        self.assertEqual(len(goodbye), len(hello))
        self.assertNotEqual(goodbye, hello, "its records live no longer")


if __name__ == "__main__":
    enter_namespace()
    run_tests()
