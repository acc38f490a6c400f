"""Facts as bytes, and what is not a batch."""

from decimal import Decimal

import msgspec
import pytest

from tests.unit.infrastructure.journal.facts import T0, balance, funding
from zombot.domain.events import FundingPaid
from zombot.infrastructure.journal.codec import SCHEMA, CodecError, decode, encode


def test_decimals_keep_every_digit_and_their_exponent() -> None:
    """1.10 comes back as 1.10, and 30 decimals come back as 30 decimals."""
    amount = "0.123456789012345678901234567890"
    [fact] = decode(encode([funding("b", amount, T0)]))
    assert isinstance(fact, FundingPaid)
    assert str(fact.amount) == amount
    [report] = decode(encode([balance(T0)]))
    assert str(report.total) == "10000.10"  # type: ignore[union-attr]


def test_an_unknown_schema_is_named() -> None:
    """A batch of a later schema is refused with both numbers, not guessed at."""
    payload = bytes([SCHEMA + 1]) + encode([balance(T0)])[1:]
    with pytest.raises(CodecError, match=f"schema {SCHEMA + 1}.*reads {SCHEMA}"):
        decode(payload)


def test_an_unknown_kind_of_fact_is_named() -> None:
    """A fact of a kind that this version does not know is refused with its name."""
    payload = bytes([SCHEMA]) + msgspec.msgpack.encode([{"type": "MoonLanded", "received_ns": 1}])
    with pytest.raises(CodecError, match="MoonLanded"):
        decode(payload)


@pytest.mark.parametrize("payload", [b"", bytes([SCHEMA]), bytes([SCHEMA]) + b"\xc1", b"\x00garbage"])
def test_what_is_no_batch_is_refused(payload: bytes) -> None:
    """Empty, cut off and foreign bytes give a CodecError."""
    with pytest.raises(CodecError):
        decode(payload)


def test_a_field_that_was_added_later_is_passed_over() -> None:
    """An older version reads what it knows of a record with a new field."""
    record = msgspec.to_builtins(balance(T0)) | {"colour": "green"}
    assert decode(bytes([SCHEMA]) + msgspec.msgpack.encode([record])) == [balance(T0)]


def test_what_has_no_encoding_is_named() -> None:
    """A value outside the vocabulary of facts is refused with the batch's kinds."""
    with pytest.raises(CodecError, match="BalanceReported, object"):
        encode([balance(T0), object()])  # type: ignore[list-item]


def test_a_number_that_no_record_can_hold_is_refused() -> None:
    """A time beyond 64 bits is a CodecError, too."""
    with pytest.raises(CodecError):
        encode([msgspec.structs.replace(balance(T0), venue_ns=2**70, total=Decimal(1))])
