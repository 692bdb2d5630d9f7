"""What the tests of packages share: where packages are, and servers in root folders of their own.

Each test file is run as `FILE.py`, after tools/package has put what it tests into build/package. They need root: they
mount, change the root folder and make users, all in a mount namespace of their own that ends with them.
"""
import atexit
import ctypes
import fcntl
import os
import pathlib
import socket
import struct
import subprocess
import sys
import tarfile
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "tests/clients"))
import server as server_module  # noqa: E402

PACKAGES = ROOT / "build/package"
USER = 4711  # of a server, nobody's on this machine


def version():
    for line in (ROOT / "CMakeLists.txt").read_text().splitlines():
        if line.startswith("project(gridloom"):
            return line.rsplit(" ", 1)[1].rstrip(")")
    raise AssertionError("CMakeLists.txt names no version")


def portable_archive(arch="x86_64"):
    return PACKAGES / f"gridloom-{version()}-linux-{arch}.tar.gz"


def image_archive(arch="x86_64"):
    return PACKAGES / f"gridloom-{version()}-oci-{arch}.tar"


def source_archive():
    return PACKAGES / f"gridloom-{version()}-source.tar.gz"


def enter_namespaces():
    """Runs the test again with mounts, a network and processes of its own; these end with it."""
    if os.environ.get("GL_PACKAGE_TEST") == "inside":
        loopback_up()
        return
    if os.geteuid() != 0:
        sys.exit("this test mounts and makes users in a namespace of its own, so it has to run as root")
    environment = {**os.environ, "GL_PACKAGE_TEST": "inside", "PYTHONDONTWRITEBYTECODE": "1"}
    os.execvpe("unshare", ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc",
                           sys.executable, *sys.argv], environment)


def loopback_up():
    flags, up = 0x8914, 1  # SIOCSIFFLAGS, IFF_UP
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, flags, struct.pack("16sh14x", b"lo", up))


def mount(kind, target, options=None, source=None, flags=0):
    libc = ctypes.CDLL(None, use_errno=True)
    pathlib.Path(target).mkdir(parents=True, exist_ok=True)
    if libc.mount(str(source or kind).encode(), str(target).encode(), kind.encode() if kind else None, flags,
                  options.encode() if options else None) != 0:
        raise OSError(ctypes.get_errno(), f"mount {kind} on {target}: {os.strerror(ctypes.get_errno())}")


def fresh_folder():
    """On a file system of its own, which ends with the namespace."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="gl-package-"))
    atexit.register(leave, folder)
    mount("tmpfs", folder, "mode=0755")
    return folder


def leave(folder):
    subprocess.run(["umount", "--recursive", "--lazy", folder], check=False, capture_output=True)
    folder.rmdir()


def unpack(archive, folder):
    """The path of the one folder that a portable archive has."""
    with tarfile.open(archive) as tar:
        tar.extractall(folder)
        return folder / tar.getnames()[0].split("/")[0]


class RootedServer(server_module.Server):
    """A server in the root folder `root`, started by `command` (a list, as inside), its data folder in `data`."""

    def __init__(self, root, command, data="/data", user=USER, environment=()):
        self.root, self.inside, self.user = root, data, user
        self.patience_s = server_module.SERVER_S
        self.chroot = ["/usr/sbin/chroot", f"--userspec={user}:{user}", "--groups=", str(root)]
        self.environment = ["env", "-i", *environment]
        folder = root / data.lstrip("/")
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.chown(folder, user, user)
        self.program = command[0]
        self.data = folder
        self.log = folder.parent / (folder.name + ".log")
        self.command = [*self.environment, *self.chroot, *command]
        self._start(self.command)

    @property
    def ca(self):
        return str(self.root / self.facts["ca"].lstrip("/"))

    def cli(self, *arguments, stdin=None):
        """A command in the same root folder, as the same user."""
        return self.run(self.program, *arguments, "--data", self.inside, stdin=stdin)

    def run(self, *command, stdin=None):
        return subprocess.run([*self.environment, *self.chroot, *map(str, command)], input=stdin, text=True,
                              capture_output=True, timeout=server_module.PATIENCE_S, check=False)
