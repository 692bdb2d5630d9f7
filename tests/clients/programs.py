"""Other authors' programs that bridges connect with: brokers, databases, clients. Each runs on a free port with a
folder of its own, and what it prints is read as it comes, so that nothing here waits by time.
"""
import os
import pathlib
import pwd
import queue
import signal
import socket
import subprocess
import threading

from server import PATIENCE_S, Deadline, temporary_folder


def free_port():
    """A port on which nothing listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return held.getsockname()[1]


class Program:
    """A running program; a context manager. Its lines, of both outputs, are kept."""

    def __init__(self, *command, **how):
        self.command = [str(word) for word in command]
        self.process = subprocess.Popen(
            ["stdbuf", "-oL", *self.command],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            errors="replace", **how)
        self.lines, self.seen = queue.Queue(), []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))
        self.lines.put(None)

    def await_line(self, where, what, patience_s=PATIENCE_S):
        """The first line that `where` likes, of those that came already or are to come."""
        for line in self.seen:
            if where(line):
                return line
        return self.await_new_line(where, what, patience_s)

    def await_new_line(self, where, what, patience_s=PATIENCE_S):
        """The same of lines that nobody has looked at yet."""
        deadline = Deadline(what, patience_s)
        while True:
            try:
                line = self.lines.get(timeout=deadline.left_s())
            except queue.Empty:
                continue
            if line is None:
                raise AssertionError(f"{self.command[0]} ended before {what}: {self.seen[-20:]}")
            self.seen.append(line)
            if where(line):
                return line

    def end(self, how=signal.SIGTERM):
        """Its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(how)
        code = self.process.wait(PATIENCE_S)
        self.process.stdout.close()
        return code

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.returncode is None:
            self.end(signal.SIGKILL)


class Broker(Program):
    """Debian's mosquitto, which lets in one user."""

    user, password = "gridloom", "broker-password"

    def __init__(self, port=None):
        self.folder, self.port = temporary_folder(), port or free_port()
        users, conf = self.folder / "users", self.folder / "conf"
        subprocess.run(["mosquitto_passwd", "-b", "-c", str(users), self.user, self.password], check=True,
                       capture_output=True)
        users.chmod(0o644)  # as root, mosquitto reads it as another user
        self.folder.chmod(0o755)
        conf.write_text(f"listener {self.port} 127.0.0.1\nallow_anonymous false\npassword_file {users}\n")
        super().__init__("mosquitto", "-v", "-c", conf)
        self.await_line(lambda line: " running" in line, "the start of mosquitto")

    def subscribed(self, topic="#"):
        """A mosquitto_sub, which prints `RETAINED TOPIC PAYLOAD`."""
        app = Program("mosquitto_sub", "-d", "-h", "127.0.0.1", "-p", self.port, "-u", self.user, "-P", self.password,
                      "-F", "%r %t %p", "-t", topic)
        app.await_line(lambda line: "received SUBACK" in line, "SUBACK")
        return app


class Postgres(Program):
    """Debian's postgresql-15 with a database `gridloom` and a user of the same name, who needs the password. It is as
    durable as PostgreSQL is by default, listens on the loopback and ends with all of its sessions."""

    user, password, database = "gridloom", "database-password", "gridloom"

    @staticmethod
    def programs():
        """The folder of PostgreSQL's programs; None where the package is missing."""
        found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/postgres"))
        return found[-1].parent if found else None

    def __init__(self, *settings, data=None, port=None):
        """A new server, or one of the folder `data` that another has made. Settings: `wal_level=replica`."""
        self.port, self.settings = port or free_port(), settings
        self.data = data or self._make()
        self._start()

    def _make(self):
        folder = temporary_folder()
        self.password_file = folder / "password"
        self.password_file.write_text(self.password + "\n")
        self.password_file.chmod(0o600)
        if os.geteuid() == 0:  # which PostgreSQL refuses to run as
            os.chown(folder, *self._owner())
            os.chown(self.password_file, *self._owner())
        subprocess.run([*self._as_owner(), self.programs() / "initdb", "-D", folder / "data", "-U", self.user,
                        f"--pwfile={self.password_file}", "--auth=scram-sha-256", "--no-sync", "--locale=C",
                        "--encoding=UTF8"], check=True, capture_output=True, cwd=folder)
        os.chown(self.password_file, os.geteuid(), os.getegid())
        return folder / "data"

    @staticmethod
    def _owner():
        names = {entry.pw_name: entry for entry in pwd.getpwall()}
        entry = names.get("postgres") or names["nobody"]
        return entry.pw_uid, entry.pw_gid

    def _as_owner(self):
        """It ends with the test, also if that is killed."""
        words = ["setpriv", "--pdeathsig=QUIT"]
        if os.geteuid() == 0:
            user, group = self._owner()
            words += [f"--reuid={user}", f"--regid={group}", "--clear-groups"]
        return words

    def _start(self):
        options = ["listen_addresses=127.0.0.1", f"port={self.port}", "unix_socket_directories=", *self.settings]
        super().__init__(*self._as_owner(), self.programs() / "postgres", "-D", self.data,
                         *(word for option in options for word in ("-c", option)), start_new_session=True,
                         cwd=self.data.parent)
        self.await_line(lambda line: "is ready to accept connections" in line, "the start of PostgreSQL")
        if not self.sql("SELECT 1 FROM pg_database WHERE datname = 'gridloom'", "postgres"):
            self.sql("CREATE DATABASE gridloom", "postgres")

    @property
    def url(self):
        """Without the password, which `password_file` has."""
        return f"postgres://{self.user}@127.0.0.1:{self.port}/{self.database}"

    def sql(self, text, database=None):
        """What psql prints of the rows: unaligned, a line each, with | between columns."""
        done = subprocess.run(["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p",
                               str(self.port), "-U", self.user, "-d", database or self.database, "-c", text],
                              text=True, capture_output=True, env={**os.environ, "PGPASSWORD": self.password})
        if done.returncode != 0:
            raise AssertionError(f"psql: {done.stderr}")
        return done.stdout.rstrip("\n")

    def pause(self):
        """Nothing of it runs until go_on(): sockets stay open and are not answered."""
        os.killpg(self.process.pid, signal.SIGSTOP)

    def go_on(self):
        os.killpg(self.process.pid, signal.SIGCONT)

    def kill(self):
        """As a loss of power does, with all of its sessions."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(PATIENCE_S)
        self.process.stdout.close()

    def stop(self):
        """In order, without waiting for its clients."""
        return self.end(signal.SIGINT)

    def restart(self):
        """After kill() or stop()."""
        self._start()

    def __exit__(self, *_):
        if self.process.returncode is None:
            self.kill()


def until(what, look):
    """The first answer of `look` that is not false; it asks a program each time, which takes a while."""
    deadline = Deadline(what)
    while True:
        found = look()
        if found:
            return found
        deadline.left_s()
