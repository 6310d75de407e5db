"""The server: sockets in, the core in the middle, sockets out.

The only floor that knows connections. A task per client stream reads (`connection`), one task owns
the chat (`hub`), and what it decides leaves through each client's `outbox`.
"""
