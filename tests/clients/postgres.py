"""Debian's PostgreSQL for tests, in a folder of its own on a free port, with a user that has a password.

As root it runs as the user `postgres`, because PostgreSQL refuses root.
"""
import contextlib
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import uuid

import small_disk
from programs import Program
from server import PATIENCE_S, Deadline, held_port, temporary_folder

USER, PASSWORD = "keeper", "quiet-otter-7"


def programs():
    """The folder of PostgreSQL's programs."""
    folders = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if not folders:
        raise AssertionError("postgresql-15 is not installed: tools/packages names it")
    return folders[-1].parent


def ask(port, sql, database):
    """Rows of text."""
    done = subprocess.run(["psql", "-X", "-q", "-A", "-t", "-F", "\t", "-h", "127.0.0.1", "-p", str(port), "-U", USER,
                           "-d", database, "-c", sql], capture_output=True, text=True, timeout=PATIENCE_S,
                          env={**os.environ, "PGPASSWORD": PASSWORD}, check=False)
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    return [line.split("\t") for line in done.stdout.splitlines()]


def new_database(port, password_file):
    name = f"home_{uuid.uuid4().hex[:12]}"
    ask(port, f"CREATE DATABASE {name}", "postgres")
    return ["--database", f"postgres://{USER}@127.0.0.1:{port}/{name}?sslmode=disable",
            "--database-password-file", str(password_file)]


class Certificate:
    """What a server shows to clients that ask for TLS, signed by a certificate authority of its own. `name`: for whom,
    as IP:127.0.0.1."""

    def __init__(self, name):
        folder = temporary_folder()
        folder.chmod(0o711)
        self.authority, self.certificate, self.key = (folder / file for file in ("ca.pem", "server.pem", "server.key"))
        authority_key = folder / "ca.key"
        self._make(authority_key, self.authority, "/CN=authority", "basicConstraints=critical,CA:TRUE")
        self._make(self.key, self.certificate, "/CN=database", f"subjectAltName={name}", "-CA", self.authority, "-CAkey",
                   authority_key)
        for file in (self.authority, self.certificate):
            file.chmod(0o644)
        if os.geteuid() == 0:
            os.chown(self.key, pwd.getpwnam("postgres").pw_uid, 0)

    @staticmethod
    def _make(key, certificate, subject, extension, *signed_by):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                        "-nodes", "-days", "2", "-keyout", key, "-out", certificate, "-subj", subject, "-addext",
                        extension, *signed_by], check=True, capture_output=True)

    def settings(self):
        """Of the server."""
        return ["ssl=on", f"ssl_cert_file={self.certificate}", f"ssl_key_file={self.key}"]


class Postgres:
    """A server that can be killed, paused and started again with its data. `settings`: NAME=VALUE of its
    configuration."""

    def __init__(self, *settings, primary=None, disk_mb=None):
        """`primary`: a server whose standby this is. `disk_mb`: it has a disk of its own, of this size."""
        self.folder, self.held = temporary_folder(), held_port()
        self.port = self.held.getsockname()[1]
        self.settings, self.program = settings, None
        self.password_file = self.folder / "password"
        self.password_file.write_text(PASSWORD + "\n")
        self.password_file.chmod(0o600)
        self.folder.chmod(0o711)
        self.data = self.folder / "postgres"
        self.data.mkdir(mode=0o700)
        self.disk = disk_mb is not None
        if self.disk:
            small_disk.mount(self.data, f"size={disk_mb}m")
        self.as_user = ["setpriv", "--pdeathsig=QUIT"]  # it ends with the test, also if that is killed
        initial = self.folder / "initial-password"
        shutil.copy(self.password_file, initial)
        if os.geteuid() == 0:
            other = pwd.getpwnam("postgres")
            self.as_user += [f"--reuid={other.pw_uid}", f"--regid={other.pw_gid}", "--clear-groups"]
            for path in (self.data, initial):
                os.chown(path, other.pw_uid, other.pw_gid)
        if primary:
            subprocess.run([*self.as_user, programs() / "pg_basebackup", "-D", self.data, "-R", "-h", "127.0.0.1", "-p",
                            str(primary.port), "-U", USER, "--checkpoint=fast", "--no-sync"], check=True,
                           capture_output=True, cwd="/", env={**os.environ, "PGPASSWORD": PASSWORD})
            initial.unlink()
            self.start()
            return
        subprocess.run([*self.as_user, programs() / "initdb", "-D", self.data, "-U", USER, "--pwfile", initial,
                        "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"],
                       check=True, capture_output=True, cwd="/")
        initial.unlink()
        self.start()

    def start(self):
        """After a kill: as soon as the processes of before are gone, which the database waits for itself."""
        deadline = Deadline("the start of PostgreSQL")
        while True:
            self.program = Program(*self.as_user, programs() / "postgres", "-D", self.data, "-p", self.port, "-k", "",
                                   "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off",
                                   *(word for setting in self.settings for word in ("-c", setting)), cwd="/",
                                   start_new_session=True)
            try:
                self.program.await_line(lambda line: "ready to accept" in line, "the start of PostgreSQL")
                return
            except AssertionError:  # it waits for those of before
                deadline.left_s()

    def stop(self, how=signal.SIGINT):
        """SIGINT: its clients are cut off; SIGKILL: the postmaster dies, and its processes after it."""
        self.program.process.send_signal(signal.SIGCONT)
        self.program.process.send_signal(how)
        self.program.process.wait(PATIENCE_S)

    def processes(self):
        """The postmaster and what serves connections."""
        own = self.program.process.pid
        children = pathlib.Path(f"/proc/{own}/task/{own}/children").read_text().split()
        return [own, *map(int, children)]

    def pause(self):
        self._tell(signal.SIGSTOP)

    def go_on(self):
        self._tell(signal.SIGCONT)

    def _tell(self, what):
        for process in self.processes():
            with contextlib.suppress(ProcessLookupError):  # of a session that ends
                os.kill(process, what)

    def standby(self):
        """An asynchronous one, which takes over by promote()."""
        return Postgres(*self.settings, primary=self)

    def promote(self):
        ask(self.port, "SELECT pg_promote()", "postgres")

    def fill_disk(self):
        with open(self.data / "filler", "wb") as filler, contextlib.suppress(OSError):
            while True:
                filler.write(bytes(1 << 16))
                filler.flush()

    def free_disk(self):
        (self.data / "filler").unlink()
        if self.program.process.poll() is not None:  # it could not write its log
            self.start()

    def new_database(self):
        """The flags of a server that has an empty database for its data."""
        return new_database(self.port, self.password_file)

    def admin_url(self):
        return f"postgres://{USER}:{PASSWORD}@127.0.0.1:{self.port}/postgres"

    def ask(self, sql, database):
        """Rows of text."""
        return ask(self.port, sql, database)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.program.process.poll() is None:
            self.stop()
        if self.disk:
            small_disk.unmount(self.data)
