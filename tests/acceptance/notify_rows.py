"""Rows about telling people outside: receivers that fail, groups, exercises, Alertmanager."""

from __future__ import annotations

from tests.acceptance.rows import ROWS, Outcome, pytest_outcome

DELIVERY = "tests/notify/test_delivery.py"
GROUPING = "tests/notify/test_grouping.py"
CHANNELS = "tests/notify/test_channels.py"


@ROWS.row(
    "receiver down ten minutes",
    command=f"pytest {DELIVERY} -k 'minutes or stop or nobody_read or queue or rows'",
    limit="by a manual clock, with two restarts: everything arrives at least once, with one id each",
)
def receiver_down() -> Outcome:
    """A real HTTP server answers 500 for ten minutes."""
    return pytest_outcome(
        f"{DELIVERY}::test_a_receiver_down_for_ten_minutes_gets_everything_under_one_id_each",
        f"{DELIVERY}::test_a_stop_between_sending_and_noting_repeats_under_the_same_id",
        f"{DELIVERY}::test_edges_committed_while_nobody_read_are_told_after_a_restart_and_only_once",
        f"{DELIVERY}::test_a_full_queue_loses_nothing",
        f"{DELIVERY}::test_a_store_that_refuses_rows_for_a_while_loses_and_doubles_nothing",
    )


@ROWS.row(
    "receiver that misbehaves",
    command=f"pytest {DELIVERY} -k 'hangs or answers or limit'",
    limit="500, silence, redirect, refusal: each named, none delays another; dead letters have a reason",
)
def receiver_misbehaves() -> Outcome:
    """Real servers that hang, redirect and refuse."""
    return pytest_outcome(
        f"{DELIVERY}::test_one_that_hangs_delays_no_other",
        f"{DELIVERY}::test_what_a_receiver_answers_is_named",
        f"{DELIVERY}::test_after_the_limit_it_is_a_dead_letter_with_its_reason",
    )


@ROWS.row(
    "power cut, one notification",
    command=f"pytest {GROUPING}",
    limit="300 alerts under a cause are one notification, and one as they climb; nothing is hidden for good",
)
def power_cut() -> Outcome:
    """The grouping as a whole, its property test included."""
    return pytest_outcome(GROUPING)


@ROWS.row(
    "exercise, mail, ntfy, sign of life",
    command=f"pytest {CHANNELS}",
    limit="an exercise says so in every subject and body; the sign of life stops when the room is not well",
)
def channels() -> Outcome:
    """E-mail over STARTTLS and ntfy at real servers, in two languages."""
    return pytest_outcome(CHANNELS)


@ROWS.row(
    "alertmanager in, notification out",
    command="pytest tests/notify/test_alertmanager.py tests/notify/test_room.py",
    limit="its payload opens and ends an alert of the unit its labels name, which is told; bad ones named",
)
def alertmanager() -> Outcome:
    """The whole product over real sockets."""
    return pytest_outcome("tests/notify/test_alertmanager.py", "tests/notify/test_room.py")
