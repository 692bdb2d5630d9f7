"""A command that is killed at one of its system calls, by ptrace(2): each run stops at the same place.

Linux only, as all of Gridloom is. A sanitizer's leak check cannot work under ptrace, and is off.
"""
import ctypes
import os
import signal

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.ptrace.restype = ctypes.c_long
LIBC.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
TRACEME, SYSCALL, SETOPTIONS = 0, 24, 0x4200
EXIT_WITH_TRACER = 0x100000


def run_until(command, stop_at=None, look=None):
    """Runs `command` to its end, or kills it at its system call number `stop_at` (entries and
    returns count one each); look(number) is called at each. The exit status as os.waitpid() has it,
    and how many there were.
    """
    child = os.fork()
    if child == 0:
        become(command)
    _, status = os.waitpid(child, 0)  # at its exec
    LIBC.ptrace(SETOPTIONS, child, None, EXIT_WITH_TRACER)
    calls = 0
    while os.WIFSTOPPED(status):
        if calls == stop_at:
            os.kill(child, signal.SIGKILL)
        elif look:
            look(calls)
        LIBC.ptrace(SYSCALL, child, None, None)
        _, status = os.waitpid(child, 0)
        calls += 1
    return status, calls


def become(command):
    """In the child: never returns."""
    try:
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in range(3):
            os.dup2(nothing, stream)
        environment = dict(os.environ)
        for name in ("ASAN_OPTIONS", "LSAN_OPTIONS"):
            environment[name] = ":".join(filter(None, [environment.get(name), "detect_leaks=0"]))
        LIBC.ptrace(TRACEME, 0, None, None)
        os.execve(command[0], [str(word) for word in command], environment)
    finally:
        os._exit(127)
