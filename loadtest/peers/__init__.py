"""The comparison: the same work for this server and for two that are written in C and C++.

    inspircd.conf · ngircd.conf · ours.toml   the servers' settings, `*-tls.*` what TLS adds to them
    scenarios.py                              the work, and what is required
    report.py                                 the table, as Markdown, and JSON
    plot.py                                   the picture
    __main__.py                               the command line

Imports point up this list only, and to `loadtest.bench`, which has the crowd, the loads and the
servers. Nothing here imports trio or the server that it measures.
"""
