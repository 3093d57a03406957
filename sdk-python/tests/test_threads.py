"""Threads, forks, interpreters, and the order in which objects die."""

import gc
import multiprocessing
import os
import sys
import threading
import time
import weakref

import pytest

import synap


def run_threads(count, body):
    failures = []

    def guarded(number):
        try:
            body(number)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=guarded, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def test_many_threads_use_one_store(directory):
    with synap.open(directory) as store:
        durable = store.using(durability="os")

        def work(number):
            for i in range(300):
                store.incr("shared")
                durable[f"own:{number}:{i}"] = i
                assert store[f"own:{number}:{i}"] == b"%d" % i
                if i % 50 == 0:
                    assert store.pipeline().incr("piped").get("shared").execute()[1]
                    store.keys(f"own:{number}:*")

        run_threads(8, work)
        assert store["shared"] == b"2400"
        assert store["piped"] == b"48"
        assert len(store) == 2402


def test_threads_have_sessions_of_their_own(store):
    def work(number):
        store.execute("SELECT", number)
        for i in range(200):
            store["who"] = number
            assert store["who"] == b"%d" % number

    run_threads(8, work)
    assert store.execute("INFO", "keyspace").count("db") == 8


def test_the_sessions_of_ended_threads_are_released(store):
    def clients():
        return len(store.execute("CLIENT", "LIST").splitlines())

    store.get("a")
    before = clients()
    for _ in range(5):
        run_threads(4, lambda _: store.get("a"))
    ends = time.monotonic() + 10  # join() returns a little before a thread has ended
    while clients() != before:
        assert time.monotonic() < ends


def test_closing_while_others_work(directory):
    store = synap.open(directory)
    started = threading.Barrier(5)

    def work(number):
        started.wait()
        with pytest.raises(synap.ClosedError):
            while True:
                store.set(f"key:{number}", b"x" * 100_000)
                store.get(f"key:{number}")

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    started.wait()
    store.close()
    for thread in threads:
        thread.join()


CLOSED_UNDER_ITS_CALLS = """
import os, sys, threading, synap

call, ended = sys.argv[1], []
sys.setswitchinterval(1e-5)
# With one processor, and the closing thread behind all others, these run whenever that one gives
# up the interpreter lock.
os.sched_setaffinity(0, list(os.sched_getaffinity(0))[:1])

def close(store):
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    store.close()

def work(store, started):
    try:
        while True:
            try:
                store.get("text") if call == "get" else store.incr("text")
            except synap.ReplyError as error:
                assert error.code == "ERR", error
            started.set()
    except synap.ClosedError:
        ended.append(store)

for _ in range(20):
    store = synap.open(":memory:")
    store.set("text", "x" * 100)
    started = threading.Event()
    threads = [threading.Thread(target=work, args=(store, started)) for _ in range(2)]
    threads.append(threading.Thread(target=close, args=(store,)))
    for thread in threads:
        thread.start()
        started.wait()
    for thread in threads:
        thread.join()
print(len(ended))
"""


# A reply that is an error becomes an exception within the call, by Python code: there, too, another
# thread may close the store.
@pytest.mark.parametrize("call", ["get", "incr of a text"])
def test_closing_under_calls_in_a_loop(other_process, call):
    assert other_process(CLOSED_UNDER_ITS_CALLS, call) == "40"


def test_two_stores_alternate_in_a_thread(store):
    with synap.open(":memory:") as other:
        for i in range(100):
            store["a"], other["a"] = i, -i
            assert store["a"] == b"%d" % i and other["a"] == b"%d" % -i


def child(store, queue):
    for use in (lambda: store["a"], lambda: store.set("a", 2), store.pipeline,
                lambda: store.pipeline().get("a").execute()):
        try:
            use()
        except synap.ForkedError as error:
            queue.put(str(error))
    store.close()
    with synap.open(":memory:") as own:
        own["b"] = 1
        queue.put(own["b"])


@pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning")
def test_a_forked_child_is_told_so(directory):
    context = multiprocessing.get_context("fork")
    queue = context.SimpleQueue()
    with synap.open(directory) as store:
        store["a"] = 1
        process = context.Process(target=child, args=(store, queue))
        process.start()
        process.join(30)
        assert process.exitcode == 0
        answers = [queue.get() for _ in range(4)]
        assert all("fork" in answer for answer in answers[:3]) and answers[3] == b"1"
        store["a"] = 3
        assert store["a"] == b"3"
    with synap.open(directory) as store:
        assert store["a"] == b"3"


def test_a_child_that_exits_by_itself_closes_nothing(directory):
    with synap.open(directory) as store:
        store["a"] = 1
        pid = os.fork()
        if pid == 0:
            try:
                del store
                gc.collect()
                os._exit(0)
            finally:
                os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        store["b"] = 2
        assert len(store) == 2


def test_a_second_interpreter_is_refused():
    if sys.version_info < (3, 13):
        interpreters = pytest.importorskip("_xxsubinterpreters")
    else:
        interpreters = pytest.importorskip("_interpreters")
    number = interpreters.create()
    source = ("try:\n    import synap\nexcept ImportError: pass\n"
              "else: raise SystemError('imported')")
    try:
        failure = interpreters.run_string(number, source)
        assert failure is None
    finally:
        interpreters.destroy(number)


def test_objects_may_die_in_any_order(store):
    view = store.using(durability="memory")
    pipe = view.pipeline().set("a", 1)
    pipe.watch("a")
    view_gone = weakref.ref(view)
    del view
    gc.collect()
    assert view_gone() is not None  # the pipeline needs it
    assert pipe.execute() == [True]
    del pipe
    gc.collect()
    assert view_gone() is None
    assert store["a"] == b"1"


def test_a_cycle_with_a_store_is_collected(directory):
    store = synap.open(directory)
    store["a"] = 1
    holder = {"store": store}
    holder["self"] = holder
    gone = weakref.ref(store)
    del store, holder
    with pytest.warns(ResourceWarning):
        gc.collect()
    assert gone() is None
    with synap.open(directory) as store:
        assert store["a"] == b"1"


def test_finalisers_may_use_the_store_while_a_reply_is_built(store):
    store.mset({f"key:{i}": i for i in range(2000)})
    seen = []

    class Leaf:
        def __init__(self):
            self.cycle = self

        def __del__(self):
            seen.append(store.get("key:7"))

    gc.disable()
    garbage = [Leaf() for _ in range(50)]
    del garbage
    gc.enable()
    for _ in range(30):
        assert len(store.execute("COMMAND", "DOCS")) > 50
        assert len(store.keys()) == 2000
    gc.collect()
    assert seen == [b"7"] * 50
