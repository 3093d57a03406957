"""Fault case 5: what a store holds is given back when close() returns, or the last object goes."""

import gc
import os
import threading
import weakref
from pathlib import Path

import pytest

import synap

MEGABYTE = 1 << 20


def descriptors():
    return len(os.listdir("/proc/self/fd"))


def threads():
    return len(os.listdir("/proc/self/task"))


def resident():
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def fill(store, megabytes):
    for i in range(megabytes):
        store[f"large:{i}"] = os.urandom(MEGABYTE)
    pipe = store.pipeline(False)
    for i in range(20_000):
        pipe.set(f"small:{i}", "x" * 100)
    pipe.execute()


def opened(path):
    store = synap.open(path)
    store["a"] = 1
    store.using(durability="os")["b"] = 1
    return store


def test_close_gives_back_descriptors_and_threads(tmp_path):
    opened(tmp_path / "first").close()
    before = descriptors(), threads()
    stores = [opened(tmp_path / str(i)) for i in range(20)]
    assert descriptors() >= before[0] + 40
    for store in stores:  # all of them are still referred to
        store.close()
    assert (descriptors(), threads()) == before


def test_close_gives_back_memory(tmp_path):
    before, stores = 0, []
    for i in range(8):
        store = synap.open(tmp_path / str(i))
        fill(store, 50)
        stores.append((store, store.using(durability="os"), store.pipeline().watch("large:1")))
        assert resident() > before
        store.close()
        if i == 1:  # by now whatever is kept for good is there
            before = resident()
    assert resident() < before + 60 * MEGABYTE


def test_what_was_dropped_is_given_back(tmp_path):
    opened(tmp_path / "first").close()
    before = descriptors(), threads()
    for i in range(5):
        store = opened(tmp_path / str(i))
        pipe = store.pipeline().watch("a")
        with pytest.warns(ResourceWarning, match="unclosed"):
            del store, pipe
            gc.collect()
    assert (descriptors(), threads()) == before


def test_a_thread_that_never_calls_again_pins_nothing(tmp_path):
    opened(tmp_path / "first").close()
    before = descriptors(), threads()
    memory, go_on = resident(), threading.Event()
    store = synap.open(tmp_path / "data")
    called = threading.Barrier(9)

    def body():
        store.get("a")
        called.wait()
        go_on.wait()

    others = [threading.Thread(target=body) for _ in range(8)]
    for other in others:
        other.start()
    called.wait()
    fill(store, 100)
    store.close()
    try:
        assert descriptors() == before[0] and threads() == before[1] + 8
        assert resident() < memory + 60 * MEGABYTE
    finally:
        go_on.set()
        for other in others:
            other.join()


def test_a_call_under_way_gives_back_what_close_had_to_leave_it(tmp_path):
    opened(tmp_path / "first").close()
    before = descriptors(), threads()
    store = synap.open(tmp_path / "data")
    waiting = threading.Barrier(2)

    def body():
        waiting.wait()
        with pytest.raises(synap.SynapError):
            store.wait(1, 0)  # for ever
            store.get("a")

    other = threading.Thread(target=body)
    other.start()
    waiting.wait()
    store.close()
    other.join(30)
    assert not other.is_alive()
    assert (descriptors(), threads()) == before


def test_whoever_closes_second_returns_when_all_is_done(tmp_path):
    for i in range(10):
        store = opened(tmp_path / str(i))
        fill(store, 5)
        ready = threading.Barrier(2)
        before = []

        def body(store=store, ready=ready, before=before, path=tmp_path / str(i)):
            ready.wait()
            store.close()
            with synap.open(path) as again:  # not locked any more
                before.append(len(again))

        other = threading.Thread(target=body)
        other.start()
        ready.wait()
        store.close()
        other.join()
        assert before == [20_007]


def test_a_closed_store_can_be_asked(tmp_path):
    store = opened(tmp_path / "data")
    store.close()
    assert store.state == "closed" and store.used_memory == 0 and store.closed
    for use in (lambda: store.option("slots"), lambda: store.set_option("max_memory", 0),
                lambda: store.using(durability="os").get("a"), store.pipeline().get("a").execute):
        with pytest.raises(synap.ClosedError):
            use()
    gone = weakref.ref(store)
    del store, use
    gc.collect()
    assert gone() is None
