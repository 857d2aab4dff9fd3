"""A seccomp filter, as bytes: what no media tool ever asks of the kernel is refused to it.

A list of what is denied and not of what is allowed: a tool's own threads, memory and files must work on every libc, and
what is left is closed by the file system rules and by having no descriptors to misuse. Numbers are of Linux on x86-64
and arm64; any other way to call the kernel (32 bit, x32) ends the tool.
"""

import errno
import platform
import struct
from dataclasses import dataclass
from typing import NamedTuple

# name: (x86-64, arm64); None where that architecture has no such call
DENIED: dict[str, tuple[int, int | None]] = {
    # the network, and every other socket
    "socket": (41, 198), "socketpair": (53, 199), "connect": (42, 203), "bind": (49, 200), "listen": (50, 201),
    "accept": (43, 202), "accept4": (288, 242), "io_uring_setup": (425, 425), "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    # other processes: to start, signal, trace, slow or read them
    "fork": (57, None), "vfork": (58, None), "execveat": (322, 281), "setsid": (112, 157), "setpgid": (109, 154),
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272),
    "process_madvise": (440, 440), "process_mrelease": (448, 448), "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438), "pidfd_send_signal": (424, 424), "kill": (62, 129), "tkill": (200, 130),
    "tgkill": (234, 131), "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240), "setpriority": (141, 140),
    "ioprio_set": (251, 30), "sched_setparam": (142, 118), "sched_setscheduler": (144, 119),
    "sched_setattr": (314, 274), "sched_setaffinity": (203, 122), "migrate_pages": (256, 238),
    "move_pages": (279, 239),
    # memory and queues shared by name
    "shmget": (29, 194), "shmat": (30, 196), "shmctl": (31, 195), "msgget": (68, 186), "msgsnd": (69, 189),
    "msgrcv": (70, 188), "msgctl": (71, 187), "semget": (64, 190), "semop": (65, 193), "semctl": (66, 191),
    "semtimedop": (220, 192), "mq_open": (240, 180), "mq_unlink": (241, 181), "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    # another user
    "setuid": (105, 146), "setgid": (106, 144), "setreuid": (113, 145), "setregid": (114, 143),
    "setresuid": (117, 147), "setresgid": (119, 149), "setfsuid": (122, 151), "setfsgid": (123, 152),
    "setgroups": (116, 159), "capset": (126, 91),
    # other file systems, and other namespaces
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51), "unshare": (272, 97),
    "setns": (308, 268), "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430),
    "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433), "mount_setattr": (442, 442),
    "open_tree_attr": (467, 467), "swapon": (167, 224), "swapoff": (168, 225), "quotactl": (179, 60),
    "quotactl_fd": (443, 443), "acct": (163, 89), "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265),
    "fanotify_init": (300, 262), "inotify_init": (253, None), "inotify_init1": (294, 26),
    # links and pipes: the worker opens what a tool leaves in scratch, and must not be led elsewhere
    "symlink": (88, None), "symlinkat": (266, 36), "link": (86, None), "linkat": (265, 37), "mknod": (133, None),
    "mknodat": (259, 33),
    # attributes of files, by name: Landlock does not judge them (nor, before Linux 6.2, `truncate`)
    "truncate": (76, 45), "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452),
    "chown": (92, None), "lchown": (94, None), "fchown": (93, 55), "fchownat": (260, 54), "setxattr": (188, 5),
    "lsetxattr": (189, 6), "fsetxattr": (190, 7), "setxattrat": (463, 463), "removexattr": (197, 14),
    "lremovexattr": (198, 15), "fremovexattr": (199, 16), "removexattrat": (466, 466), "file_setattr": (469, 469),
    "utime": (132, None), "utimes": (235, None), "futimesat": (261, None), "utimensat": (280, 88),
    # the kernel itself
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282), "keyctl": (250, 219),
    "add_key": (248, 217), "request_key": (249, 218), "kexec_load": (246, 104), "kexec_file_load": (320, 294),
    "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106), "reboot": (169, 142),
    "syslog": (103, 116), "sethostname": (170, 161), "setdomainname": (171, 162), "settimeofday": (164, 170),
    "clock_settime": (227, 112), "adjtimex": (159, 171), "clock_adjtime": (305, 266), "personality": (135, 92),
    "vhangup": (153, 58), "lookup_dcookie": (212, 18), "nfsservctl": (180, 42), "iopl": (172, None),
    "ioperm": (173, None), "modify_ldt": (154, None), "uselib": (134, None), "ustat": (136, None),
    "sysfs": (139, None),
}  # fmt: skip


class Machine(NamedTuple):
    """One architecture: its name to the kernel's audit, its column in `DENIED`, and calls that need a closer look."""

    audit: int
    column: int
    clone: int
    clone3: int
    prlimit64: int
    numbers_end: int
    """calls from here on are of another convention (x32)"""


MACHINES = {
    "x86_64": Machine(0xC000003E, 0, 56, 435, 302, 0x40000000),
    "aarch64": Machine(0xC00000B7, 1, 220, 435, 261, 0x80000000),
}

_NR, _ARCH, _ARGUMENT = 0, 4, 16  # offsets in the kernel's struct seccomp_data; the low half of the first argument
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _REFUSE, _ABSENT, _KILL = 0x7FFF0000, 0x00050000 | errno.EPERM, 0x00050000 | 38, 0x80000000  # 38: ENOSYS
_CLONE_THREAD = 0x00010000
_CLONE_NAMESPACES = 0x7E020000


@dataclass(frozen=True, slots=True)
class _Op:
    """One instruction; `yes` and `no` are labels, "" the next instruction. An instruction may carry a label itself."""

    code: int
    value: int
    yes: str = ""
    no: str = ""
    label: str = ""


def program(machine: str = "") -> bytes:
    """The filter for an architecture (default: this one), as an array of the kernel's struct sock_filter.

    Raises ValueError for an architecture without a table.
    """
    name = machine or platform.machine()
    if name not in MACHINES:
        raise ValueError(f"no seccomp filter for {name}")
    m = MACHINES[name]
    denied = (numbers[m.column] for numbers in DENIED.values())
    ops = [
        _Op(_LOAD, _ARCH),
        _Op(_EQUAL, m.audit, no="kill"),
        _Op(_LOAD, _NR),
        _Op(_AT_LEAST, m.numbers_end, yes="kill"),
        _Op(_EQUAL, m.clone, yes="clone"),
        _Op(_EQUAL, m.clone3, yes="absent"),  # its flags are out of a filter's sight; libc then takes clone
        _Op(_EQUAL, m.prlimit64, yes="prlimit"),
        *(_Op(_EQUAL, number, yes="refuse") for number in denied if number is not None),
        _Op(_RETURN, _ALLOW, label="allow"),
        _Op(_RETURN, _REFUSE, label="refuse"),
        _Op(_RETURN, _ABSENT, label="absent"),
        _Op(_RETURN, _KILL, label="kill"),
        # threads, and neither processes nor namespaces
        _Op(_LOAD, _ARGUMENT, label="clone"),
        _Op(_ANY_BIT, _CLONE_NAMESPACES, yes="away"),
        _Op(_ANY_BIT, _CLONE_THREAD, yes="fine", no="away"),
        # limits of its own only
        _Op(_LOAD, _ARGUMENT, label="prlimit"),
        _Op(_EQUAL, 0, yes="fine", no="away"),
        _Op(_RETURN, _ALLOW, label="fine"),  # jumps go forward only
        _Op(_RETURN, _REFUSE, label="away"),
    ]
    places = {op.label: i for i, op in enumerate(ops) if op.label}

    def jump(i: int, label: str) -> int:
        return places[label] - i - 1 if label else 0

    return b"".join(
        struct.pack("<HBBI", op.code, jump(i, op.yes), jump(i, op.no), op.value) for i, op in enumerate(ops)
    )
