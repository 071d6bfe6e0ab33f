"""The marble harness keeps RxJS's notation."""

from datetime import timedelta

import pytest
import reactivex
from reactivex import Observable, abc
from reactivex import operators as ops
from reactivex.disposable import Disposable

from connector.testing import Boom, Event, MalformedDiagram, Marbles, explain


def frames(diagram: str, tick: timedelta = timedelta(milliseconds=1)) -> list[tuple[float, object]]:
    m = Marbles(tick=tick)
    seen = m.run(m.cold(diagram))
    return [
        (event.at_us / (tick / timedelta(microseconds=1)), event.payload) for event in seen.events
    ]


def test_a_character_is_a_tick() -> None:
    assert frames("-a-b|") == [(1, "a"), (3, "b"), (4, None)]


def test_a_space_takes_no_time() -> None:
    assert frames("  -a  -b |") == frames("-a-b|")


def test_a_run_of_letters_is_a_run_of_values() -> None:
    assert frames("ab-c") == [(0, "a"), (1, "b"), (3, "c")]


def test_digits_stay_characters() -> None:
    assert frames("12 3") == [(0, "1"), (1, "2"), (2, "3")]


def test_a_group_is_one_instant_and_takes_a_tick_a_character() -> None:
    assert frames("(ab)-c") == [(0, "a"), (0, "b"), (5, "c")]
    assert frames("-(a |)") == [(1, "a"), (1, None)]


def test_time_progressions_pass_their_time() -> None:
    assert frames("a 9.8s b") == [(0, "a"), (9_801, "b")]
    assert frames("10ms a 1m |") == [(10, "a"), (60_011, None)]


def test_a_number_that_touches_something_else_is_no_time_progression() -> None:
    assert frames("a9s b") == [(0, "a"), (1, "9"), (2, "s"), (3, "b")]


def test_the_tick_can_be_chosen() -> None:
    assert frames("-a 2s b", tick=timedelta(seconds=1)) == [(1, "a"), (4, "b")]


def test_a_progression_that_is_no_multiple_of_the_tick_is_refused() -> None:
    with pytest.raises(MalformedDiagram, match="multiple of the tick, 1s"):
        frames("a 1500ms b", tick=timedelta(seconds=1))


@pytest.mark.parametrize(
    ("diagram", "why", "column"),
    [
        ("-(ab", "this group is never closed", 1),
        ("-a)-", "this group was never opened", 2),
        ("(a(b))", "a group within a group", 2),
        ("(a-b)", "no time passes within a group", 2),
        ("(a 5ms b)", "no time passes within a group", 3),
        ("-a-|-b", "nothing may follow the end", 5),
        ("-#|", "nothing may follow the end", 2),
        ("-a-!", "`!` belongs in subscription diagrams", 3),
        ("-^-a", "`^` belongs in hot and subscription diagrams", 1),
    ],
)
def test_a_malformed_diagram_is_refused_pointing_at_the_place(
    diagram: str, why: str, column: int
) -> None:
    with pytest.raises(MalformedDiagram) as refused:
        Marbles().cold(diagram)
    assert str(refused.value) == f"{why}:\n  {diagram}\n  {' ' * column}^"


@pytest.mark.parametrize("diagram", ["-a-", "^^", "-^-!-!", "-!-^", "^-|"])
def test_a_malformed_subscription_is_refused(diagram: str) -> None:
    m = Marbles()
    with pytest.raises(MalformedDiagram, match="a subscription is drawn by"):
        m.run(m.cold("-a"), diagram)


def test_hot_frames_count_from_the_caret_and_what_came_before_is_past() -> None:
    m = Marbles()
    assert m.run(m.hot("-a-^-b-|")) == m.expected("--b-|")
    with pytest.raises(MalformedDiagram, match="a second"):
        Marbles().hot("-^-^")


def test_frame_zero_of_a_hot_source_is_heard() -> None:
    m = Marbles()
    assert m.run(m.hot("a-b")) == m.expected("a-b")


def test_who_comes_late_to_a_hot_source_misses_what_was() -> None:
    m = Marbles()
    source = m.hot("-a-b-c-|")
    assert m.run(source, " --^-!") == m.expected("---b")
    assert m.lives(source) == ["--^-!"]


def test_who_comes_after_the_end_of_a_hot_source_is_told_of_it() -> None:
    m = Marbles()
    source = m.hot("-a-|")
    assert m.run(source, "-----^") == m.expected("-----|")
    assert m.lives(source) == ["-----(^!)"]


def test_a_cold_source_plays_from_the_subscription_on() -> None:
    m = Marbles()
    source = m.cold("a-b-|")
    assert m.run(source, "   --^") == m.expected("--a-b-|")
    assert m.lives(source) == ["--^---!"]


def test_an_item_in_the_frame_of_the_unsubscription_is_not_heard() -> None:
    for kind in ("hot", "cold"):
        m = Marbles()
        source = m.hot("-a-b-|") if kind == "hot" else m.cold("-a-b-|")
        assert m.run(source, "^--!") == m.expected("-a")
        assert m.lives(source) == ["^--!"]


def test_several_subscribers_see_their_own() -> None:
    m = Marbles()
    source = m.hot("-a-b-c-|")
    seen = m.run_together(source, (source, "--^--!"))
    assert seen == [m.expected("-a-b-c-|"), m.expected("---b")]
    assert m.lives(source) == ["^------!", "--^--!"]


def test_a_source_in_turn_plays_another_diagram_for_each_subscription() -> None:
    m = Marbles()
    source = m.in_turn("-a|", "-b|")
    assert m.run(source.pipe(ops.repeat(3))) == m.expected("-a-b-b|")
    assert m.lives(source) == ["^-!", "--^-!", "----^-!"]


def test_a_source_that_nobody_wanted_has_no_lives() -> None:
    m = Marbles()
    source = m.hot("-a-|")
    m.run(m.cold("|"))
    assert m.lives(source) == []


def test_lives_compare_by_meaning() -> None:
    m = Marbles()
    source = m.cold("100ms |")
    m.run(source)
    assert m.lives(source) == ["^ 99ms !"]
    assert m.lives(source) == [" ^ 90ms ---------! "]
    assert m.lives(source) != ["^ 98ms !"]
    assert m.lives(source) != ["^"]
    assert m.lives(source) != []


def test_letters_stand_for_values() -> None:
    m = Marbles({"a": 1, "b": 2})
    assert m.run(m.hot("a-b").pipe(ops.map(lambda n: n + 1))) == m.expected("x-y", {"x": 2, "y": 3})
    with pytest.raises(ValueError, match="no value is given for `c`"):
        m.expected("a-c")


def test_errors_are_equal_by_type_and_arguments() -> None:
    m = Marbles()
    seen = m.run(m.cold("-#", error=ValueError("a", 1)))
    assert seen == m.expected("-#", error=ValueError("a", 1))
    assert seen != m.expected("-#", error=ValueError("a"))
    assert seen != m.expected("-#", error=KeyError("a", 1))
    assert seen != m.expected("-#")
    assert seen != m.expected("-|")


def test_the_error_of_a_play_can_be_chosen() -> None:
    own = Boom("mine")
    m = Marbles(error=own)
    assert m.run(m.cold("#")).events == [Event(0, "error", own)]


def test_timers_wait_in_virtual_time() -> None:
    m = Marbles()
    assert m.run(reactivex.timer(3.0).pipe(ops.map(lambda _: "x"))) == m.expected("3s (x|)")


def test_many_actions_in_one_frame_do_not_move_the_clock() -> None:
    m = Marbles()
    source = m.hot("(ab|)").pipe(ops.flat_map(lambda letter: reactivex.from_(letter * 300)))
    assert {event.at_us for event in m.run(source).events} == {0}


def test_a_play_without_end_is_told() -> None:
    m = Marbles()
    with pytest.raises(AssertionError, match=r"still busy .* end the subscription with a `!`"):
        m.run(reactivex.interval(0.001))


def test_a_play_runs_once() -> None:
    m = Marbles()
    source = m.hot("-a")
    m.run(source)
    with pytest.raises(RuntimeError, match="this play is over"):
        m.run(source)
    with pytest.raises(RuntimeError, match="this play is over"):
        m.hot("-a")


def test_a_timer_that_outlives_every_observer_is_a_stray() -> None:
    def forgetful(
        observer: abc.ObserverBase[str], scheduler: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        assert scheduler
        scheduler.schedule_relative(0.005, lambda _, __: observer.on_next("x"))
        return Disposable()

    m = Marbles()
    assert m.run(Observable(forgetful), "^--!") == m.expected("")
    assert m.strays == [5]


def test_a_timer_that_was_cancelled_is_no_stray() -> None:
    m = Marbles()
    m.run(reactivex.timer(0.005), "^--!")
    assert m.strays == []


def test_a_timeline_reads_as_its_diagram() -> None:
    m = Marbles({"a": 1})
    timeline = m.expected("-a- 1s (xa)#", {"a": 1, "x": 77})
    assert repr(timeline) == "-a 1.001s (xa)#"
    seen = m.run(m.hot("--a-(x|)", {"a": 1, "x": 77}))
    assert repr(seen) == "--a-(①|)   ① = 77"
    assert seen.values == [1, 77]
    assert repr(m.expected("")) == "-"


def test_what_differs_is_shown_by_aligned_diagrams() -> None:
    m = Marbles()
    seen = m.run(m.hot("-a-(bc)-x|"))
    assert explain(seen, m.expected("-a-b----d|")) == [
        "marbles differ:",
        "  seen      -a-(bc)-x|",
        "  expected  -a-b----d|",
        "  seen      next 'c' at frame 3",
        "  expected  next 'd' at frame 8",
    ]


def test_what_falls_between_frames_or_into_a_group_is_spelled_out() -> None:
    m = Marbles()
    between = m.run(reactivex.timer(0.0015).pipe(ops.map(lambda _: "x")), "^---!")
    lines = explain(between, m.expected("-(x|)"))
    assert lines
    assert "  ('x' is between frames, at 1.5ms)" in lines
    crowded = Marbles().expected("(ab)")
    crowded.events = [*crowded.events, Event(1_000, "next", "c")]
    assert "the group takes no time" in repr(crowded)


def test_lives_that_differ_are_shown_by_aligned_diagrams() -> None:
    m = Marbles()
    source = m.hot("--a")
    m.run(source, "^--!")
    assert explain(m.lives(source), ["^-!", "^"]) == [
        "lives differ:",
        "  lived     ^--!",
        "  expected  ^-!",
        "  lived     no such subscription",
        "  expected  ^",
    ]


def test_of_lists_only_the_timelines_that_differ_are_shown() -> None:
    m = Marbles()
    left, right = [m.expected("a"), m.expected("b")], [m.expected("a"), m.expected("c")]
    lines = explain(left, right)
    assert lines
    assert lines[0] == "[1] marbles differ:"
    assert explain(left, left) is None
    assert explain(1, 2) is None


def test_what_an_observer_raises_climbs_out_of_the_run() -> None:
    def broken(_: str) -> None:
        raise Boom("a bug")

    m = Marbles()
    with pytest.raises(Boom, match="a bug"):
        m.run(m.hot("-a").pipe(ops.do_action(lambda _: None), lambda s: _raising(s, broken)))


def _raising(source: Observable[str], broken: abc.OnNext[str]) -> Observable[str]:
    return Observable(
        lambda observer, scheduler: source.subscribe(
            broken, observer.on_error, observer.on_completed, scheduler=scheduler
        )
    )
