from __future__ import annotations

from voicegate_tts.speech_cache import Speech, SpeechCache


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def speech(size: int) -> Speech:
    return Speech(bytes(size), 1.0)


def test_what_was_used_longest_ago_makes_room() -> None:
    cache = SpeechCache(100, 60, Clock())
    for name in (b"a", b"b", b"c"):
        cache.put(name, speech(33))
    assert cache.get(b"a")
    cache.put(b"d", speech(33))
    assert cache.get(b"b") is None
    assert all(cache.get(name) for name in (b"a", b"c", b"d"))


def test_what_is_old_is_forgotten_however_often_it_is_used() -> None:
    clock = Clock()
    cache = SpeechCache(100, 60, clock)
    cache.put(b"a", speech(10))
    for now in (20, 40, 60):
        clock.now = now
        assert cache.get(b"a")
    clock.now = 60.5
    assert cache.get(b"a") is None


def test_one_speech_never_takes_more_than_half() -> None:
    cache = SpeechCache(100, 60, Clock())
    cache.put(b"small", speech(50))
    cache.put(b"large", speech(51))
    assert cache.get(b"small")
    assert cache.get(b"large") is None
    assert (cache.fits(50), cache.fits(51)) == (True, False)


def test_the_same_key_counts_once() -> None:
    cache = SpeechCache(100, 60, Clock())
    for _ in range(50):
        cache.put(b"a", speech(50))
    cache.put(b"b", speech(50))
    assert cache.get(b"a")
    assert cache.get(b"b")


def test_a_cache_of_no_size_keeps_nothing() -> None:
    cache = SpeechCache(0, 60, Clock())
    cache.put(b"a", speech(1))
    assert cache.get(b"a") is None


def test_what_was_made_first_is_forgotten_first_though_it_was_used_since() -> None:
    clock = Clock()
    cache = SpeechCache(100, 60, clock)
    cache.put(b"old", speech(10))
    clock.now = 10
    cache.put(b"new", speech(10))
    clock.now = 20
    cache.put(b"old again", speech(10))
    cache.put(b"old again", speech(10))
    clock.now = 30
    assert cache.get(b"old")
    clock.now = 65
    assert [cache.get(name) is not None for name in (b"old", b"new", b"old again")] == [False, True, True]
    clock.now = 75
    assert [cache.get(name) is not None for name in (b"old", b"new", b"old again")] == [False, False, True]
