"""Read-only places and full disks: what only reads works there (fault case 16).

Real mounts, in a mount namespace of their own. Skipped where the system allows none.
"""

import json
import os
import shutil
import signal
import subprocess

import pytest

from tests.lib.servers import find_built

ADMIN = str(find_built("synap-admin"))
LINES = "".join(f'{{"db":0,"key":"k{i}","value":"{i:0200}"}}\n' for i in range(1000))


def namespace_works():
    tried = subprocess.run(["unshare", "-rm", "mount", "-t", "tmpfs", "none", "/mnt"],
                           capture_output=True)
    return tried.returncode == 0


pytestmark = pytest.mark.skipif(not shutil.which("unshare") or not namespace_works(),
                                reason="no mount namespaces here")


def inside(script, *arguments):
    return subprocess.run(["unshare", "-rm", "sh", "-euc", script, "sh", ADMIN, *arguments],
                          capture_output=True, text=True, timeout=60)


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    subprocess.run([ADMIN, "import", folder, "--input", "-"], input=LINES, text=True, check=True,
                   capture_output=True)
    return folder


READ_ONLY = 'mount --bind "$2" "$2"; mount -o remount,ro,bind "$2"; '


@pytest.mark.parametrize("with_lock", [True, False])
def test_a_read_only_mount(data, with_lock):
    if not with_lock:
        (data / "LOCK").unlink()
    checked = inside(READ_ONLY + '"$1" check --json "$2"', data)
    assert checked.returncode == 0, checked.stderr
    assert json.loads(checked.stdout)["sound"]
    exported = inside(READ_ONLY + '"$1" export "$2" --output -', data)
    assert exported.returncode == 0, exported.stderr
    assert sorted(exported.stdout.splitlines()) == sorted(LINES.splitlines())


FULL = """
mount -t tmpfs -o size=8m none /mnt
cp -r "$2" /mnt/data
dd if=/dev/zero of=/mnt/filler bs=4k 2>/dev/null || true
"""


def test_a_full_disk(data):
    checked = inside(FULL + '"$1" check /mnt/data', data)
    assert checked.returncode == 0, checked.stderr
    exported = inside(FULL + '"$1" export /mnt/data --output -', data)
    assert exported.returncode == 0, exported.stderr
    assert len(exported.stdout.splitlines()) == 1000


def test_an_export_that_finds_no_room_says_so_and_leaves_nothing(data):
    done = inside(FULL + '"$1" export /mnt/data --output /mnt/out || ls /mnt; '
                  '"$1" export /mnt/data --output - >/dev/full', data)
    assert done.returncode == 1
    assert done.stdout.split() == ["data", "filler"]
    assert "/mnt/out: cannot be written: No space left on device" in done.stderr
    assert "standard output: cannot be written: No space left on device" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_export_ends_at_once(data, tmp_path, number):
    """Fault case 12, of tools: a reader that stands still holds it up until the signal comes."""
    pipe = tmp_path / "out.partial"
    os.mkfifo(pipe)
    process = subprocess.Popen([ADMIN, "export", data, "--output", tmp_path / "out"],
                               stderr=subprocess.PIPE)
    with open(pipe, "rb") as reader:
        reader.read(1)  # it is under way, and the pipe holds less than there is
        process.send_signal(number)
        assert process.wait(timeout=10) == -number
    assert not pipe.exists()
