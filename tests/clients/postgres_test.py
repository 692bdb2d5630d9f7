"""A server whose data are in PostgreSQL: what it keeps there, whom it refuses, and what it does without its database.
tests/crash/database_test.py breaks the database under load; tests that know nothing of it run in with_postgres.py."""
import json
import random
import unittest

from mqtt_talk import DeviceClient
from postgres import PASSWORD, USER, Certificate, Postgres
from server import PATIENCE_S, Deadline, Server, cli, run_tests, temporary_folder, told

SN = "ZZ99PG00000000001"


def database_name(flags):
    return flags[1].split("/")[-1].split("?")[0]


class PostgresTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.database = Postgres()
        cls.addClassCleanup(cls.database.stop)

    def start(self, *flags, data=None):
        server = Server(*flags, data=data, demo=False)
        self.addCleanup(server.stop)
        return server

    def refused(self, *flags, data):
        """What a server says that does not start."""
        done = cli("serve", "--http", "127.0.0.1:0", "--https", "127.0.0.1:0", "--mqtt", "127.0.0.1:0", "--mqtts",
                   "127.0.0.1:0", *flags, data=data)
        self.assertNotEqual(done.returncode, 0)
        return done.stderr

    def connected(self, server, key):
        return self.enterContext(DeviceClient(server, SN, key))

    def test_everything_is_in_the_database_and_there_after_a_restart(self):
        flags = self.database.new_database()
        server = Server(*flags, demo=False)
        api = server.add_account("home")["api"]
        key = server.add_device(SN, "home")
        with DeviceClient(server, SN, key) as device:
            for value in range(1, 101):
                device.report({"power": value})
        series = {"fields": "power", "from": "-1h", "to": "now"}
        path = f"/api/v1/devices/{SN}/history"
        self.assertEqual([value for _, value in api.data("GET", path, series)["series"][0]["points"]],
                         list(range(1, 101)))
        server.stop()
        names = {path.name for path in server.data.iterdir()}
        self.assertLessEqual({"database.json", "secret.key", "log", "tls"}, names)
        self.assertFalse(names & {"registry.sqlite", "history.db"}, names)
        self.assertNotIn(PASSWORD, (server.data / "database.json").read_text())
        name = database_name(flags)
        self.assertEqual(self.database.ask("SELECT name FROM gridloom.accounts", name), [["home"]])
        # Commands and later starts know the database by the folder.
        told(cli("account", "add", "ann", data=server.data))
        again = self.start(data=server.data)
        api = again.api(api.access_key, api.secret_key)
        self.assertEqual([value for _, value in api.data("GET", path, series)["series"][0]["points"]],
                         list(range(1, 101)))
        self.assertEqual(api.quota_all(SN)["power"], 100)
        listed = again.cli("account", "list", "--json").stdout.splitlines()
        self.assertEqual([json.loads(line)["name"] for line in listed], ["home", "ann"])

    def test_one_server_has_a_database(self):
        flags = self.database.new_database()
        first = self.start(*flags)
        why = self.refused(*flags, data=temporary_folder() / "second")
        self.assertIn("belongs to gridloom ", why)
        self.assertIn(str(first.data)[:20], why)

    def test_a_folder_with_data_of_its_own_keeps_them(self):
        server = Server(demo=False)
        server.stop()
        why = self.refused(*self.database.new_database(), data=server.data)
        self.assertIn("has data of its own", why)
        self.assertIn("gridloom migrate", why)

    def test_a_folder_belongs_to_its_database(self):
        server = Server(*self.database.new_database(), demo=False)
        server.stop()
        why = self.refused(*self.database.new_database(), data=server.data)
        self.assertIn("belongs to another database", why)

    def test_a_registry_that_is_set_back_is_told_and_stays_the_folders(self):
        flags = self.database.new_database()
        server = Server(*flags, demo=False)
        for name in ("home", "ann"):
            told(server.cli("account", "add", name))
        # As after a failover to a standby that lacks the last change.
        self.database.ask("DELETE FROM gridloom.accounts WHERE name = 'ann';"
                          "UPDATE gridloom.revision SET number = number - 1, change = change + 1;"
                          "SELECT pg_notify('gridloom_registry', CAST(change AS text)) FROM gridloom.revision",
                          database_name(flags))
        deadline = Deadline("the server to notice")
        while "not the newest" not in server.cli("damage").stdout:
            deadline.left_s()
        server.stop()
        again = self.start(data=server.data)
        self.assertIn("not the newest", again.cli("damage").stdout)
        told(again.cli("account", "add", "ann"))

    def test_another_key_cannot_open_the_secrets(self):
        flags = self.database.new_database()
        Server(*flags, demo=False).stop()
        why = self.refused(*flags, data=temporary_folder() / "new")
        self.assertIn("secret.key", why)

    def test_mistakes_are_named(self):
        flags = self.database.new_database()
        url, password_file = flags[1], flags[3]
        wrong = temporary_folder() / "wrong"
        wrong.write_text("wrong\n")
        wrong.chmod(0o600)
        rows = [
            (["--database", url.replace(f"{USER}@", f"{USER}:{PASSWORD}@")], "--database-password-file"),
            (["--database", url, "--database-password-file", "nowhere"], "nowhere"),
            (["--database", url, "--database-password-file", wrong], "password authentication failed"),
            (["--database", url.replace("home_", "no_"), "--database-password-file", password_file], "does not exist"),
            (["--database", "mysql://nas/home"], "postgres://"),
            (["--database", url + "&sslmod=x", "--database-password-file", password_file], "query parameter"),
            (["--database", url.replace(str(self.database.port), "1"), "--database-password-file", password_file],
             "127.0.0.1"),
        ]
        for words, expected in rows:
            with self.subTest(words=words):
                folder = temporary_folder() / "data"
                why = self.refused(*words, data=folder)
                self.assertIn(expected, why)
                self.assertNotIn(PASSWORD, why)
                self.assertFalse((folder / "database.json").exists())

    def test_a_connection_over_a_network_is_verified(self):
        certificate = Certificate("IP:127.0.0.1")
        with Postgres(*certificate.settings()) as database:
            flags = database.new_database()
            verified = f"sslmode=verify-full&sslrootcert={certificate.authority}"
            server = self.start(flags[0], flags[1].replace("sslmode=disable", verified), *flags[2:])
            server.add_account("home")
            uses = database.ask("SELECT DISTINCT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) "
                                "WHERE application_name LIKE 'gridloom%'", "postgres")
            self.assertEqual(uses, [["t"]])
            other = verified.replace(str(certificate.authority), str(Certificate("IP:127.0.0.1").authority))
            why = self.refused(flags[0], flags[1].replace("sslmode=disable", other), *flags[2:],
                               data=temporary_folder() / "data")
            self.assertIn("certificate verify failed", why)
        another = Certificate("DNS:another.example")
        with Postgres(*another.settings()) as database:
            flags = database.new_database()
            named = f"sslmode=verify-full&sslrootcert={another.authority}"
            why = self.refused(flags[0], flags[1].replace("sslmode=disable", named), *flags[2:],
                               data=temporary_folder() / "data")
            self.assertIn("does not match host name", why)

    def test_values_and_rights_go_on_without_the_database(self):
        database = Postgres()
        self.addCleanup(lambda: database.__exit__())
        server = self.start(*database.new_database())
        account = server.add_account("home")
        key = server.add_device(SN, "home")
        device = self.connected(server, key)
        device.report({"power": 1})
        database.stop()
        device.report({"power": 2})
        self.assertEqual(account["api"].quota_all(SN)["power"], 2)
        self.connected(server, key).report({"power": 3})
        refused = server.cli("account", "add", "ann")
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("database", refused.stderr)
        database.start()
        self.until_added(server, "ann")
        series = {"fields": "power", "from": "-1h", "to": "now"}
        data = account["api"].data("GET", f"/api/v1/devices/{SN}/history", series)
        self.assertEqual([value for _, value in data["series"][0]["points"]], [1, 2, 3])

    def test_a_full_log_holds_devices_back_and_loses_nothing(self):
        bound, count = 1 << 26, 2800
        database = Postgres()
        self.addCleanup(database.stop)
        limits = (f"history.log-bytes={bound}", "history.head-bytes=4194304", "device.extra-bytes=1000000")
        server = self.start(*database.new_database(), *(f"--limit={limit}" for limit in limits))
        account = server.add_account("home")
        device = self.connected(server, server.add_device(SN, "home"))
        device.report({"n": 0})
        database.stop()
        chance = random.Random(7)
        fields = {f"text{number}": None for number in range(30)}
        sent = []
        for number in range(1, count + 1):
            texts = {name: f"{chance.getrandbits(4096):x}" for name in fields}
            text = json.dumps({"id": number, "version": "1.0", "params": {"n": number, **texts}})
            sent.append(device.paho.publish(device.topic("quota"), text, 1))
        deadline = Deadline("the log to be full", 4 * PATIENCE_S)
        while (health := server.health()).get("logBytes", 0) < bound - (1 << 23):
            try:
                deadline.left_s()
            except AssertionError as late:
                raise AssertionError(f"{late}: {health}") from None
        self.assertLess(health["logLastsMs"], 60_000)
        self.assertFalse(sent[-1].is_published())
        self.assertGreater(account["api"].quota_all(SN)["n"], 1000)
        database.start()
        for info in sent:
            info.wait_for_publish(4 * PATIENCE_S)
        self.assertTrue(sent[-1].is_published())
        self.assertLess(server.health().get("logBytes", 0), bound + (1 << 23))
        series = {"fields": "n", "from": "-1h", "to": "now"}
        deadline = Deadline("all reports in history", 4 * PATIENCE_S)
        while True:
            answer = account["api"].call("GET", f"/api/v1/devices/{SN}/history", series)
            if answer["code"] == "0" and len(points := answer["data"]["series"][0]["points"]) > count:
                break
            deadline.left_s()
        self.assertEqual([value for _, value in points], list(range(count + 1)))

    def until_added(self, server, name):
        deadline = Deadline("the registry to take changes again")
        while server.cli("account", "add", name).returncode != 0:
            deadline.left_s()


if __name__ == "__main__":
    run_tests()
