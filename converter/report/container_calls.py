"""How many system calls a container can reach: what Docker's default seccomp profile lets through.

Source: moby, profiles/seccomp/default_linux.go as of Docker Engine 28.3 (with pull requests 46762, 47341,
50077 and 50097), on x86-64, for the capabilities that docker gives by default (moby oci/caps/defaults.go).
A call that is let through for some arguments only (clone, socket, personality) counts as reachable.
Podman's and containerd's defaults are near copies.
"""

from __future__ import annotations

from collections.abc import Iterable

# Calls of the x86-64 table that it does not let through; that is shorter than the list of the others.
_DENIED = frozenset(
    """
    _sysctl acct add_key afs_syscall bpf clock_settime clone3 create_module delete_module fanotify_init
    file_getattr file_setattr finit_module fsconfig fsmount fsopen fspick get_kernel_syms get_mempolicy
    getpmsg init_module io_uring_enter io_uring_register io_uring_setup ioperm iopl kcmp kexec_file_load
    kexec_load keyctl listns lookup_dcookie lsm_get_self_attr lsm_list_modules lsm_set_self_attr mbind
    migrate_pages mount mount_setattr move_mount move_pages nfsservctl open_by_handle_at open_tree
    open_tree_attr perf_event_open pidfd_getfd pivot_root process_madvise putpmsg query_module quotactl
    quotactl_fd reboot request_key rseq_slice_yield security set_mempolicy set_mempolicy_home_node
    setdomainname sethostname setns settimeofday swapoff swapon sysfs syslog tuxcall umount2 unshare
    uprobe uselib userfaultfd ustat vhangup vserver
    """.split()
)
DESCRIPTION = "what docker's default seccomp profile lets through"


def let_through(known: Iterable[str]) -> frozenset[str]:
    """Those of the `known` system calls of an architecture that a container can make."""
    return frozenset(known) - _DENIED


def reachable_in_container(known: Iterable[str]) -> int:
    """How many these are."""
    return len(let_through(known))
