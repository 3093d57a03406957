"""synap-server and synap-admin as operators call them: files, variables, flags, exit codes."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.lib.servers import REPOSITORY, Server, find_built, free_port

SECONDS = 30
GUIDE = """\
server:
  role: "master"
  host: "0.0.0.0"
  port: 15500

replication:
  enabled: false
"""


@pytest.fixture(autouse=True)
def _synap_only(kind: str) -> None:
    if kind != "synap":
        pytest.skip("these programs are Synap's")


def call(
    program: str,
    *args: str,
    cwd: Path | None = None,
    variables: Mapping[str, str] | None = None,
    stdin: str = "",
) -> subprocess.CompletedProcess[str]:
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("SYNAP_")}
    return subprocess.run(
        [str(find_built(program)), *args],
        cwd=cwd,
        env={**inherited, **(variables or {})},
        input=stdin,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def printed(folder: Path, *args: str, **variables: str) -> dict[str, str]:
    """The lines of --print-config: the key's last part and what stands behind it."""
    done = call("synap-server", "--print-config", *args, cwd=folder, variables=variables)
    assert done.returncode == 0, done.stderr
    lines = [line.strip().partition(": ") for line in done.stdout.splitlines()]
    return {name: rest for name, _, rest in lines}


def test_check_config_says_ok_or_every_error(tmp_path: Path) -> None:
    good = tmp_path / "good.yml"
    good.write_text(GUIDE)
    done = call("synap-server", "--config", str(good), "--check-config")
    assert (done.returncode, done.stdout, done.stderr) == (0, "OK\n", "")

    bad = tmp_path / "bad.yml"
    bad.write_text("server:\n  prot: 1\n  role: replica\n")
    done = call("synap-server", "--config", str(bad), "--check-config")
    assert done.returncode == 1
    assert done.stdout == ""
    assert f"{bad}:2:3: server.prot: unknown key; did you mean server.port?\n" in done.stderr
    bad.write_text("server:\n  role: replica\n")
    done = call("synap-server", "--config", str(bad), "--check-config")
    assert f"{bad}:2:9: server.role: a replica needs replication.master_host" in done.stderr


def test_a_wrong_configuration_does_not_start(tmp_path: Path) -> None:
    done = call("synap-server", "--port", "99999", cwd=tmp_path)
    assert done.returncode == 1
    assert "flag --port: server.port: '99999': expected" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_file_comes_from_flag_variable_or_folder(tmp_path: Path) -> None:
    assert printed(tmp_path)["port"] == "15500 # default"
    for name, port in (("config.yml", 1), ("variable.yml", 2), ("flag.yml", 3)):
        (tmp_path / name).write_text(f"server:\n  port: {port}\n")
    assert printed(tmp_path)["port"] == "1 # config.yml:2:9"
    variable = {"SYNAP_CONFIG": "variable.yml"}
    assert printed(tmp_path, **variable)["port"] == "2 # variable.yml:2:9"
    assert printed(tmp_path, "--config", "flag.yml", **variable)["port"] == "3 # flag.yml:2:9"
    done = call("synap-server", "--config", "none.yml", "--check-config", cwd=tmp_path)
    assert done.returncode == 1
    assert "none.yml: cannot be opened" in done.stderr


def test_flags_stand_above_variables_above_the_file(tmp_path: Path) -> None:
    (tmp_path / "config.yml").write_text("logging:\n  level: warn\n")
    variables = {"SYNAP_LOGGING_LEVEL": "debug", "SYNAP_SERVER_PROT": "1"}
    source = "environment variable SYNAP_LOGGING_LEVEL"
    assert printed(tmp_path, **variables)["level"] == f"debug # {source}"
    flags = ("--log-level", "error")
    assert printed(tmp_path, *flags, **variables)["level"] == "error # flag --log-level"
    done = call("synap-server", "--check-config", cwd=tmp_path, variables=variables)
    assert done.returncode == 0
    assert "SYNAP_SERVER_PROT: names no option; did you mean SYNAP_SERVER_PORT?" in done.stderr


def test_every_deployed_configuration_is_sound() -> None:
    for file in sorted((REPOSITORY / "deploy" / "config").glob("*.yml")):
        done = call("synap-server", "--config", str(file), "--check-config")
        assert (done.returncode, done.stderr) == (0, ""), file


def test_the_log_can_be_json(tmp_path: Path) -> None:
    settings = {"logging.format": "json", "kv_store.max_memory": "64mb"}
    with Server("synap", tmp_path / "data", settings=settings) as server:
        lines = [json.loads(line) for line in server.log().splitlines()]
        assert server.stop() == 0
    start = lines[0]
    assert start["message"] == "starting synap-server"
    assert start["port"] == server.port
    assert start["max_memory"] == "64mb"
    assert start["fsync"] == "everysec"
    assert all(line["level"] in ("info", "warn") for line in lines)


def test_health_check(server: Server) -> None:
    address = {"SYNAP_HEALTH_ADDR": f"127.0.0.1:{server.port}"}
    done = call("synap-server", "--health-check", variables=address)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["status"] == "healthy"
    assert call("synap-server", "--health-check", "--port", str(server.port)).returncode == 0
    for nobody in (f"127.0.0.1:{free_port()}", "a b"):
        address = {"SYNAP_HEALTH_ADDR": nobody}
        assert call("synap-server", "--health-check", variables=address).returncode == 1


def test_admin_asks_a_running_server(server: Server) -> None:
    url = f"http://127.0.0.1:{server.port}"
    assert json.loads(call("synap-admin", "health", "--url", url).stdout)["status"] == "healthy"
    info = call("synap-admin", "info", "--url", url)
    assert info.returncode == 0, info.stderr
    assert "# server\n" in info.stdout and "redis_version: 7.2" in info.stdout
    # SYNAP_URL stands for --url.
    assert call("synap-admin", "info", variables={"SYNAP_URL": url}).returncode == 0
    done = call("synap-admin", "snapshot", "--url", url)
    assert done.returncode == 0, done.stderr


def test_admin_checks_a_directory_that_nobody_has_open(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with Server("synap", data) as server:
        with server.client() as client:
            assert client.call("SET", "a", "1") == ("+", b"OK")
        busy = call("synap-admin", "check", str(data))
        assert busy.returncode == 2
        assert str(server.pid) in busy.stderr
        assert server.stop() == 0
    sound = call("synap-admin", "check", str(data), "--json")
    assert sound.returncode == 0, sound.stderr
    assert json.loads(sound.stdout)["sound"] is True


def test_export_and_import_between_server_and_directory(tmp_path: Path) -> None:
    with Server("synap", tmp_path / "one") as server:
        url = f"synap://127.0.0.1:{server.port}"
        with server.client() as client:
            for i in range(2000):
                client.call("SET", f"key:{i}", f"value {i}")
            client.call("SELECT", "7")
            client.call("SET", b"\xff\x00", b"\x80\r\n", "PX", "600000")
        done = call("synap-admin", "export", "--url", url, "--output", "all.json", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    lines = (tmp_path / "all.json").read_text().splitlines()
    assert len(lines) == 2001

    (tmp_path / "two").mkdir()
    done = call("synap-admin", "import", "two", "--input", "all.json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    with Server("synap", tmp_path / "two") as server:
        with server.client() as client:
            assert client.call("DBSIZE") == (":", 2000)
            assert client.call("GET", "key:1999") == ("$", b"value 1999")
            client.call("SELECT", "7")
            assert client.call("GET", b"\xff\x00") == ("$", b"\x80\r\n")
            kind, left = client.call("PTTL", b"\xff\x00")
            assert kind == ":" and 500_000 < left <= 600_000


def test_commands_of_later_releases_say_so() -> None:
    for command in ("create-api-key", "revoke-api-key"):
        done = call("synap-admin", command, "--force")
        assert done.returncode == 2
        assert "a later release will" in done.stderr


def test_the_configurations_in_kubernetes_load(tmp_path: Path) -> None:
    text = (REPOSITORY / "deploy" / "k8s" / "configmap.yml").read_text()
    parts = text.split("-config.yml: |\n")[1:]
    assert len(parts) == 2
    for number, part in enumerate(parts):
        lines = [line[4:] for line in part.splitlines() if line.startswith("    ") or not line]
        config = tmp_path / f"{number}.yml"
        config.write_text("\n".join(lines) + "\n")
        facts = printed(tmp_path, "--config", str(config))
        assert facts["port"].startswith("15500")
