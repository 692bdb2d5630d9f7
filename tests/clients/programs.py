"""Other authors' programs that bridges connect with: brokers, databases, clients. Each runs on a free port with a
folder of its own, and what it prints is read as it comes, so that nothing here waits by time.
"""
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

    def end(self, how=signal.SIGKILL):
        """Killed: mosquitto forgets a SIGTERM that comes just when it says that it runs."""
        return super().end(how)

    def subscribed(self, topic="#"):
        """A mosquitto_sub, which prints `RETAINED TOPIC PAYLOAD`."""
        app = Program("mosquitto_sub", "-d", "-h", "127.0.0.1", "-p", self.port, "-u", self.user, "-P", self.password,
                      "-F", "%r %t %p", "-t", topic)
        app.await_line(lambda line: "received SUBACK" in line, "SUBACK")
        return app


def until(what, look):
    """The first answer of `look` that is not false; it asks a program each time, which takes a while."""
    deadline = Deadline(what)
    while True:
        found = look()
        if found:
            return found
        deadline.left_s()
