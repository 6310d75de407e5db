"""Decisions: who is who, who is where, and what everybody is sent because of what somebody did.

This floor is pure, synchronous and deterministic. `Core.step(inputs, now, ...)` takes what happened
since the last step and returns what follows from it; it reads no clock, socket, file or random
source, so the same inputs have the same effects, on any machine and in any process. Users are known
by an opaque id and never by their connection.
"""
