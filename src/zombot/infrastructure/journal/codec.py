"""Facts as bytes: one schema byte, then the batch as a msgpack array of tagged maps.

Decimals travel as strings and keep every digit and their exponent; floats travel as the eight bytes they
are. A new field with a default value needs no new schema: old records decode, and unknown fields are passed
over. A changed meaning does: raise ``SCHEMA`` and keep a decoder for each older one in ``_DECODERS``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from zombot.domain.events import Fact
from zombot.ports.journal import JournalError

SCHEMA: Final = 1

_ENCODER: Final = msgspec.msgpack.Encoder(decimal_format="string")
_DECODERS: Final[dict[int, msgspec.msgpack.Decoder[list[Fact]]]] = {1: msgspec.msgpack.Decoder(list[Fact])}


class CodecError(JournalError):
    """A batch cannot be encoded, or these bytes are not a batch that this version knows."""


def encode_into(facts: Sequence[Fact], buffer: bytearray) -> None:
    """Encode a batch into ``buffer``, whose length becomes the batch's: one buffer serves every append.

    Raises:
        CodecError: a value has no encoding; what the buffer holds then is no batch.
    """
    try:
        _ENCODER.encode_into(facts, buffer, 1)
    except (TypeError, ValueError, OverflowError) as error:
        kinds = ", ".join(type(fact).__name__ for fact in facts)
        raise CodecError(f"cannot encode a batch of {kinds}: {error}") from error
    buffer[0] = SCHEMA


def encode(facts: Sequence[Fact]) -> bytes:
    """A batch as bytes."""
    buffer = bytearray(1)
    encode_into(facts, buffer)
    return bytes(buffer)


def decode(payload: bytes) -> list[Fact]:
    """The batch in ``payload``.

    Raises:
        CodecError: written by a version with another schema or kind of fact, or no batch at all.
    """
    schema = payload[0] if payload else 0
    decoder = _DECODERS.get(schema)
    if decoder is None:
        known = ", ".join(map(str, _DECODERS))
        raise CodecError(
            f"a batch has schema {schema}, this version of zombot reads {known}: another version wrote it"
        )
    try:
        return decoder.decode(memoryview(payload)[1:])
    except msgspec.DecodeError as error:
        raise CodecError(f"a batch of schema {schema} does not decode: {error}") from error
