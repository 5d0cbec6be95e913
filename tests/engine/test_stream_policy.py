"""What becomes of a batch: every record ends once, whatever fails how often; examples, and any pattern of failures."""

from collections import Counter
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from engine.corrections.streams.policy import Attempt, Condition, Policy, Step, deliver
from engine.corrections.streams.source import first_failure


class Function:
    """A handler in which record `i` fails its first `failures[i]` times; raises, or reports what failed."""

    def __init__(self, failures: Sequence[int], reports: bool, throttled: Sequence[bool] = ()) -> None:
        self.left = list(failures)
        self.reports = reports
        self.throttled = list(throttled)
        self.seen: list[int] = []

    def __call__(self, batch: Sequence[int]) -> Attempt:
        if self.throttled and self.throttled.pop():
            return Attempt(failed_at=0, invoked=False)
        self.seen += batch
        for at, record in enumerate(batch):
            if self.left[record] > 0:
                self.left[record] -= 1
                return Attempt(failed_at=at if self.reports else 0)
        return Attempt()


def run(function: Function, count: int, policy: Policy, old: frozenset[int] = frozenset()) -> list[Step[int]]:
    return list(deliver(range(count), function, policy, expired=lambda record: record in old))


def test_without_bisect_the_whole_rest_is_given_up() -> None:
    steps = run(Function([0, 9, 0, 0], reports=True), 4, Policy(retries=1))
    # The attempt that handled the first record is one of two that the others took part in.
    assert steps == [Step(range(1)), Step(range(1, 4), Condition.RETRIES, attempts=2)]


def test_records_that_were_split_off_have_attempts_of_their_own() -> None:
    steps = run(Function([9, 0, 0, 9], reports=False), 4, Policy(retries=1, bisect=True))
    assert [(list(step.records), step.attempts) for step in steps if step.condition] == [([0], 2), ([3], 2)]


def test_a_record_that_was_too_old_before_it_was_sent_has_no_attempts() -> None:
    steps = run(Function([9, 0], reports=False), 2, Policy(retries=0, bisect=True), frozenset({1}))
    assert [step.attempts for step in steps if step.condition is Condition.AGE] == [0]


def test_with_bisect_only_the_poison_is() -> None:
    steps = run(Function([0, 0, 9, 0], reports=False), 4, Policy(retries=0, bisect=True))
    assert [(list(step.records), step.condition) for step in steps] == [
        ([0, 1], None),
        ([2], Condition.RETRIES),
        ([3], None),
    ]


def test_a_pause_that_says_stop_leaves_the_rest_open() -> None:
    function = Function([0, 9, 0], reports=True)
    steps = list(deliver(range(3), function, Policy(), pause=lambda in_vain: False))
    assert steps == [Step(range(1))]


FOREVER = 10**6


@given(
    failures=st.lists(st.sampled_from([0, 0, 0, 1, 2, 5, FOREVER]), min_size=1, max_size=40),
    retries=st.integers(0, 4),
    bisect=st.booleans(),
    reports=st.booleans(),
    throttled=st.lists(st.booleans(), max_size=20),
    data=st.data(),
)
def test_every_record_ends_once_and_in_order(
    failures: list[int], retries: int, bisect: bool, reports: bool, throttled: list[bool], data: st.DataObject
) -> None:
    count = len(failures)
    old = data.draw(st.frozensets(st.integers(0, count - 1)))
    function = Function(failures, reports, throttled)
    steps = run(function, count, Policy(retries, bisect), old)
    ended = [record for step in steps for record in step.records]
    assert ended == list(range(count))  # none lost, none twice, in the order of the stream
    handled = {record for step in steps if not step.condition for record in step.records}
    assert all(function.left[record] == 0 for record in handled)
    # What can be handled within the retries is, when poison is isolated; nothing that always fails ever is.
    if bisect and not old:
        assert handled >= {record for record in range(count) if failures[record] == 0}
    assert not handled & {record for record in range(count) if failures[record] == FOREVER}
    attempts = Counter(function.seen)
    assert all(attempts[record] >= 1 for record in handled)


@given(failures=st.lists(st.integers(0, 6), min_size=1, max_size=30), reports=st.booleans(), bisect=st.booleans())
def test_with_endless_retries_everything_is_handled(failures: list[int], reports: bool, bisect: bool) -> None:
    steps = run(Function(failures, reports), len(failures), Policy(-1, bisect))
    assert [record for step in steps for record in step.records] == list(range(len(failures)))
    assert not any(step.condition for step in steps)


@given(st.lists(st.integers(0, 9)), st.lists(st.text("0123456789", min_size=1, max_size=1), unique=True))
def test_the_lowest_reported_record_is_the_first_failure(at: list[int], numbers: list[str]) -> None:
    reported = [numbers[index] for index in at if index < len(numbers)]
    body = {"batchItemFailures": [{"itemIdentifier": number} for number in reported]}
    expected = min((numbers.index(number) for number in reported), default=None)
    assert first_failure(body, numbers) == expected
