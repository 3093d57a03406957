"""Directories: reopening, durability, owners, options."""

import os
import signal
import threading
import time

import pytest

import synap


def test_data_survives_reopening(directory):
    with synap.open(directory) as store:
        store["a"] = bytes(range(256))
        store.set("volatile", 1, ex=1000)
        store["large"] = b"x" * (3 << 20)
        store["gone"] = 1
        del store["gone"]
    with synap.open(str(directory)) as store:
        assert store["a"] == bytes(range(256))
        assert 990 < store.ttl("volatile") <= 1000
        assert store["large"] == b"x" * (3 << 20)
        assert "gone" not in store
    with synap.open(os.fsencode(directory)) as store:
        assert len(store) == 3


def test_a_dropped_store_is_closed_and_loses_nothing(directory):
    store = synap.open(directory)
    store["a"] = 1
    with pytest.warns(ResourceWarning, match="unclosed synap store"):
        del store
    with synap.open(directory) as store:
        assert store["a"] == b"1"


def test_a_store_open_at_exit_is_closed(directory, other_process):
    other_process("import sys, synap\nstore = synap.open(sys.argv[1])\nstore['a'] = 'kept'\n",
                  directory)
    with synap.open(directory) as store:
        assert store["a"] == b"kept"


def test_a_second_process_is_told_the_owner(directory, other_process):
    source = ("import sys, synap\n"
              "try: synap.open(sys.argv[1])\n"
              "except synap.LockedError as error: print(error.retryable, error)\n")
    with synap.open(directory):
        said = other_process(source, directory)
    assert said.startswith("True ") and str(os.getpid()) in said
    assert other_process(source + "else: print('free')", directory).endswith("free")


def test_writes_as_durable_as_asked_for(directory):
    with synap.open(directory, durability="disk", timeout=5) as store:
        store["a"] = 1
        assert store.pipeline().set("b", 1).execute() == [True]
        assert store.execute("WAITAOF", 1, 0, 1000) == [1, 0]
        assert store.using(durability="memory").set("c", 1) is True
        assert store.execute("SET", "d", 1, durability="os") == "OK"
        assert store.execute("SET", "e", b"x" * 200_000, durability="disk", timeout=3) == "OK"
        assert store.get("a") == b"1"
        assert store.flushdb() is None


def test_the_session_may_choose_its_durability(directory):
    with synap.open(directory) as store:
        assert store.execute("SYNAP.SESSION", "DURABILITY", "DISK") == "OK"
        store["a"] = 1
        assert store.execute("WAITAOF", 1, 0, 1) == [1, 0]


def test_under_always_reads_rest_on_what_is_durable(directory):
    with synap.open(directory, persistence_fsync="always") as store:
        for i in range(20):
            store["a"] = i
            assert store["a"] == b"%d" % i
        assert store.execute("WAITAOF", 1, 0, 1) == [1, 0]


@pytest.mark.parametrize("settings, error, text", [
    ({"durability": "sync"}, ValueError, "memory, os, disk"),
    ({"timeout": 0}, ValueError, "positive"),
    ({"timeout": float("nan")}, ValueError, "positive"),
    ({"persistence_fsinc": "always"}, synap.InvalidArgumentError, "persistence.fsync"),
    ({"max_memory": "much"}, synap.InvalidArgumentError, "max_memory"),
    ({"options": {"slots": 7}}, synap.InvalidArgumentError, "slots"),
])
def test_wrong_settings(directory, settings, error, text):
    with pytest.raises(error, match=text):
        synap.open(directory, **settings)
    assert not directory.exists() or not list(directory.iterdir())


def test_options(store):
    table = synap.options()
    assert table["persistence.fsync"].type == "always|everysec|never"
    assert table["max_memory"].mutable and not table["slots"].mutable
    assert all(option.help and option.range for option in table.values())
    assert store.option("max_memory") == "0"
    store.set_option("max_memory", 100 << 20)
    assert store.option("max_memory") == str(100 << 20)
    for name, value in (("slots", 1024), ("nothing", 1)):
        with pytest.raises(synap.SynapError):
            store.set_option(name, value)
    with synap.open(":memory:", options={"max_memory": "1mb"}, slots=1024) as other:
        assert other.option("max_memory") == str(1 << 20)
        assert other.option("slots") == "1024"
        with pytest.raises(synap.ReplyError, match="OOM"):
            for i in range(100):
                other[i] = b"x" * 100_000


def test_a_url_or_a_file_cannot_be_opened(tmp_path):
    with pytest.raises(synap.UnsupportedError):
        synap.open("synap://localhost:15500")
    (tmp_path / "file").write_text("")
    with pytest.raises(synap.SynapError):
        synap.open(tmp_path / "file")
    with pytest.raises(TypeError):
        synap.open(None)


def test_ctrl_c_ends_a_wait(store):
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored when run in the background
    store["a"] = 1
    timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        store.wait(1, 0)
    assert time.monotonic() - began < 5
    timer.join()
    assert store["a"] == b"1"


def test_other_threads_run_while_one_waits(store):
    waiting = threading.Thread(target=store.wait, args=(1, 2000))
    waiting.start()
    for _ in range(1000):
        store["a"] = 1
    assert waiting.is_alive()
    waiting.join()


def test_a_closed_store(directory):
    store = synap.open(directory)
    store["a"] = 1
    assert store.state == "ready" and not store.closed and store.used_memory > 0
    view = store.using(durability="disk")
    pipe = store.pipeline().set("b", 1)
    store.close()
    store.close()
    assert store.closed and view.closed and "closed" in repr(store) and store.state == "closed"
    for use in (lambda: store["a"], lambda: store.incr("a"), lambda: len(view), pipe.execute,
                lambda: store.execute("PING"), lambda: list(store)):
        with pytest.raises(synap.ClosedError) as caught:
            use()
        assert caught.value.fatal and not caught.value.outcome_unknown
