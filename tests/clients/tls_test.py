"""TLS: what the made certificate covers, that clients which verify it connect, and what of it stays
over restarts.
"""
import concurrent.futures
import http.client
import pathlib
import socket
import ssl
import stat
import unittest
import warnings

from mqtt_talk import AppClient, RawMqtt
from server import DELTA_2, LIST, PATIENCE_S, Server, run_tests, signed_headers, temporary_folder


def context(ca):
    """A client as strict as Python's of today: newer versions set this flag by themselves."""
    made = ssl.create_default_context(cafile=ca)
    made.verify_flags |= ssl.VERIFY_X509_STRICT
    return made


def connected(running, door, name, ca=None):
    """A TLS connection to a door under `name`, which the certificate must cover."""
    raw = socket.create_connection(("127.0.0.1", running.place(door)[1]), PATIENCE_S)
    try:
        return context(ca or running.ca).wrap_socket(raw, server_hostname=name)
    except ssl.SSLError:
        raw.close()
        raise


def server_certificate(running):
    with connected(running, "https", "localhost") as line:
        return line.getpeercert(binary_form=True)


class StepwiseTls:
    """A TLS client whose messages go out when a test says so."""

    def __init__(self, running):
        self.socket = socket.create_connection(running.place("https"), PATIENCE_S)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context(running.ca).wrap_bio(
            self.incoming, self.outgoing, server_hostname="localhost"
        )

    def next_flight(self):
        """What the client has to say next."""
        while not self.outgoing.pending:
            try:
                self.tls.do_handshake()
            except ssl.SSLWantReadError:
                if not self.outgoing.pending:
                    self.receive()
        return self.outgoing.read()

    def send(self, data):
        self.socket.sendall(data)

    def receive(self):
        data = self.socket.recv(65536)
        if not data:
            raise AssertionError("the server closed the connection")
        self.incoming.write(data)

    def ask(self, text):
        self.tls.write(text.encode())
        self.send(self.outgoing.read())
        while True:
            try:
                return self.tls.read(65536).decode()
            except ssl.SSLWantReadError:
                self.receive()

    def close(self):
        self.socket.close()


def await_sweeps(running, certificate):
    """Awaits that the server's timers went off, by a silent client which they end."""
    silent = RawMqtt(
        running,
        certificate["certificateAccount"],
        certificate["certificatePassword"],
        "silent",
        keepalive_s=1,
    )
    silent.rest()
    silent.close()


class TlsTest(unittest.TestCase):
    def setUp(self):
        self.data = temporary_folder() / "data"

    def server(self, *flags):
        return Server(*flags, data=self.data)

    def test_the_certificate_verifies_for_this_machine_s_names(self):
        with self.server() as running:
            for door in ("https", "mqtts"):
                for name in ("localhost", "127.0.0.1", socket.gethostname()):
                    with self.subTest(door=door, name=name), connected(running, door, name) as line:
                        self.assertIn(line.version(), ("TLSv1.2", "TLSv1.3"))

    def test_it_does_not_verify_for_other_names_or_by_other_authorities(self):
        with self.server() as running, Server(demo=False) as other:
            for door in ("https", "mqtts"):
                with self.subTest(door=door):
                    with self.assertRaises(ssl.SSLCertVerificationError):
                        connected(running, door, "example.test").close()
                    with self.assertRaises(ssl.SSLCertVerificationError):
                        connected(running, door, "localhost", ca=other.ca).close()
            with connected(running, "https", "localhost"):
                pass  # clients that turned away did no harm

    def test_the_public_host_is_covered_and_named_in_the_certification(self):
        with self.server("--public-host", "example.test") as running:
            for door in ("https", "mqtts"):
                for name in ("example.test", "localhost", "127.0.0.1"):
                    with self.subTest(door=door, name=name):
                        connected(running, door, name).close()
            certificate = running.api().certification()
            self.assertEqual(
                (certificate["url"], certificate["port"]),
                ("example.test", str(running.place("mqtts")[1])),
            )

    def test_an_address_as_public_host_is_covered_as_an_address(self):
        with self.server("--public-host", "192.0.2.7") as running:
            connected(running, "https", "192.0.2.7").close()

    def test_the_authority_and_the_certificate_survive_a_restart(self):
        with self.server() as running:
            authority = pathlib.Path(running.ca).read_bytes()
            certificate = server_certificate(running)
        with self.server() as running:
            self.assertEqual(pathlib.Path(running.ca).read_bytes(), authority)
            self.assertEqual(server_certificate(running), certificate)

    def test_the_certificate_is_remade_when_the_public_host_is_added(self):
        with self.server() as running:
            authority = pathlib.Path(running.ca).read_bytes()
            certificate = server_certificate(running)
            kept = self.data.parent / "ca-of-an-app.pem"
            kept.write_bytes(authority)
        with self.server("--public-host", "example.test") as running:
            self.assertEqual(pathlib.Path(running.ca).read_bytes(), authority)
            self.assertNotEqual(server_certificate(running), certificate)
            connected(running, "https", "example.test", ca=kept).close()
        with self.server("--public-host", "other.test") as running:
            connected(running, "https", "other.test", ca=kept).close()

    def test_a_lost_server_certificate_is_made_anew_by_the_same_authority(self):
        with self.server() as running:
            kept = self.data.parent / "ca-of-an-app.pem"
            kept.write_bytes(pathlib.Path(running.ca).read_bytes())
        for damage in ("missing", "cut short"):
            with self.subTest(damage=damage):
                certificate = self.data / "tls" / "server.pem"
                if damage == "missing":
                    certificate.unlink()
                else:
                    certificate.write_bytes(certificate.read_bytes()[:100])
                with self.server() as running:
                    connected(running, "https", "localhost", ca=kept).close()

    def test_the_keys_are_private(self):
        with self.server():
            for name in ("ca.key", "server.key"):
                self.assertEqual(
                    stat.S_IMODE((self.data / "tls" / name).stat().st_mode), 0o600, name
                )

    def test_old_protocols_are_refused(self):
        with self.server() as running:
            old = context(running.ca)
            old.set_ciphers("ALL:@SECLEVEL=0")
            with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
                old.minimum_version = ssl.TLSVersion.TLSv1
                old.maximum_version = ssl.TLSVersion.TLSv1_1
            raw = socket.create_connection(running.place("https"), PATIENCE_S)
            with raw, self.assertRaises(ssl.SSLError):
                old.wrap_socket(raw, server_hostname="localhost")

    def test_plain_words_to_a_tls_door_end_and_do_no_harm(self):
        with self.server() as running:
            for door in ("https", "mqtts"):
                with socket.create_connection(running.place(door), PATIENCE_S) as raw:
                    raw.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" * 4)
                    try:
                        while raw.recv(4096):
                            pass
                    except ConnectionResetError:
                        pass
                connected(running, door, "localhost").close()

    def test_a_handshake_may_take_its_time(self):
        with self.server() as running:
            certificate = running.api().certification()
            for pause_at in ("within the first message", "before the second message"):
                with self.subTest(pause=pause_at):
                    line = StepwiseTls(running)
                    self.addCleanup(line.close)
                    hello = line.next_flight()
                    if pause_at.startswith("within"):
                        line.send(hello[:100])
                        await_sweeps(running, certificate)
                        line.send(hello[100:])
                    else:
                        line.send(hello)
                    line.receive()
                    finished = line.next_flight()
                    if pause_at.startswith("before"):
                        await_sweeps(running, certificate)
                    line.send(finished)
                    self.assertIn("200 OK", line.ask("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"))

    def test_many_handshakes_at_once_all_succeed(self):
        with self.server() as running, concurrent.futures.ThreadPoolExecutor(40) as pool:

            def ask(_):
                api = running.api(door="https")
                return sum(api.call("GET", LIST)["code"] == "0" for _ in range(3))

            self.assertEqual(list(pool.map(ask, range(40))), [3] * 40)

    def test_requests_go_over_one_tls_connection(self):
        with self.server() as running:
            line = http.client.HTTPSConnection(
                "localhost",
                running.place("https")[1],
                timeout=PATIENCE_S,
                context=context(running.ca),
            )
            local = None
            for _ in range(3):
                line.request(
                    "GET",
                    LIST,
                    headers=signed_headers(running.facts["accessKey"], running.facts["secretKey"]),
                )
                self.assertIn(b'"code":"0"', line.getresponse().read())
                local = local or line.sock.getsockname()
                self.assertEqual(line.sock.getsockname(), local)
            line.close()

    def test_what_the_https_door_certifies_leads_to_the_mqtts_door(self):
        with self.server() as running:
            api = running.api(door="https")
            certificate = api.certification()
            self.assertEqual(certificate["url"], "localhost")
            place = (certificate["url"], int(certificate["port"]))
            with AppClient(running, api, place=place) as app:
                app.subscribe(app.topic(DELTA_2, "status"))
                app.status(DELTA_2, 1)


if __name__ == "__main__":
    run_tests()
