"""Bytes to messages and back: IRC, plain text, and telling them apart.

This floor is pure: no I/O, no clock, and no knowledge of who is in which room. The client and
the load test use it as well as the server.
"""
