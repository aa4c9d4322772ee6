"""The machine is told as the system tells it, and what it does not tell is empty."""

from mmap import mmap

import pytest

from bakeoff.train import machine

CPUINFO = {
    "x86": ("processor\t: 0\nmodel name\t: Xeon: 8\nprocessor\t: 1\n", "Xeon: 8"),
    "arm": ("processor\t: 0\nBogoMIPS: 1\nModel\t\t: Raspberry Pi 5\n", "Raspberry Pi 5"),
    "other": ("processor: 0\n", "by its platform"),
}


@pytest.fixture
def proc(tmp_path, monkeypatch):
    """Stand an empty folder where Linux tells of itself."""
    monkeypatch.setattr(machine, "PROC", tmp_path)
    monkeypatch.setattr("sys.platform", "linux")
    return tmp_path


@pytest.mark.parametrize("name", CPUINFO)
def test_a_processor_has_the_name_that_linux_gives_it(name, proc, monkeypatch):
    monkeypatch.setattr("platform.processor", lambda: "by its platform")
    text, wanted = CPUINFO[name]
    (proc / "cpuinfo").write_text(text, "utf-8")
    assert machine.processor_name() == wanted


def test_macos_is_asked_by_its_own_command(monkeypatch, tmp_path):
    (tmp_path / "sysctl").write_text("#!/bin/sh\necho Apple M9 $2\n", "utf-8")
    (tmp_path / "sysctl").chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr("sys.platform", "darwin")
    assert machine.processor_name() == "Apple M9 machdep.cpu.brand_string"


@pytest.mark.parametrize(
    ("limit", "wanted"), [("max\n", 0), ("1000\n", 1000), (f"{2**63}\n", 0), ("", 0)]
)
def test_memory_is_that_of_the_container_where_it_has_less(limit, wanted, tmp_path, monkeypatch):
    (tmp_path / "memory.max").write_text(limit, "utf-8")
    monkeypatch.setattr(machine, "LIMITS", [tmp_path / "memory.max", tmp_path / "none"])
    assert machine.this_machine().memory == (wanted or machine.memory_installed()) > 0


def test_processes_killed_for_want_of_memory_are_counted(proc):
    assert machine.memory_kills() == 0
    (proc / "vmstat").write_text("pgfault 7\noom_kill 3\n", "utf-8")
    assert machine.memory_kills() == 3


def test_a_process_knows_what_it_holds():
    before = machine.memory_used()
    # fresh pages from the system: what the process freed earlier cannot serve
    with mmap(-1, 50 * 2**20) as held:
        held.write(b"x" * len(held))
        assert machine.memory_used() - before > 40 * 2**20 or not before


@pytest.mark.parametrize(
    ("line", "there"),
    [
        ("flags : fpu avx512f avx512_bf16", True),
        ("flags : fpu amx_bf16", True),
        ("Features : fp asimd bf16", True),
        ("flags : fpu avx512f", False),
    ],
)
def test_instructions_for_bfloat16_are_read_from_the_flags(line, there, proc):
    (proc / "cpuinfo").write_text(f"{line}\n", "utf-8")
    assert machine.has_bfloat16() == there
