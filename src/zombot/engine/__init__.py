"""Pure decisions: an event in, effects out."""
