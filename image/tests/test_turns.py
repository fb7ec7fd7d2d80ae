from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator

import pytest

from voicegate_tts.errors import ClientGoneError
from voicegate_tts.turns import BUFFER_BYTES, Turns

from .conftest import FOLDER

SECONDS = 30.0


class Bench:
    """An engine whose pieces are made when the test says so."""

    def __init__(self) -> None:
        self.turns = Turns(bytes_a_second=100)
        self.made: list[str] = []
        self._allowed = threading.Semaphore(0)
        self._changed = threading.Condition()
        self.asked = 0

    def jobs(self, name: str, lengths: list[int], size: int = 100) -> Iterator[tuple[int, Callable[[], bytes]]]:
        for number, length in enumerate(lengths):
            yield length, lambda number=number: self._make(f"{name}{number}", size)  # type: ignore[misc]

    def _make(self, name: str, size: int) -> bytes:
        with self._changed:
            self.asked += 1
            self._changed.notify_all()
        assert self._allowed.acquire(timeout=SECONDS)
        with self._changed:
            self.made.append(name)
            self._changed.notify_all()
        return bytes(size)

    def allow(self, count: int = 1) -> None:
        self._allowed.release(count)

    def wait_until(self, condition: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(condition, SECONDS), self.made


class Listener(threading.Thread):
    def __init__(self, pieces: Iterator[bytes]) -> None:
        super().__init__(daemon=True)
        self.heard: list[bytes] = []
        self.pieces = pieces
        self.start()

    def run(self) -> None:
        self.heard.extend(self.pieces)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_pieces_come_in_their_order_each_as_soon_as_it_is_made(bench: Bench) -> None:
    pieces = bench.turns.listen(bench.jobs("a", [1, 1, 1]))
    for count in (1, 2, 3):
        bench.allow()
        assert next(pieces) == bytes(100)
        assert len(bench.made) >= count
    assert next(pieces, None) is None


def test_a_newcomer_is_served_after_the_piece_that_is_being_made(bench: Bench) -> None:
    first = Listener(bench.turns.listen(bench.jobs("a", [60] * 6, size=10_000)))
    bench.wait_until(lambda: bench.asked == 1)
    second = Listener(bench.turns.listen(bench.jobs("b", [12])))
    bench.wait_until(lambda: len(bench.turns._listeners) == 2)
    bench.allow(7)
    for listener in (first, second):
        listener.join(SECONDS)
    assert bench.made.index("b0") == 1
    assert (len(first.heard), len(second.heard)) == (6, 1)


def test_of_those_who_hear_nothing_yet_the_one_with_the_shortest_piece_comes_first(bench: Bench) -> None:
    running = Listener(bench.turns.listen(bench.jobs("x", [1])))
    bench.wait_until(lambda: bench.asked == 1)
    waiting = [
        Listener(bench.turns.listen(bench.jobs(name, [length]))) for name, length in (("l", 900), ("s", 3), ("m", 500))
    ]
    bench.wait_until(lambda: len(bench.turns._listeners) == 4)
    bench.allow(4)
    for listener in (running, *waiting):
        listener.join(SECONDS)
    assert bench.made == ["x0", "s0", "m0", "l0"]


def test_who_is_gone_while_a_piece_is_made_gets_no_further_one(bench: Bench) -> None:
    gone = threading.Event()
    pieces = bench.turns.listen(bench.jobs("a", [1] * 100), gone.is_set)
    bench.allow()
    next(pieces)
    bench.wait_until(lambda: bench.asked == 2)
    gone.set()
    # Known before the piece is made, so that the next one is not begun.
    with pytest.raises(ClientGoneError):
        next(pieces)
    bench.allow(100)
    bench.wait_until(lambda: bench.made == ["a0", "a1"])
    other = Listener(bench.turns.listen(bench.jobs("b", [1])))
    other.join(SECONDS)
    assert bench.made == ["a0", "a1", "b0"]


def test_who_goes_away_ends_the_synthesis_after_the_piece_that_is_being_made(bench: Bench) -> None:
    pieces = bench.turns.listen(bench.jobs("a", [1] * 100))
    bench.allow()
    next(pieces)
    bench.wait_until(lambda: bench.asked == 2)
    pieces.close()  # type: ignore[attr-defined]
    bench.allow(100)
    bench.wait_until(lambda: bench.made == ["a0", "a1"])
    other = Listener(bench.turns.listen(bench.jobs("b", [1])))
    other.join(SECONDS)
    assert bench.made == ["a0", "a1", "b0"]


def test_a_slow_reader_has_a_bounded_buffer_and_holds_nobody_up(bench: Bench) -> None:
    size = BUFFER_BYTES // 4
    slow = bench.turns.listen(bench.jobs("slow", [1] * 20, size))
    bench.allow(1_000)
    next(slow)
    # One was read; as many are made as the buffer holds.
    bench.wait_until(lambda: len(bench.made) == 5)
    quick = Listener(bench.turns.listen(bench.jobs("quick", [1] * 3, size)))
    quick.join(SECONDS)
    assert len(quick.heard) == 3
    assert len([name for name in bench.made if name.startswith("slow")]) == 5
    # Each piece that is read makes room for one more.
    assert len(list(slow)) == 19


def test_a_failure_is_raised_where_the_listener_waits_after_what_was_made_before(bench: Bench) -> None:
    def jobs() -> Iterator[tuple[int, Callable[[], bytes]]]:
        yield 1, lambda: b"good"
        yield 1, lambda: (_ for _ in ()).throw(ValueError("broken"))

    pieces = bench.turns.listen(jobs())
    assert next(pieces) == b"good"
    with pytest.raises(ValueError, match="broken"):
        next(pieces)
    assert list(bench.turns.listen(iter([(1, lambda: b"next")]))) == [b"next"]


def test_pieces_without_sound_are_not_handed_out(bench: Bench) -> None:
    assert list(bench.turns.listen(iter([(1, lambda: b""), (1, lambda: b"x"), (1, lambda: b"")]))) == [b"x"]


def test_a_listener_whom_the_garbage_collector_ends_waits_for_nobody(bench: Bench) -> None:
    pieces = bench.turns.listen(bench.jobs("a", [5, 5]))
    bench.allow()
    next(pieces)
    # As while a thread is started with the lock held, on which the collector then happens to run.
    collected = threading.Thread(target=pieces.close, daemon=True)  # type: ignore[attr-defined]
    with bench.turns._changed:
        collected.start()
        collected.join(SECONDS)
        assert not collected.is_alive()
    bench.allow()
    listener = Listener(bench.turns.listen(bench.jobs("b", [5])))
    bench.allow()
    listener.join(SECONDS)
    assert len(listener.heard) == 1


def test_a_process_that_ends_finishes_the_piece_that_is_being_made_and_no_more() -> None:
    program = """
import threading, time
from voicegate_tts.turns import Turns

started = threading.Event()

def job():
    started.set()
    time.sleep(0.3)
    print("made", flush=True)
    return b"x"

pieces = Turns(2).listen(iter([(1, job)] * 50))
threading.Thread(target=lambda: next(pieces), daemon=True).start()
started.wait()
"""
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=FOLDER, capture_output=True, text=True, timeout=SECONDS, check=True
    )
    assert run.stdout.splitlines() == ["made"]


def test_a_listener_for_whom_no_thread_can_be_started_is_told_and_leaves_nothing_behind(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", fail)
        with pytest.raises(RuntimeError, match="can't start new thread"):
            next(bench.turns.listen(bench.jobs("a", [1])))
    bench.allow()
    assert list(bench.turns.listen(bench.jobs("b", [1]))) == [bytes(100)]
    assert bench.made == ["b0"]
