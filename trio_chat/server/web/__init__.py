"""HTTP and WebSocket, on the ports where everything else is spoken too.

The libraries that parse are sans-IO (h11, wsproto); bytes come and go over the server's own
transports. From the ground up, each imports only from those before it:

- `messages`: a request, and what it is answered.
- `origins`: which names are ours, and whom a proxy speaks for.
- `files`: what is served as it is.
- `site`: what there is to ask for.
- `policy`: what of the configuration concerns it.
- `websocket`: IRC in frames.
- `private`: what only administrators are shown.
- `exchange`: one connection's requests, up to its end or to where it becomes a WebSocket.
- `metrics`: what the server counts, for Prometheus.
"""
