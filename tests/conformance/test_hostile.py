"""Some of the damaged tables of `hostile.py`; `hostile.py --cases 480` makes more."""

import pathlib
import sys
import zlib

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
    assert not damage.is_another("log", log, log.rstrip())
    assert damage.is_another("log", log, log.replace(b"b", b"c"))
    assert not damage.is_another("log", log, log[:-5])
    assert not damage.is_another("manifest", b"Obj\x01", b"Obj")
    assert not damage.is_another("data", b"PAR1PAR1", b"PAR1")
    vector = b"\x01\x00\x00\x00\x01a" + zlib.crc32(b"a").to_bytes(4, "big")
    assert not damage.is_another("vector", vector, vector.replace(b"a", b"b"))
    assert damage.is_another("vector", vector, vector[:5] + b"b" + zlib.crc32(b"b").to_bytes(4, "big"))
