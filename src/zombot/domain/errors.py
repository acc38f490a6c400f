"""Errors of the domain, told apart by what the caller must do."""

from __future__ import annotations


class DomainError(Exception):
    """Base of every error that a rule of the domain raises."""


class InvalidValue(DomainError, ValueError):
    """A value from outside breaks a rule; the message says what, where and what is allowed."""


class IllegalTransition(DomainError):
    """A life-cycle table has no cell for this state and event."""


class BookGap(DomainError):
    """An order book missed an update and is unusable until it gets a snapshot."""


class InvariantViolation(DomainError):
    """Something that must never happen did: trading halts, nothing is guessed."""
