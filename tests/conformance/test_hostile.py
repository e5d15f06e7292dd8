"""Some of the damaged tables of `hostile.py`; `hostile.py --cases 320` makes more."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import damage  # noqa: E402
import hostile  # noqa: E402
import run  # noqa: E402

DIRECTORY = run.data_directory()
SEED, CASES = 7, 60


@pytest.mark.skipif(DIRECTORY is None, reason="conformance data not found")
def test_damaged_tables(tmp_path):
    outcome = hostile.go(DIRECTORY, tmp_path, SEED, CASES)
    assert outcome.alive
    assert outcome.growth_bytes < hostile.GROWTH_BYTES_MAX, f"{outcome.growth_bytes >> 20} MiB"
    assert not outcome.errors, outcome.errors[:3]
    # Both ends of the scale occur, or nothing was tested.
    words = {answer.outcome for *_, answer in outcome.answers}
    assert {"right", "refused"} <= words, words
    bad = [f"{answer.outcome} {question} {case.title}: {answer.detail}" for case, question, answer in outcome.bad()]
    assert not bad, "\n".join(bad)


def test_meanings():
    """A judge that calls everything another valid file would let wrong rows pass."""
    log = b'{"add":{"path":"a"}}\n{"add":{"path":"b"}}\n'
    whole = damage.meaning("log", log)
    assert whole == damage.meaning("log", log.rstrip())
    assert whole != damage.meaning("log", log.replace(b"b", b"c"))
    assert damage.meaning("log", log[:-5]) is None
    assert damage.meaning("manifest", b"Obj\x01") is None
    assert damage.meaning("data", b"PAR1PAR1") is None
    assert damage.meaning("vector", b"\x01\x00\x00\x00\x01a\x00\x00\x00\x00") is None
