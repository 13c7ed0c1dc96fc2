"""A seccomp profile for containers, of the system calls that a unikernel's program is known to make.

Format: OCI runtime-spec, config-linux.md, section Seccomp; `docker run --security-opt seccomp=FILE` and
`podman run` take the same file.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from converter.errors import UsageError

# libseccomp's names (seccomp_arch_add(3)). One each: a 64-bit program has no use for the 32-bit calls, which
# are the same kernel entered by other numbers.
ARCHITECTURES = {"amd64": "SCMP_ARCH_X86_64", "arm64": "SCMP_ARCH_AARCH64"}
ENOSYS = 38  # on both

# What runc does in the container's first process between loading the filter and executing the program:
# libcontainer/standard_init_linux.go and init_linux.go, finalizeNamespace. Without no-new-privileges the
# filter has to be loaded while there are still capabilities, so that they are dropped under the filter.
# Watched with strace on runc 1.1.5, both ways; close_range, execveat and readlinkat are of runc 1.2.
_STARTING = """
    capget capset chdir close close_range epoll_ctl execve execveat exit_group faccessat faccessat2 fchown
    fcntl fstat fstatfs getcwd getdents64 getpid getppid kill newfstatat openat prctl read readlinkat setgid
    setgroups setuid write
"""
# runc is a Go program with several threads: its scheduler and collector may run at any moment of that, and
# start a thread (runtime/os_linux.go; pthread_create(3) in a build with cgo).
_GO_RUNTIME = """
    clone clone3 epoll_pwait futex gettid madvise mmap mprotect munmap nanosleep rseq rt_sigaction
    rt_sigprocmask rt_sigreturn sched_yield set_robust_list sigaltstack tgkill
"""
RUNTIME = frozenset((_STARTING + _GO_RUNTIME).split())


def seccomp_profile(syscalls: Iterable[str], architecture: str) -> dict[str, Any]:
    """The JSON object that allows `syscalls`, and what runc needs to start a container, and nothing else.

    architecture: OCI name. A call that is not allowed fails with ENOSYS, as it does in the unikernel; EPERM,
    the default, keeps programs from using their fallbacks. UsageError for an architecture we do not know.
    """
    if architecture not in ARCHITECTURES:
        raise UsageError(
            f"no seccomp profile can be made for {architecture}",
            hint=f"choose one of: {', '.join(ARCHITECTURES)}",
        )
    program = sorted(set(syscalls))
    return {
        "defaultAction": "SCMP_ACT_ERRNO",
        "defaultErrnoRet": ENOSYS,
        "architectures": [ARCHITECTURES[architecture]],
        "syscalls": [
            {"names": names, "action": "SCMP_ACT_ALLOW"}
            for names in (program, sorted(RUNTIME.difference(program)))
            if names
        ],
    }


def seccomp_text(syscalls: Iterable[str], architecture: str) -> str:
    """`seccomp_profile` as a file's text."""
    return json.dumps(seccomp_profile(syscalls, architecture), indent=1) + "\n"
