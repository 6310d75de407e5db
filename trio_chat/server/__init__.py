"""The server: sockets in, the core in the middle, sockets out.

The only floor that knows connections. One task reads for all who are idle (`poller`), each client's
own takes over where it has to wait (`connection`), one task owns the chat (`hub`), and what it
decides leaves through each client's `outbox`.
"""
