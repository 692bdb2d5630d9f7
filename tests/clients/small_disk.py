"""Small disks for tests: a tmpfs in a mount namespace of the test's own, which takes root."""
import contextlib
import os
import subprocess
import sys

INSIDE = "GL_OWN_MOUNTS"
SIZES = (2**20, 4096, 1)


def enter_namespace():
    """Runs the test again where its mounts are nobody else's; without the right to it, the test goes on here."""
    if are_possible():
        return
    probe = subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False)
    if probe.returncode == 0:
        os.execvpe("unshare", ["unshare", "--mount", sys.executable, *sys.argv], {**os.environ, INSIDE: "1"})


def are_possible():
    return bool(os.environ.get(INSIDE))


def mount(folder, *options):
    subprocess.run(["mount", "-t", "tmpfs", "-o", ",".join(("mode=0700", *options)), "tmpfs", folder], check=True)


def unmount(folder):
    subprocess.run(["umount", "--lazy", folder], check=True)


def fill(file):
    """Takes all room that there is."""
    with open(file, "ab", buffering=0) as filler:
        for size in SIZES:
            with contextlib.suppress(OSError):  # no space is left
                while True:
                    filler.write(bytes(size))
