"""The programs in README.md and in docs/c.md and docs/cpp.md do what a reader expects: they build
without a warning against an installed libsynap, run, and exit with 0.

tests/fresh runs all blocks of the README literally, on a fresh Debian; here each program runs with
the Python, Node and compiler of the test environment, in a folder of its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lib.blocks import Block, blocks

REPOSITORY = Path(__file__).resolve().parents[2]
STAGE = Path(os.environ.get("CMAKE_PREFIX_PATH", REPOSITORY / "build" / "stage"))
README = list(blocks(REPOSITORY / "README.md"))
C = list(blocks(REPOSITORY / "docs" / "c.md"))
CPP = list(blocks(REPOSITORY / "docs" / "cpp.md"))
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"]


def save(block: Block, folder: Path) -> Path:
    assert block.file, f"{block}: the first line must name the file"
    file = folder / block.file
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(block.text)
    return file


def run(command: list[str | Path], folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300,
                          check=False)
    assert done.returncode == 0, f"{command}:\n{done.stdout}{done.stderr}"
    return done.stdout


def of(page: list[Block], *languages: str) -> list[Block]:
    found = [block for block in page if block.language in languages]
    assert found, f"no blocks of {languages}: has the page been rewritten?"
    return found


@pytest.mark.parametrize("block", of(README, "python"), ids=str)
def test_python_of_the_readme_runs(block: Block, tmp_path: Path) -> None:
    run([sys.executable, save(block, tmp_path)], tmp_path)


@pytest.mark.parametrize("block", of(README, "js"), ids=str)
def test_node_of_the_readme_runs(block: Block, tmp_path: Path) -> None:
    file = save(block, tmp_path)
    packages = tmp_path / "node_modules"
    packages.mkdir()
    (packages / "synap").symlink_to(REPOSITORY / "sdk-node")
    run(["node", file], tmp_path)


@pytest.mark.parametrize("page", [README, CPP], ids=["README.md", "cpp.md"])
def test_cpp_builds_with_cmake_and_runs(page: list[Block], tmp_path: Path) -> None:
    programs = [save(block, tmp_path) for block in of(page, "cpp")]
    lists = [save(block, tmp_path) for block in of(page, "cmake")]
    build = tmp_path / "build"
    run(["cmake", "-S", lists[0].parent, "-B", build, f"-DCMAKE_PREFIX_PATH={STAGE}"], tmp_path)
    run(["cmake", "--build", build], tmp_path)
    (tmp_path / "try").mkdir(exist_ok=True)
    for program in programs:
        run([build / program.stem], tmp_path)


@pytest.mark.parametrize("block", of(C, "c"), ids=str)
def test_c_builds_as_c99_and_runs(block: Block, tmp_path: Path) -> None:
    program = tmp_path / "program"
    library = next(STAGE.rglob("libsynap.so")).parent
    run(["cc", "-std=c99", *WARNINGS, save(block, tmp_path), f"-I{STAGE}/include",
         f"-L{library}", f"-Wl,-rpath,{library}", "-lsynap", "-o", program], tmp_path)
    run([program], tmp_path)


def test_each_program_of_the_readme_names_its_file_and_how_to_run_it() -> None:
    for block in of(README, "python", "js", "cpp", "cmake"):
        assert block.file, block
        assert block.command or block.language == "cpp", block


def test_a_broken_program_is_reported(tmp_path: Path) -> None:
    block = Block("page.md", 1, "python", "# try/broken.py\nraise SystemExit('broken')\n")
    with pytest.raises(AssertionError, match="broken"):
        run([sys.executable, save(block, tmp_path)], tmp_path)


def test_help_names_every_target() -> None:
    said = run(["make", "help"], REPOSITORY)
    makefile = (REPOSITORY / "Makefile").read_text()
    phony = makefile.split(".PHONY:")[1].splitlines()[0].split()
    for target in set(phony) - {"programs"}:
        assert f"make {target} " in said, target


def test_what_is_installed_can_be_uninstalled(tmp_path: Path) -> None:
    """Through deploy/install.sh, which `make install` and `make uninstall` call."""
    prefix, script = tmp_path / "prefix", REPOSITORY / "deploy" / "install.sh"
    build = REPOSITORY / "build" / "release"
    said = run([script, build, prefix], REPOSITORY)
    assert "the loader does not look in" in said
    run([prefix / "bin" / "synap-server", "--version"], tmp_path)
    foreign = prefix / "include" / "other.h"
    foreign.write_text("")
    run([script, "--undo", build], REPOSITORY)
    assert [path for path in prefix.rglob("*") if not path.is_dir()] == [foreign]
    assert not list(prefix.rglob("[sS]ynap"))
    missing = subprocess.run([script, "--undo", build], capture_output=True, text=True, check=False)
    assert missing.returncode == 1 and "nothing was installed" in missing.stderr
