"""What the scripts here share: programs that are built when they are missing, servers of others, a Gridloom with
devices, the load generator, counts of a server's calls, and how much the machine did besides."""
import contextlib
import datetime
import json
import os
import pathlib
import platform
import re
import resource
import select
import shutil
import socket
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/clients"))
sys.dont_write_bytecode = True
import server  # noqa: E402
from server import ask_admin  # noqa: E402, F401  (its users have it from here)

PATIENCE_S = 20
CORES = sorted(os.sched_getaffinity(0))
RELEASE = ROOT / "build/release"
# Where a target of the release preset is found.
BUILT = {
    "gridloom": RELEASE / "gridloom",
    "floor": RELEASE / "bench/floor",
    "call_counter": RELEASE / "bench/call_counter.so",
    "history_stores": RELEASE / "bench/history_stores",
}


def built(*targets):
    """The paths of these targets of the release preset, which are built if they are missing or out of date."""
    missing = [target for target in targets if not BUILT[target].exists()]
    if missing:
        print(f"building {', '.join(missing)} in {RELEASE.relative_to(ROOT)}: minutes the first time", flush=True)
    script = '. "$0/tools/common.sh" && need_build_folder && build release 1 "$@"'
    if subprocess.run(["bash", "-euc", script, ROOT, *targets], stdin=subprocess.DEVNULL).returncode != 0:
        raise SystemExit(f"{', '.join(targets)} could not be built; ./run --build installs what a build needs")
    return [BUILT[target] for target in targets]


def open_files():
    """Lets this process and those that it starts open as many files as the system allows; how many that is."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most


@contextlib.contextmanager
def on_cores(cores):
    """What is started meanwhile runs on these cores alone."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def check_pinned(pid, cores):
    """All threads of a process run on these cores alone."""
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        if (allowed := os.sched_getaffinity(int(task.name))) != set(cores):
            raise SystemExit(f"thread {task.name} of {pid} may run on {sorted(allowed)}, not on {sorted(cores)} alone")


@contextlib.contextmanager
def counted(library, file):
    """Servers that are started meanwhile count their calls into `file`."""
    added = {"LD_PRELOAD": str(library), "GL_CALL_COUNTS": str(file)}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            del os.environ[name]


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


class Work:
    """What the cores do from now on, as far as it is not ours."""

    def __init__(self):
        self.begun, self.idle, self.own = time.monotonic(), self.idle_s(), self.own_s()

    @staticmethod
    def idle_s():
        """Seconds that the cores had nothing to do, since the machine started."""
        fields = pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()
        return int(fields[4]) / os.sysconf("SC_CLK_TCK")

    @staticmethod
    def own_s():
        """Processor time of this program and of those that it started and that have ended."""
        usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return sum(usage.ru_utime + usage.ru_stime for usage in usages)

    def of_others(self):
        """Share of all cores' time that others took."""
        all_s = (time.monotonic() - self.begun) * os.cpu_count()
        busy_s = all_s - (self.idle_s() - self.idle)
        return max(0, busy_s - (self.own_s() - self.own)) / all_s


def tree_cpu_s(pid):
    """Processor time of a process and of all that it started, ended ones included. 0: it is gone."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        used_s = sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
        for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
            used_s += sum(map(tree_cpu_s, (task / "children").read_text().split()))
        return used_s
    return 0


class Peer:
    """A server of somebody else's: started on a port of its own, stopped at the end."""

    def __init__(self, command, port):
        self.place = f"127.0.0.1:{port}"
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        self.pid = self.process.pid
        ended = os.pidfd_open(self.pid)
        deadline = time.monotonic() + PATIENCE_S
        while socket.socket().connect_ex(("127.0.0.1", port)) != 0:
            # Neither tells when it listens: asked again until it does, or has ended.
            if select.select([ended], [], [], 0.02)[0] or time.monotonic() > deadline:
                raise SystemExit(f"{command[0]} did not start to listen")
        os.close(ended)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(PATIENCE_S)


# Limits of Gridloom: nothing may be lost by waiting, and one account has all connections.
NO_LIMITS = ("mqtt.queue-messages=10000000", "mqtt.queue-bytes=1073741824", "mqtt.in-flight=65535",
             "mqtt.queued-bytes-per-account=8589934592", "mqtt.all-queued-bytes=8589934592",
             "mqtt.sessions-per-user=100000")


def program(name):
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    if found is None:
        raise SystemExit(f"{name} is not installed: apt-get install {name}")
    return found


# The counts of an operation that are printed and shown on pages.
COUNTS = ("system_calls", "allocations", "allocated_bytes", "copies", "copied_bytes")


def load(options, kind, to, pid, *flags, counts=None, quiet=False):
    """One run of the generator; its figures. `counts`: the file of a server that was started within counted()."""
    command = [server.GRIDLOOM, "bench", kind, "--to", to, "--pid", str(pid), "--json"]
    if counts:
        command += ["--call-counts", str(counts)]
    command += [*map(str, flags), "--warm-up", str(options.warm_up)]
    for times in (1, 4, 16):  # a busy machine may need longer than a short run for its first operation
        done = subprocess.run([*command, "--seconds", str(times * options.seconds)], capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"{' '.join(command)}: {done.stderr}")
        figures = json.loads(done.stdout)
        if figures["errors"] or figures["operations"]:
            break
    if figures["errors"] or not figures["operations"]:
        raise SystemExit(f"{' '.join(command)}: {figures}")
    if not quiet and counts:
        each = figures["server_per_operation"]
        print("  counts an operation:", ", ".join(f"{name} {each[name]:g}" for name in COUNTS), flush=True)
    elif not quiet:
        print(f"  {figures['per_second']:>9.0f}/s", f"server {figures['server_cpu_us_per_operation']:6.2f} us",
              f"generator {figures['own_cpu_us_per_operation']:6.2f} us",
              f"p50 {figures['latency_p50_ms']:.2f} p99 {figures['latency_p99_ms']:.2f} ms",
              f"lost {figures.get('expected', 0) - figures.get('arrived', 0)}", flush=True)
    return figures


class Home:
    """A Gridloom with an account and its devices, whose numbers in history are 1 and on."""

    def __init__(self, folder, threads, devices, *flags):
        flags = ["--threads", threads, "--log-level", "warn", *flags]
        for limit in NO_LIMITS:
            flags += ["--limit", limit]
        # Each device that is added waits for its entry in the audit, which here does not wait for others.
        data = folder / "data"
        self.server = server.Server("--limit", "history.commit-ms=1", demo=False, data=data)
        account = ask_admin(data, {"op": "account.add", "name": "bench"})
        self.serials = [f"R331BENCH{i:07}" for i in range(devices)]
        keys = [ask_admin(data, {"op": "device.add", "sn": sn, "owner": "bench"})["deviceKey"]
                for sn in self.serials]
        self.server.stop()
        self.devices = folder / "devices"
        self.devices.write_text("".join(f"{sn} {key}\n" for sn, key in zip(self.serials, keys)))
        self.server = server.Server(*flags, demo=False, data=data)
        self.pid = self.server.process.pid
        self.key = folder / "key"
        self.key.write_text(f"{account['accessKey']} {account['secretKey']}\n")
        self.api = self.server.api(account["accessKey"], account["secretKey"])
        certificate = self.api.certification()
        self.account = certificate["certificateAccount"]
        self.data = data
        self.subscriber = folder / "subscriber"
        self.subscriber.write_text(f"{self.account} {certificate['certificatePassword']}\n")

    def place(self, door):
        return "{}:{}".format(*self.server.place(door))

    def restart(self):
        """Stops it and starts it again with the same ports; seconds from the start until it is ready."""
        self.server.stop()
        begun = time.monotonic()
        self.server.start_again()
        self.pid = self.server.process.pid
        return time.monotonic() - begun

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.stop()


def version_of(command, pattern):
    """A page that is made without one of its neighbours says so."""
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError:
        return "not installed"
    found = re.search(pattern, done.stdout + done.stderr)
    return found[1] if found else "not installed"


def processor():
    return re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())[1]


MOST_BUSY = 0.1
TOO_BUSY = ": **too much for these figures to be trusted; they are to be made again on a quiet machine**"


def machine(busy):
    """The lines of a page's table that say where it was made."""
    share = f"{100 * busy:.0f} % of the cores' time" + (TOO_BUSY if busy > MOST_BUSY else "")
    return {
        "commit": commit(),
        "date": datetime.date.today().isoformat(),
        "processor": processor(),
        "cores": len(CORES),
        "kernel": platform.release().split("-")[0],
        "busy": share,
    }


def commit():
    """The commit of the sources, marked where they were changed since; "unknown" without git or its folder."""
    if not shutil.which("git"):
        return "unknown"
    done = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty", "--exclude=*"], capture_output=True,
                          text=True)
    return done.stdout.strip() or "unknown"


def write_page(page, template, facts):
    text = (ROOT / template).read_text()
    (ROOT / page).write_text(re.sub(r"@(\w+)@", lambda name: str(facts[name[1]]), text))
    print(f"{page} is written")
