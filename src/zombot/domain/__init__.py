"""Values and rules of trading: no input or output, no clock, no chance."""
