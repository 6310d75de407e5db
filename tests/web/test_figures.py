"""What the server says in lines, and what the dashboard reads there."""

from __future__ import annotations

import json
import shutil

import pytest
import trio

from tests.server.rig import running
from tests.web.test_model import STATIC
from trio_chat.server.collector import Collector
from trio_chat.server.readings import Readings
from trio_chat.server.report import document, lines

NODE = shutil.which("node")
READ = """
const { read } = await import(process.argv[1]);
let text = "";
for await (const piece of process.stdin) text += piece;
console.log(JSON.stringify(read(JSON.parse(text))));
"""


@pytest.mark.skipif(NODE is None, reason="node is not installed")
async def test_the_dashboard_reads_what_the_server_writes() -> None:
    assert NODE is not None
    async with running() as rig:
        al = await rig.irc("al", 'JOIN #a="b\\', "JOIN #é")
        await al.send('PRIVMSG #a="b\\ :x', "PRIVMSG #é :x")
        await al.barrier()
        late = await rig.connect(host="2001:db8::1")
        await late.send("GET / HTTP/1.1", "")
        await late.rest()
        found = document(Readings(rig.hub, Collector(), limit=lambda: 500))
    assert len(found["busiest"]) == 2
    assert len(found["refusals"]["latest"]) == 1
    done = await trio.run_process(
        [NODE, "--input-type=module", "-e", READ, str(STATIC / "dashboard-figures.js")],
        stdin=json.dumps(lines(found)).encode(),
        capture_stdout=True,
    )
    assert json.loads(done.stdout) == json.loads(json.dumps(found))
