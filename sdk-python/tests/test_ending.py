"""What was answered is there however the interpreter ends in order; `ending.py` runs it at length.

os._exit(), signals that kill and os.abort() are the death of the process: see the README.
"""

import pytest

import synap
from ending import WAYS, check, check_answered, check_daemons

RUNS = 3


@pytest.mark.parametrize("way", WAYS)
def test_nothing_is_lost_when_a_program_ends_by(way, tmp_path):
    for number in range(RUNS):
        check(way, tmp_path / f"data-{number}")


def test_daemon_threads_are_cut_off_without_harm(tmp_path):
    for number in range(RUNS):
        check_daemons(tmp_path / f"data-{number}", tmp_path / f"answered-{number}")


def test_a_thread_is_cut_off_between_what_it_did_and_its_answer(tmp_path):
    with synap.open(tmp_path / "data") as store:
        for i in range(150):
            store[f"1:{i}"] = "x"
        for i in range(51):
            del store[f"1:{i}"]  # the last of them for 1:150, which was not answered
    answered = [f"1:{i}" for i in range(150)]
    check_answered(answered, tmp_path / "data")
    with synap.open(tmp_path / "data") as store:
        del store["1:51"]
    with pytest.raises(AssertionError):
        check_answered(answered, tmp_path / "data")


# The log hands over nothing by itself for about a second. The thread's call is done before "last"
# is and ends after it, since the interpreter lock is kept until then.
WRITES = {
    "short calls": """
store.set("first", 1)
store.set("last", 1)
""",
    "a long call that ends late": """
thread = threading.Thread(target=store.set, args=("first", bytes(1_000_000)))
sys.setswitchinterval(1000)
thread.start()
while "first" not in store:
    pass
store.using(durability="os").set("handed over", 1)
store.set("last", 1)
thread.join()
""",
    "a thread that is gone": """
store.set("first", 1)
thread = threading.Thread(target=store.set, args=("last", 1))
thread.start()
thread.join()
""",
    "a pipeline": """
pipe = store.pipeline()
pipe.set("first", 1).set("last", 1).execute()
""",
}


@pytest.mark.parametrize("way", WRITES)
def test_the_first_step_of_the_end_hands_over_what_was_written(way, directory, other_process):
    other_process(f"""
import os, sys, threading
import synap
from synap import _native

store = synap.open(sys.argv[1], durability="memory", persistence_ack="os")
{WRITES[way]}
_native.begin_ending()
os._exit(0)
""", directory)
    with synap.open(directory) as store:
        assert {"first", "last"} <= {key.decode() for key in store}
