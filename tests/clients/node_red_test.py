"""Runs docs/examples/node-red-flow.json in Node-RED, with the addresses and keys of a server of its own.

argv: the executable, node, and the folder where npm installed Node-RED.
"""
import json
import pathlib
import sys
import unittest
import urllib.request

from mqtt_talk import DeviceClient
from programs import Program, free_port, until
from server import NODE_PATIENCE_S, PATIENCE_S, Server, run_tests, temporary_folder, told

FLOW = pathlib.Path(__file__).parents[2] / "docs/examples/node-red-flow.json"
SN = "R331TESTNRED0001"  # a DELTA 2


class NodeRed(Program):
    """Node-RED with the example's flow, which prints what its debug nodes show."""

    def __init__(self, node, packages, server, account, token):
        certificate = account["api"].certification()
        nodes = {each["id"]: each for each in json.loads(FLOW.read_text())}
        host, port = server.place("mqtt")
        nodes["gl-broker"].update(broker=host, port=str(port))
        user = certificate["certificateAccount"]
        nodes["gl-reports"]["topic"] = nodes["gl-reports"]["topic"].replace("ACCOUNT", user)
        nodes["gl-set"]["url"] = f"{server.facts['http']}/api/v1/devices/{SN}/commands"
        for shown in ("gl-shown", "gl-answer"):
            nodes[shown]["console"] = True
        secrets = {
            "gl-broker": {"user": user, "password": certificate["certificatePassword"]},
            "gl-set": {"password": token},
        }
        folder = temporary_folder()
        (folder / "flows.json").write_text(json.dumps(list(nodes.values())))
        (folder / "flows_cred.json").write_text(json.dumps(secrets))
        self.url = f"http://127.0.0.1:{free_port()}"
        (folder / "settings.js").write_text(f"""module.exports = {{
            flowFile: "flows.json", credentialSecret: false, uiHost: "127.0.0.1", uiPort: {self.url.rpartition(":")[2]},
            telemetry: {{ enabled: false, updateNotification: false }}, editorTheme: {{ tours: false }},
        }};""")
        super().__init__(node, f"{packages}/node_modules/node-red/red.js", "--userDir", folder)
        self.await_line(lambda line: "Started flows" in line, "the start of Node-RED", NODE_PATIENCE_S)

    def shows(self, text):
        """Whether it has printed a line that ends so."""
        while not self.lines.empty():
            self.seen.append(self.lines.get() or "")
        return any(line.endswith(text) for line in self.seen)

    def press(self, button):
        request = urllib.request.Request(f"{self.url}/inject/{button}", b"", method="POST")
        urllib.request.urlopen(request, timeout=PATIENCE_S).close()


class NodeRedTest(unittest.TestCase):
    node = packages = ""

    def test_the_example_shows_the_charge_and_sets_the_device(self):
        server = self.enterContext(Server(demo=False))
        account = server.add_account("home")
        device = self.enterContext(DeviceClient(server, SN, server.add_device(SN, "home")))
        device.subscribe(device.topic("set"))
        token = told(server.cli("token", "add", "node-red", "--account", "home", "--scope", "control"))["token"]
        red = self.enterContext(NodeRed(self.node, self.packages, server, account, token))
        red.await_line(lambda line: "Connected to broker" in line, "its connection to the server")

        def is_shown():
            device.report({"soc": 61}, typeCode="pdStatus")  # again, until it has subscribed
            return red.shows("[debug:charge in percent] 61")

        until("the charge", is_shown)
        red.press("gl-button")
        asked = device.message(device.topic("set")).payload
        self.assertEqual((asked["operateType"], asked["params"]), ("quietMode", {"enabled": 1}))
        device.publish(device.topic("set_reply"), {"id": asked["id"], "version": "1.0", "data": {"ack": 0}})
        red.await_line(lambda line: "[debug:answer]" in line, "the answer to the set")
        red.await_line(lambda line: "state: 'answered'" in line, "what it says")


if __name__ == "__main__":
    NodeRedTest.packages = sys.argv.pop(3)
    NodeRedTest.node = sys.argv.pop(2)
    run_tests()
