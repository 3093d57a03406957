"""HTTP GET of a key against nginx, which answers from its configuration."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.context import VALUE_BYTES, Bench
from tests.bench.load import CLIENT_LIMIT, SERVER_LIMIT
from tests.bench.machine import cpu_seconds, pinned
from tests.bench.report import Row, Target
from tests.lib.servers import READY_SECONDS, find_installed, free_port

HTTP = Target(0.8, 1.0, "higher")
CONNECTIONS = 32
KEY = "key:000000000007"
NGINX = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        default_type application/json;
        location / {{ return 200 '{body}'; }}
    }}
}}
"""


@dataclass(frozen=True)
class Sample:
    """One run of wrk."""

    requests: int
    rate: float
    cpu_us: float
    client_share: float

    @property
    def server_share(self) -> float:
        return self.rate * self.cpu_us / 1e6


def body_of(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=READY_SECONDS) as response:
        return bytes(response.read())


def wait_until_ready(url: str) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while True:
        try:
            body_of(url)
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)


@contextmanager
def nginx(bench: Bench, body: str) -> Iterator[tuple[int, str]]:
    """The pid and the address of an nginx that answers everything with this body."""
    program = find_installed("nginx", "nginx-light")
    with bench.scratch_folder() as folder:
        port = free_port()
        config = folder / "nginx.conf"
        config.write_text(NGINX.format(folder=folder.resolve(), port=port, body=body))
        with pinned(bench.cores.server):
            process = subprocess.Popen(
                [str(program), "-c", str(config.resolve()), "-p", str(folder)],
                stderr=subprocess.DEVNULL,
            )
        try:
            url = f"http://127.0.0.1:{port}/"
            wait_until_ready(url)
            yield process.pid, url
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()


def wrk(bench: Bench, pid: int, url: str) -> Sample:
    program: Path = find_installed("wrk", "wrk")
    # wrk counts whole seconds only.
    seconds = max(1, round(bench.scale.seconds))
    command = [str(program), "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", url]
    before = cpu_seconds(pid)
    with pinned(bench.cores.client):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    spent = cpu_seconds(pid) - before
    found = re.search(r"(\d+) requests in ([\d.]+)(s|m)", output)
    if process.returncode != 0 or not found or re.search("Non-2xx|Socket errors", output):
        raise RuntimeError(f"wrk did not like the answers:\n{output}")
    requests, took = int(found.group(1)), float(found.group(2))
    client = (usage.ru_utime + usage.ru_stime) / took
    return Sample(requests, requests / took, spent / requests * 1e6, client)


def http(bench: Bench) -> list[Row]:
    ours, theirs = [], []
    with bench.server("synap") as server:
        url = f"http://127.0.0.1:{server.port}/kv/get/{KEY}"
        body = body_of(url)
        if b"x" * VALUE_BYTES not in body:
            raise RuntimeError(f"GET {url} gave {body!r}")
        with nginx(bench, body.decode()) as (nginx_pid, nginx_url):
            if body_of(nginx_url) != body:
                raise RuntimeError("nginx does not answer with the same body")
            for run in range(bench.scale.runs):
                bench.say(f"http: run {run + 1}")
                theirs.append(wrk(bench, nginx_pid, nginx_url))
                ours.append(wrk(bench, server.pid, url))
    return rows(ours, theirs)


def rows(ours: list[Sample], theirs: list[Sample]) -> list[Row]:
    cpu = Row("http", "HTTP GET, 32 connections, requests a CPU second", "k/s")
    cpu.ours = [1e3 / sample.cpu_us for sample in ours]
    cpu.theirs = [1e3 / sample.cpu_us for sample in theirs]
    cpu.peer, cpu.target = "nginx", HTTP
    rate = Row("http", "HTTP GET, 32 connections, throughput", "k/s")
    rate.ours = [sample.rate / 1e3 for sample in ours]
    rate.theirs = [sample.rate / 1e3 for sample in theirs]
    rate.peer, rate.target = "nginx", HTTP
    clients = [max(s.client_share for s in side) for side in (ours, theirs)]
    servers = [min(s.server_share for s in side) for side in (ours, theirs)]
    rate.note = (
        f"server and wrk used {servers[0]:.0%} and {clients[0]:.0%} of their cores, with nginx "
        f"{servers[1]:.0%} and {clients[1]:.0%}"
    )
    if max(clients) >= CLIENT_LIMIT or min(servers) < SERVER_LIMIT:
        rate.target = None
        rate.note = "the server was not the limit, the row above judges: " + rate.note
    return [cpu, rate]
