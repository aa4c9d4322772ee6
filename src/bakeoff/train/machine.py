"""The machine: its processor, its memory, and whether it ran out of memory.

Whatever a system does not tell is empty or 0.
"""

import os
import platform
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

PROC = Path("/proc")  # Linux
LIMITS = (  # of a container: control groups of version 2, and of version 1
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


class Machine(NamedTuple):
    """What a run takes place on.

    Args:
        processor: Its name, as the system writes it.
        memory: In bytes, that all processes together may use; in a container, its limit.
    """

    processor: str
    memory: int


def this_machine() -> Machine:
    """Look at the machine."""
    limits = [memory_installed(), *(number_in(path) for path in LIMITS)]
    return Machine(processor_name(), min((limit for limit in limits if limit), default=0))


def processor_name() -> str:
    """Return the name of the processor."""
    if sys.platform == "darwin":
        words = ["sysctl", "-n", "machdep.cpu.brand_string"]
        with suppress(OSError, subprocess.SubprocessError):
            return subprocess.run(
                words, capture_output=True, text=True, timeout=5, check=True
            ).stdout.strip()
    names = ("model name", "Model", "Hardware", "cpu model")  # x86, ARM, older ARM, MIPS
    found = fields_in(PROC / "cpuinfo", ":")
    return next((found[name] for name in names if name in found), platform.processor())


def has_bfloat16() -> bool:
    """Tell whether the processor has instructions for bfloat16."""
    if sys.platform == "darwin":
        return False  # it does not tell
    marks = fields_in(PROC / "cpuinfo", ":")
    flags = {*marks.get("flags", "").split(), *marks.get("Features", "").split()}
    return bool(flags & {"avx512_bf16", "amx_bf16", "bf16"})


def gpus() -> list[str]:
    """Return the NVIDIA GPUs that processes may use, as CUDA_VISIBLE_DEVICES names them."""
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    if named is not None:
        return [name.strip() for name in named.split(",") if name.strip()]
    with suppress(OSError):
        return [str(i) for i, _ in enumerate((PROC / "driver" / "nvidia" / "gpus").iterdir())]
    return []


def memory_installed() -> int:
    """Return the bytes of memory that are built in."""
    if sys.platform == "win32":
        import ctypes

        kilobytes = ctypes.c_ulonglong(0)
        ctypes.windll.kernel32.GetPhysicallyInstalledSystemMemory(ctypes.byref(kilobytes))
        return kilobytes.value * 1024
    with suppress(ValueError, OSError):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return 0


def memory_used() -> int:
    """Return the bytes of memory that this process holds; on macOS, that it ever held."""
    with suppress(OSError, ValueError, IndexError):
        pages = int((PROC / "self" / "statm").read_text("ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    with suppress(ImportError):
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return 0


def give_back_memory() -> None:
    """Hand freed memory back to the system, where the C library of Linux holds on to it."""
    if sys.platform == "linux":
        import ctypes

        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)


def memory_kills() -> int:
    """Count the processes that the system has ever killed for want of memory."""
    return int(fields_in(PROC / "vmstat", " ").get("oom_kill", 0))


def fields_in(path: Path, mark: str) -> dict[str, str]:
    """Read lines of name, mark, value; of a name that comes again the first."""
    found: dict[str, str] = {}
    with suppress(OSError):
        for line in path.read_text("utf-8", errors="replace").splitlines():
            name, _, value = line.partition(mark)
            found.setdefault(name.strip(), value.strip())
    return found


def number_in(path: Path) -> int:
    """Read a file that holds one number; another word, such as "max", is 0."""
    with suppress(OSError, ValueError):
        return int(path.read_text("ascii"))
    return 0
