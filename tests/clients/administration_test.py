"""Administration over HTTP: a token of an administrator runs a server that a command only began."""
import contextlib
import http.client
import json

from server import LIST, PATIENCE_S, ServerTest, run_tests, told
from sign_in_test import Browser

ADMIN = "/api/v1/admin"
OPERATIONS = f"{ADMIN}/operations"


class AdministrationTest(ServerTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.token = told(cls.server.cli("token", "add", "panel", "--scope", "admin"))["token"]

    def ask(self, method, path, body=None, token=None):
        """Status and answer."""
        headers = {"Authorization": f"Bearer {token or self.token}", "Content-Type": "application/json"}
        line = http.client.HTTPConnection(*self.server.place("http"), timeout=PATIENCE_S)
        with contextlib.closing(line):
            line.request(method, path, body=None if body is None else json.dumps(body), headers=headers)
            answer = line.getresponse()
            return answer.status, json.loads(answer.read())

    def run_operation(self, operation, /, **parameters):
        status, answer = self.ask("POST", f"{ADMIN}/{operation}", parameters)
        self.assertEqual(status, 200, answer)
        return answer

    def refused(self, operation, status, /, **parameters):
        found, answer = self.ask("POST", f"{ADMIN}/{operation}", parameters)
        self.assertEqual(found, status, answer)
        return answer["message"]

    def test_an_account_and_a_device_are_added_changed_and_removed(self):
        account = self.run_operation("account.add", name="anna")
        api = self.server.api(account["accessKey"], account["secretKey"])
        self.assertEqual(api.devices(), {})
        device = self.run_operation("device.add", sn="R331ADMIN0001", owner="anna", name="Kitchen")
        self.assertEqual(list(api.devices()), ["R331ADMIN0001"])
        rotated = self.run_operation("device.rotate", sn="R331ADMIN0001")
        self.assertNotEqual(rotated["deviceKey"], device["deviceKey"])
        self.run_operation("device.rename", sn="R331ADMIN0001", name="Cellar")
        listed = self.run_operation("device.list", owner="anna")
        self.assertEqual([(row["sn"], row["name"]) for row in listed], [("R331ADMIN0001", "Cellar")])
        self.run_operation("device.remove", sn="R331ADMIN0001")
        self.run_operation("account.remove", name="anna")
        self.assertEqual(api.call("GET", LIST)["code"], "8513")
        entries = [json.loads(line) for line in self.server.cli("audit", "--json", "--who", "admin:panel",
                                                               "--last", "100").stdout.splitlines()]
        made = [entry for entry in entries if "R331ADMIN0001" in (entry.get("sn"), entry.get("removed"))]
        self.assertEqual([entry["what"] for entry in made],
                         ["device.add", "device.rotate", "device.rename", "device.remove"])
        for entry in made:
            self.assertEqual((entry["through"], entry["from"]), ("http", "127.0.0.1"))
            self.assertRegex(entry["by"], "^token [0-9]+$")
        self.assertIn("sign-in", [entry["what"] for entry in entries])
        for secret in (account["secretKey"], device["deviceKey"], rotated["deviceKey"]):
            self.assertNotIn(secret, json.dumps(entries))

    def test_a_device_that_no_family_serves_says_what_it_is_and_why(self):
        rows = [("P231ADMIN0001", "generic", "DELTA 3", "refused", "refuses it"),
                ("R361ADMIN0001", "generic", "DELTA 2 Max Smart Extra Battery", "through_host", "a DELTA 2 Max"),
                ("D3N1ADMIN0001", "delta_3_max", "DELTA 3 Max", None, None),
                ("HEATER-02", "generic", "", None, None)]
        account = told(self.server.cli("account", "add", "carl"))
        api = self.server.api(account["accessKey"], account["secretKey"])
        names = {}
        for sn, family, product, unserved, why in rows:
            with self.subTest(sn=sn):
                made = self.run_operation("device.add", sn=sn, owner="carl")
                self.assertEqual((made["family"], made.get("unserved")), (family, unserved))
                self.assertEqual(made["name"], product or sn)
                self.assertEqual("reason" in made, why is not None)
                shown = self.server.cli("device", "show", sn).stdout
                self.assertIn(why or product or family, " ".join(shown.split()))
                shown = json.loads(self.server.cli("device", "show", sn, "--json").stdout)
                self.assertEqual((shown["product"], shown.get("unserved")), (product, unserved))
                names[sn] = product
        answer = api.call("GET", LIST)
        self.assertEqual({row["sn"]: row["productName"] for row in answer["data"]}, names)

    def test_the_operations_are_listed_with_their_parameters(self):
        status, answer = self.ask("GET", OPERATIONS)
        self.assertEqual(status, 200)
        rows = {row["name"]: row for row in answer["operations"]}
        parameters = {each["name"]: each for each in rows["device.share"]["parameters"]}
        self.assertEqual(parameters["rights"]["values"], ["monitor", "full", "none"])
        self.assertFalse(rows["record"]["http"])
        for name, row in rows.items():
            if not row["http"]:
                self.assertIn("not for HTTP", self.refused(name, 400))

    def test_a_wrong_parameter_is_named(self):
        self.assertIn("nmae", self.refused("account.add", 400, nmae="ben"))
        self.assertIn("name is missing", self.refused("account.add", 400))
        self.assertIn("name is 7", self.refused("account.add", 400, name=7))
        self.assertIn("not an operation", self.refused("account.fly", 400))
        self.assertEqual(self.ask("GET", f"{ADMIN}/account.add")[0], 405)

    def test_nobody_but_an_administrator_may(self):
        for scope in ("read", "control", "card"):
            token = told(self.server.cli("token", "add", scope, "--account", "demo", "--scope", scope))["token"]
            self.assertEqual(self.ask("GET", OPERATIONS, token=token)[0], 403)
            self.assertEqual(self.ask("POST", f"{ADMIN}/account.list", {}, token)[0], 403)
        self.assertEqual(self.ask("POST", f"{ADMIN}/account.list", {}, "glt_unknown")[0], 401)
        self.assertEqual(self.api.call("GET", OPERATIONS)["code"], "8512")
        self.assertEqual(self.api.call("POST", f"{ADMIN}/account.list", body={"name": "x"})["code"], "8512")
        browser = Browser(self.server)
        link = json.loads(self.server.cli("sign-in", "--json", "--account", "demo").stdout)["link"].split("#t=")[1]
        self.assertEqual(browser.sign_in(link=link), 200)
        self.assertEqual(browser.ask("GET", OPERATIONS), 403)
        self.assertEqual(browser.ask("POST", f"{ADMIN}/account.list", {}), 403)

    def test_an_administrator_reads_no_device_and_ends_with_its_token(self):
        for path in ("/api/v1/me", "/api/v1/devices", "/api/v1/home"):
            self.assertEqual(self.ask("GET", path)[0], 403, path)
        made = told(self.server.cli("token", "add", "brief", "--scope", "admin"))
        self.assertEqual(self.ask("GET", OPERATIONS, token=made["token"])[0], 200)
        rows = [json.loads(line) for line in self.server.cli("token", "list", "--json").stdout.splitlines()]
        listed = {row["name"]: row for row in rows}["brief"]
        self.assertEqual((listed["scope"], "account" in listed), ("admin", False))
        self.run_operation("token.remove", number=int(made["number"]))
        self.assertEqual(self.ask("GET", OPERATIONS, token=made["token"])[0], 401)
        wrong = self.server.cli("token", "add", "x", "--scope", "admin", "--account", "demo")
        self.assertEqual(wrong.returncode, 2)
        self.assertIn("belongs to no account", wrong.stderr)


if __name__ == "__main__":
    run_tests()
