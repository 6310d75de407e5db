"""Being a user of a chat server: a library on trio, and the programs that it makes.

```python
async with connect("127.0.0.1", 55555, nick="parrot") as chat:
    await chat.join("#lobby")
    async for event in chat:
        match event:
            case Message(text=text, reply_to=where):
                await chat.say(where, text)
```

It speaks IRC, so that it works with any IRC server, and uses what IRCv3 capabilities the server
has.

- The library: `connection` (making and leaving a conversation), `chat` (the calls), `events` and
  `errors`; behind them `succession` (its connections), `link` (one of them), `reconnecting` and
  `resuming` (the next one), the two queues `outgoing` and `event_queue`, and, without I/O,
  `registration`, `login`, `requests`, `interpretation`, `support` and `memory`.
- The program `trio-chat client`: `command` (options), `destination`, and then either `pipe` (lines
  in, lines out) or `interactive` (a person at a terminal), which has `slash` (commands),
  `answers` (what it shows of them), `terminal` (the device), `editor` and `keys` (pure); both use
  `formatting` and `advice`.
"""

from trio_chat.client.chat import Chat
from trio_chat.client.connection import connect, connect_over
from trio_chat.client.errors import ChatError, ConnectionLost, NoAnswer, NotSaid, Refused
from trio_chat.client.events import (
    AwayChanged,
    CaughtUp,
    Ctcp,
    Disconnected,
    Event,
    Gap,
    Invited,
    Joined,
    Kicked,
    Message,
    Missed,
    ModeChanged,
    NickChanged,
    Notice,
    Parted,
    Quit,
    Reconnected,
    Reconnecting,
    RejoinFailed,
    ServerReply,
    TopicChanged,
)
from trio_chat.client.requests import Receipt

__all__ = [
    "AwayChanged",
    "CaughtUp",
    "Chat",
    "ChatError",
    "ConnectionLost",
    "Ctcp",
    "Disconnected",
    "Event",
    "Gap",
    "Invited",
    "Joined",
    "Kicked",
    "Message",
    "Missed",
    "ModeChanged",
    "NickChanged",
    "NoAnswer",
    "NotSaid",
    "Notice",
    "Parted",
    "Quit",
    "Receipt",
    "Reconnected",
    "Reconnecting",
    "Refused",
    "RejoinFailed",
    "ServerReply",
    "TopicChanged",
    "connect",
    "connect_over",
]
