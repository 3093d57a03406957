"""A fresh Debian root: made by debootstrap, with what a person would have before a clone.

The way to packages is this machine's: its mirrors, proxies and certificate authorities are looked
up when a root is made, and written into the root alone.
"""

from __future__ import annotations

import os
import platform
import shutil
import socket
import subprocess
import urllib.request
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
FOLDER = REPOSITORY / "build" / "fresh"
PACKAGES = "git,make,sudo,ca-certificates"
USER, UID = "dev", 1000
# What tells pip, npm and curl how to get out; the rest of this machine's environment stays here.
NETWORK_VARIABLES = (
    "http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY PIP_INDEX_URL PIP_CERT "
    "NODE_EXTRA_CA_CERTS SSL_CERT_FILE REQUESTS_CA_BUNDLE CURL_CA_BUNDLE"
).split()
NETWORK_FILES = ("/etc/pip.conf", "/etc/npmrc")
SITE_CERTIFICATES = Path("/usr/local/share/ca-certificates")


class Unable(Exception):
    """This machine cannot make a root; the message says why."""


def sources() -> list[tuple[str, str]]:
    """(address, what follows the codename) of each suite of Debian that apt here is told of."""
    codename = platform.freedesktop_os_release().get("VERSION_CODENAME", "")
    listed = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI) $(CODENAME)", "Created-By: Packages"],
        capture_output=True, text=True, check=True,
    ).stdout
    found = sorted({tuple(line.split()) for line in listed.splitlines()})
    kept = [(uri, suite.removeprefix(codename)) for uri, suite in found
            if codename and suite.startswith(codename)]
    if "" not in (suffix for _, suffix in kept):
        raise Unable("apt has no list of Debian's packages; is this Debian, and was it updated?")
    return kept


def mirror() -> str:
    return next(uri for uri, suffix in sources() if suffix == "")


def require(release: str) -> None:
    """Raises Unable unless a root of `release` can be made and entered here."""
    if os.getuid() != 0:
        raise Unable("only root can make one")
    for program in ("debootstrap", "unshare", "git"):
        if not shutil.which(program):
            raise Unable(f"{program} is not installed")
    if subprocess.run(["unshare", "--mount", "--pid", "--fork", "true"], capture_output=True,
                      check=False).returncode:
        raise Unable("this container may not mount")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", 15500))
        except OSError:
            raise Unable("port 15500, which the README names, is in use") from None
    address = f"{mirror()}dists/{release}/Release"
    try:
        urllib.request.urlopen(address, timeout=20).close()
    except OSError as error:
        raise Unable(f"{address}: {error}") from None


def base(release: str) -> Path:
    """The archive of a root without the clone; made once and kept."""
    archive = FOLDER / f"base-{release}.tar"
    if archive.exists():
        return archive
    folder = FOLDER / f"base-{release}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    subprocess.run(
        ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", release, folder, mirror()],
        stdout=subprocess.DEVNULL, check=True,
    )
    partial = archive.with_suffix(".partial")
    subprocess.run(["tar", "-C", folder, "-cf", partial, "."], check=True)
    shutil.rmtree(folder)
    partial.rename(archive)
    return archive


def make(release: str, root: Path) -> None:
    """Unpacks the base, and lets its apt, pip and npm reach what this machine's reach."""
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    subprocess.run(["tar", "-C", root, "-xf", base(release)], check=True)
    for suite in (root / "etc/apt/sources.list.d").iterdir():
        suite.unlink()
    (root / "etc/apt/sources.list").write_text(
        "".join(f"deb {uri} {release}{suffix} main\n" for uri, suffix in sources())
    )
    settings = subprocess.run(["apt-config", "dump", "Acquire"], capture_output=True, text=True,
                              check=True).stdout
    wanted = ("Acquire::http", "Acquire::https", "Acquire::Check-", "Acquire::Retries")
    (root / "etc/apt/apt.conf.d/90network").write_text(
        "".join(f"{line}\n" for line in settings.splitlines() if line.startswith(wanted))
    )
    for file in ("/etc/resolv.conf", *NETWORK_FILES):
        if os.path.exists(file):
            shutil.copy(file, root / file[1:])
    (root / "etc/hosts").write_text(f"127.0.0.1 localhost {socket.gethostname()}\n")
    (root / "etc/sudoers.d" / USER).write_text(f"{USER} ALL=(ALL) NOPASSWD: ALL\n")
    subprocess.run(["chroot", root, "useradd", "--create-home", "--shell", "/bin/bash", "--uid",
                    str(UID), USER], check=True)
    if SITE_CERTIFICATES.is_dir():
        shutil.copytree(SITE_CERTIFICATES, root / str(SITE_CERTIFICATES)[1:], dirs_exist_ok=True)
        subprocess.run(["chroot", root, "update-ca-certificates"], capture_output=True, check=True)


def clone(root: Path, home: str) -> Path:
    """HEAD of this repository in `home`, of whoever owns that; uncommitted changes stay behind."""
    target = root / home[1:] / "synap"
    subprocess.run(["git", "clone", "-q", "--no-hardlinks", REPOSITORY, target], check=True)
    subprocess.run(["chroot", root, "chown", "-R", f"--reference={home}", f"{home}/synap"],
                   check=True)
    return target


def mount(root: Path) -> None:
    """Only in a mount namespace of this process's own: the mounts end with it, however it ends."""
    for kind, options in (("proc", ["-t", "proc", "proc"]), ("dev", ["--rbind", "/dev"]),
                          ("dev/shm", ["-t", "tmpfs", "shm"]), ("sys", ["--rbind", "/sys"])):
        subprocess.run(["mount", *options, root / kind], check=True)


def environment(home: str, user: str) -> dict[str, str]:
    """What a login gives an ordinary user, or root; no /usr/sbin for the former."""
    places = ["/usr/local/bin", "/usr/bin", "/bin"]
    if user == "root":
        places += ["/usr/local/sbin", "/usr/sbin", "/sbin"]
    own = {"HOME": home, "USER": user, "LOGNAME": user, "SHELL": "/bin/bash", "TERM": "dumb",
           "PATH": ":".join(places)}
    return own | {name: os.environ[name] for name in NETWORK_VARIABLES if name in os.environ}
