"""Random sagas through the real definition: whatever goes wrong, all of a checkout happens or nothing of it is left."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interpreter import Failure, Interpreter
from memory_ledger import MemoryLedger
from purchase import SCHEMA, answer_check, check_order
from saga import PAY, RESERVE, SHIP, perform
from stacks.blocks import asl

STEPS = {"Stock": RESERVE, "Payment": PAY, "Shipping": SHIP}
BY_COMPENSATION = {step.compensation: step for step in STEPS.values()}
DEFINITION = asl.load(
    "checkout", {name: name for name in ("Checks", "Stock", "Payment", "Shipping", "Table", "Parked")}
)
PRICES = {"book": Decimal(15), "laptop": Decimal(1200)}


@dataclass
class Shop:
    """The services of the lab, of which each call may be throttled, lose its answer, or come late."""

    seed: int
    calm: bool = False
    ledger: MemoryLedger = field(default_factory=lambda: MemoryLedger(stock__book=6, stock__laptop=2))
    claims: dict[str, str] = field(default_factory=dict)
    parked: list[dict[str, Any]] = field(default_factory=list)
    #: What slow steps will do once nobody waits for them any more.
    late: list[tuple[str, Any]] = field(default_factory=list)
    #: Executions that begin while another one is at a call.
    meanwhile: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)
        self._interpreter: Interpreter | None = None

    def open(self, patch: pytest.MonkeyPatch) -> Interpreter:
        self._interpreter = Interpreter(patch, DEFINITION, self.call)
        return self._interpreter

    def call(self, service: str, given: Any) -> Any:
        self._something_else_happens()
        fate = "fine" if self.calm else self._chance.choice(["fine"] * 6 + ["throttled", "lost answer"])
        is_function = service in ("Checks", *STEPS)
        if fate == "throttled":
            raise Failure("Lambda.TooManyRequestsException" if is_function else "DynamoDB.ThrottlingException")
        answer = self._answer(service, given)
        if fate == "lost answer":
            raise Failure("RuntimeError" if is_function else "DynamoDB.InternalServerErrorException")
        return answer

    def finish(self) -> None:
        """What is late comes at last."""
        while self.late:
            service, given = self.late.pop()
            self._step(service, given, lambda: None)

    def _something_else_happens(self) -> None:
        if self.late and self._chance.random() < 0.3:
            service, given = self.late.pop()
            self._step(service, given, lambda: None)
        if self.meanwhile and self._chance.random() < 0.3:
            self.meanwhile.pop()()

    def _answer(self, service: str, given: Any) -> Any:
        if service == "Checks":
            if given["check"] == "order":
                return check_order(given["order"], given["execution"], Decimal(1000))
            return answer_check(given["check"], given["order"], PRICES.get, self._time_is_up)
        if service in STEPS:
            return self._step(service, given, lambda: self._leave(service, given))
        if "waitForTaskToken" in service:
            answer = self._chance.choice(["approve", "refuse", "nobody"])
            if answer == "nobody":
                raise Failure("States.Timeout")
            return {"approved": answer == "approve"}
        if service.endswith(":putItem"):
            key, execution = given["Item"]["pk"]["S"], given["Item"]["execution"]["S"]
            if self.claims.setdefault(key, execution) != execution:
                raise Failure("DynamoDB.ConditionalCheckFailedException")
            return {}
        if service.endswith(":sendMessage"):
            self.parked.append(given["MessageBody"])
        return {}

    def _step(self, service: str, given: Any, sleep: Callable[[], None]) -> Any:
        return perform(STEPS[service], given, self.ledger, sleep)

    def _leave(self, service: str, given: Any) -> None:
        self.late.append((service, given))
        self._time_is_up()

    def _time_is_up(self) -> None:
        raise Failure("States.Timeout")


@st.composite
def orders(draw: st.DrawFn) -> dict[str, Any]:
    """An order: mostly a good one, which may be told to fail somewhere, or come twice."""
    item = draw(st.sampled_from(["book"] * 6 + ["laptop", "laptop", "hat"]))
    quantity = draw(st.sampled_from([1, 1, 1, 2, 2, 3, 21]))
    order = {
        "customer": draw(st.sampled_from(["ana", "bob"])),
        "item": item,
        "quantity": quantity,
        "total": float(PRICES.get(item, Decimal(1)) * quantity) + draw(st.sampled_from([0] * 9 + [1])),
    }
    rules = SCHEMA["properties"]
    if draw(st.sampled_from([False, True, True])):
        order["fail_at"] = draw(st.sampled_from([*rules["fail_at"]["enum"], "pay", "ship", "ship"]))
        order["how"] = draw(st.sampled_from(rules["how"]["enum"]))
    if draw(st.sampled_from([False, False, True])):
        order["stuck_at"] = draw(st.sampled_from(rules["stuck_at"]["enum"]))
    if draw(st.booleans()):
        order["order_id"] = draw(st.sampled_from(["o-1", "o-2"]))
    return order


@settings(max_examples=500)
@given(st.lists(orders(), min_size=1, max_size=4), st.integers(0, 2**32))
def test_all_of_a_checkout_happens_or_nothing_of_it_is_left(content: list[dict[str, Any]], seed: int) -> None:
    shop = Shop(seed)
    before = dict(shop.ledger.balances)
    ended: list[tuple[dict[str, Any], dict[str, Any]]] = []
    with pytest.MonkeyPatch.context() as patch:
        workflow = shop.open(patch)

        def run(order: dict[str, Any]) -> None:
            ended.append((order, workflow.run("saga", order)))

        shop.meanwhile = [lambda order=order: run(order) for order in content[1:]]
        run(content[0])
        while shop.meanwhile:
            shop.meanwhile.pop()()
        shop.finish()
    assert len(ended) == len(content)

    left = [(order, step) for order, end in ended if end["status"] == "SUCCEEDED" for step in STEPS.values()]
    for order, end in ended:
        checkout = order.get("order_id", end["name"])
        mine = end["name"] == shop.claims.get(f"checkout#{checkout}")
        stuck = {parked["compensation"] for parked in shop.parked if parked["correlation_id"] == end["name"]}
        done = [step for of, step, status in shop.ledger.effects if of == checkout and status == "done"]
        undone = [step for of, step, status in shop.ledger.effects if of == checkout and status == "undone"]
        parked = {BY_COMPENSATION[compensation].name for compensation in stuck}
        if end["status"] == "SUCCEEDED":
            assert mine and done == ["reserve", "pay", "ship"] and not undone
            continue
        assert end["status"] == "FAILED" and end["cause"], end
        assert (end["error"] == "stuck") is bool(stuck), end
        if mine:
            # Each effect was undone once, in reverse order; what could not be undone waits for a person.
            assert undone == [step for step in reversed(done) if step not in parked]
            left += [(order, step) for step in STEPS.values() if step.name in parked & set(done)]
        else:
            assert not stuck

    expected = dict(before)
    for order, step in left:
        move = step.move(order)
        expected[move.balance] = expected.get(move.balance, Decimal(0)) + move.by
    assert {name: amount for name, amount in shop.ledger.balances.items() if amount} == {
        name: amount for name, amount in expected.items() if amount
    }


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Shop, Interpreter]]:
    """A shop in which nothing goes wrong by itself."""
    shop = Shop(0, calm=True)
    yield shop, shop.open(monkeypatch)


ORDER = {"customer": "ana", "item": "book", "quantity": 2, "total": 30}


@pytest.mark.parametrize("fail_at", SCHEMA["properties"]["fail_at"]["enum"])
@pytest.mark.parametrize("how", SCHEMA["properties"]["how"]["enum"])
def test_every_failing_step_in_every_way(shop: tuple[Shop, Interpreter], fail_at: str, how: str) -> None:
    services, workflow = shop
    before = dict(services.ledger.balances)
    end = workflow.run("saga", {**ORDER, "fail_at": fail_at, "how": how})
    services.finish()
    assert end["status"] == "FAILED"
    assert (end["error"], fail_at in end["cause"]) == ("declined", True) if how == "declined" else ("failed", True)
    assert {name: amount for name, amount in services.ledger.balances.items() if amount} == before


def test_a_compensation_that_fails_is_tried_long_and_then_parked_and_the_others_go_on(
    shop: tuple[Shop, Interpreter],
) -> None:
    services, workflow = shop
    end = workflow.run("saga", {**ORDER, "fail_at": "ship", "how": "declined", "stuck_at": "refund"})
    (parked,) = services.parked
    assert (end["error"], parked["compensation"], parked["request"]["customer"]) == ("stuck", "refund", "ana")
    assert services.ledger.balances == {"stock#book": 6, "stock#laptop": 2, "paid#ana": 30}
    tried = [event for event in end["events"] if event["type"] == "TaskFailed"]
    assert len(tried) == 9


def test_a_second_execution_of_an_order_does_nothing(shop: tuple[Shop, Interpreter]) -> None:
    services, workflow = shop
    first, second = (workflow.run("saga", {**ORDER, "order_id": "o-1"}) for _ in range(2))
    assert (first["status"], second["status"]) == ("SUCCEEDED", "FAILED")
    assert second["cause"] == "order o-1 is checked out by another execution"
    assert services.ledger.balances["stock#book"] == 4


@pytest.mark.parametrize("content", ["hello", [1], {}, {**ORDER, "total": 0}, {**ORDER, "note": "x" * 300_000}])
def test_the_first_state_refuses_what_no_script_has_checked(shop: tuple[Shop, Interpreter], content: Any) -> None:
    services, workflow = shop
    end = workflow.run("saga", content)
    assert end["cause"].startswith("the order is refused: ") and "\n" not in end["cause"] and len(end["cause"]) < 500
    assert not services.ledger.records and not services.claims
