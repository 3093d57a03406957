"""What newcomers try: lists of keys, amounts, dates, help(), wrong keywords."""

import datetime
import errno
import inspect
import os
import pydoc
import signal
import subprocess
import sys
import time

import pytest

import synap
from synap._commands import Commands, QueuedCommands

HOUR = datetime.timedelta(hours=1)


def test_amounts(store):
    assert store.incr("n") == 1 and store.incr("n", 5) == 6 and store.incr("n", amount=-1) == 5
    assert store.decr("n") == 4 and store.decr("n", 3) == 1
    assert store.pipeline().incr("n", 2).decr("n").execute() == [3, 2]


def test_one_list_of_keys(store):
    store.update({"a": 1, "b": 2})
    for keys in (["a", "b"], ("a", "b"), iter(["a", "b"]), {"a": 0, "b": 0}.keys()):
        assert store.mget(keys) == [b"1", b"2"]
    assert store.mget("a", "b") == [b"1", b"2"] and store.mget("a") == [b"1"]
    assert store.exists({"a", "b"}) == 2 and store.touch(["a"]) == 1
    assert store.pipeline().mget(["a", "b"]).exists("a").execute() == [[b"1", b"2"], 1]
    store.mset([("c", 3)])
    assert store.delete(store.keys()) == 3


def test_durations_and_dates(store):
    store.set("a", 1, ex=HOUR)
    assert 3590_000 < store.pttl("a") <= 3600_000
    store.set("a", 1, ex=datetime.timedelta(milliseconds=1500))
    assert 0 < store.pttl("a") <= 1500
    store.set("a", 1, px=datetime.timedelta(microseconds=99_999_001))
    assert 99_000 < store.pttl("a") <= 100_000
    moment = datetime.datetime(2100, 1, 1, tzinfo=datetime.timezone.utc)
    later = moment + datetime.timedelta(microseconds=1)
    unix = int(moment.timestamp())
    for option in ("exat", "pxat"):
        store.set("a", 1, **{option: moment})
        assert store.pexpiretime("a") == unix * 1000
        store.getex("a", **{option: later})
        assert store.pexpiretime("a") == unix * 1000 + 1
    for call in (store.expire, store.pexpire):
        assert call("a", HOUR) and 3590_000 < store.pttl("a") <= 3600_000
        assert not call("a", HOUR * 2, lt=True)
    for call in (store.expireat, store.pexpireat):
        assert call("a", later) and store.pexpiretime("a") == unix * 1000 + 1
    store.setex("a", HOUR, 1)
    assert 3590 < store.ttl("a") <= 3600
    store.psetex("a", HOUR, 1)
    assert 3590 < store.ttl("a") <= 3600
    assert store.pipeline().set("a", 1, ex=HOUR).expire("a", HOUR).execute() == [True, True]
    naive = datetime.datetime(2100, 1, 1)
    store.set("a", 1, exat=naive)
    assert store.expiretime("a") == int(naive.timestamp())


@pytest.mark.parametrize("options, text", [
    ({"ex": 1.5}, "ex must be an int or a timedelta, not 1.5"),
    ({"ex": "soon"}, "ex must be an int or a timedelta, not 'soon'"),
    ({"px": True}, "px must be an int or a timedelta, not True"),
    ({"ex": datetime.datetime(2100, 1, 1)}, "ex must be an int or a timedelta"),
    ({"exat": HOUR}, "exat must be an int or a datetime"),
    ({"nx": "true"}, "nx must be True or False, not 'true'"),
    ({"xx": 0}, "xx must be True or False, not 0"),
    ({"get": []}, "get must be True or False"),
    ({"keepttl": "no"}, "keepttl must be True or False"),
])
def test_options_of_a_wrong_type(store, options, text):
    """Fault case 7: absent is told from wrong."""
    for call in (store.set, store.pipeline().set):
        with pytest.raises(TypeError) as caught:
            call("a", 1, **options)
        assert text in str(caught.value)
    assert len(store) == 0


def test_options_that_mean_an_int(store):
    """Fault case 7: 60.0 and "60" are 60."""
    for value in (60, 60.0, "60", b"60"):
        assert store.set("a", 1, ex=value) and 50 < store.ttl("a") <= 60


@pytest.mark.parametrize("given, text", [
    ({"decode_response": True}, "did you mean 'decode_responses'"),
    ({"persistence_fsinc": "always"}, "did you mean 'persistence_fsync'"),
    ({"timeuot": 1}, "did you mean 'timeout'"),
    ({"qwertzuiop": 1}, "synap.options()"),
])
def test_an_unknown_option_of_open(given, text):
    with pytest.raises(synap.InvalidArgumentError) as caught:
        synap.open(":memory:", **given)
    assert text in str(caught.value)


@pytest.mark.parametrize("given, text", [
    ({"timeout": "5"}, "timeout"), ({"timeout": True}, "timeout"),
    ({"decode_responses": "yes"}, "decode_responses"),
])
def test_a_wrong_type_of_an_option_of_open(given, text):
    with pytest.raises(TypeError, match=text):
        synap.open(":memory:", **given)


def test_every_method_refuses_unknown_keywords_and_says_what_it_takes(store):
    """Python itself names the method and, from 3.13 on, what was meant."""
    for holder in (store, store.pipeline()):
        for name in public(Commands):
            with pytest.raises(TypeError, match="nonsense"):
                getattr(holder, name)("a", nonsense=1)


def public(cls):
    return [name for name, member in vars(cls).items()
            if inspect.isfunction(member) and not name.startswith("_")]


def test_help_and_signatures(store):
    for name in [n for n in dir(synap.Store) if not n.startswith("_")]:
        assert inspect.getdoc(getattr(synap.Store, name)), name
        if callable(getattr(store, name)):
            inspect.signature(getattr(store, name))
    for name in public(QueuedCommands):
        assert inspect.getdoc(getattr(synap.Pipeline, name)), name
    assert list(inspect.signature(store.set).parameters) == list(
        inspect.signature(Commands.set).parameters)[1:]
    shown = pydoc.plain(pydoc.render_doc(synap.Store))
    for text in ("incr(self, key, amount=1)", "lifetime: seconds, or a timedelta",
                 "scan_iter(self, match"):
        assert text in shown


def test_a_directory_that_this_process_has_open(directory):
    with synap.open(directory) as store:
        with pytest.raises(synap.LockedError, match="in this very process") as caught:
            synap.open(directory)
        assert caught.value.status and caught.value.retryable
        store["a"] = 1


def test_disk_errors_are_os_errors(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError) as caught:
        synap.open(tmp_path / "file")
    assert isinstance(caught.value, synap.DiskError) and caught.value.errno == errno.ENOTDIR
    assert str(tmp_path) in str(caught.value)


def test_a_pipeline_that_was_never_executed_says_so(store):
    with pytest.warns(ResourceWarning, match="1 command"):
        with store.pipeline() as pipe:
            pipe.set("a", 1)
    pipe = store.pipeline().set("a", 1).set("b", 1)
    with pytest.warns(ResourceWarning, match="2 commands"):
        del pipe
    with pytest.raises(ZeroDivisionError):  # that is the news then
        with store.pipeline() as pipe:
            pipe.set("a", 1 / 0)
    pipe.set("a", 1).reset()
    del pipe
    assert len(store) == 0


def module(*words):
    return subprocess.run([sys.executable, "-W", "error", "-m", "synap", *map(str, words)],
                          capture_output=True, text=True, timeout=60)


def test_the_module_checks_and_describes_a_directory(directory):
    with synap.open(directory) as store:
        store.update({f"key:{i}": i for i in range(10)})
        busy = module("info", directory)
        assert busy.returncode == 2 and str(os.getpid()) in busy.stderr
    before = sorted((p.name, p.read_bytes()) for p in directory.iterdir())
    done = module("check", directory)
    assert done.returncode == 0 and "sound" in done.stdout, done.stderr
    assert sorted((p.name, p.read_bytes()) for p in directory.iterdir()) == before
    done = module("info", directory)
    assert done.returncode == 0 and "keys=10" in done.stdout, done.stderr
    (directory / "MANIFEST").write_bytes(b"nonsense" * 100)
    done = module("check", directory)
    assert done.returncode == 1 and "damaged" in done.stdout and "MANIFEST" in done.stdout
    done = module("check", directory / "nothing")
    assert done.returncode == 2 and "not a directory" in done.stderr
    assert not (directory / "nothing").exists()


def test_ctrl_c_while_a_store_loads(directory):
    """Fault case 12: the wait for the data ends at the signal, and the directory is free."""
    with synap.open(directory, persistence_fsync="never") as store:
        value = "x" * 50
        for part in range(20):
            store.update({f"key:{part}:{i}": value for i in range(50_000)})
    program = """
import signal, sys, time, synap
signal.signal(signal.SIGINT, signal.default_int_handler)
print("ready", flush=True)
try:
    synap.open(sys.argv[1])
    print("loaded")
except KeyboardInterrupt:
    print("interrupted", flush=True)
synap.open(sys.argv[1]).close()
"""
    with subprocess.Popen([sys.executable, "-c", program, directory], stdout=subprocess.PIPE,
                          text=True) as process:
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        began = time.monotonic()
        said = process.stdout.readline()
    if said == "loaded\n":
        pytest.skip("loaded before the signal")
    took = time.monotonic() - began
    assert said == "interrupted\n" and took < 5
    assert process.wait(60) == 0
