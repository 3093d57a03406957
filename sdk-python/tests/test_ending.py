"""What was answered is there however the interpreter ends in order; `ending.py` runs it at length.

os._exit(), signals that kill and os.abort() are the death of the process: see the README.
"""

import pytest

from ending import WAYS, check, check_daemons

RUNS = 3


@pytest.mark.parametrize("way", WAYS)
def test_nothing_is_lost_when_a_program_ends_by(way, tmp_path):
    for number in range(RUNS):
        check(way, tmp_path / f"data-{number}")


def test_daemon_threads_are_cut_off_without_harm(tmp_path):
    for number in range(RUNS):
        check_daemons(tmp_path / f"data-{number}", tmp_path / f"answered-{number}")
