// The WebSocket, and the next one when it is lost (`text.ircv3.net`: a line a frame).
// A connection that is silent is asked (PING), and given up if it does not answer. Another one is
// tried within a second, and then each time after twice as long, up to half a minute, less a random
// part, so that not all come at once to a server that is back.

import { format, parse } from "./irc.js";

const FIRST = 1000;
const LONGEST = 30000;
/** Milliseconds that a connection lasts before its loss begins a new count of attempts. */
const STEADY = 60000;
/** Milliseconds of silence before we ask, that we wait for the answer, and between two looks. */
const SILENCE = 30000;
const PATIENCE = 20000;
const LOOK = 5000;

/** Milliseconds before an attempt, which are counted from 1; `random` is between 0 and 1. */
export const delayBefore = (attempt, random) =>
  Math.min(FIRST * 2 ** Math.min(attempt - 1, 16), LONGEST) * (0.5 + random / 2);

export class Connection {
  #url;
  #socket = null;
  #attempt = 0;
  #opened = Infinity;
  #heard = 0;
  /** When we asked; 0: we wait for no answer. */
  #asked = 0;
  #retry = 0;
  #watch = 0;

  /** `handlers`: `onOpen()`, `onLine(message)`, `onLost()`, `onWaiting(milliseconds)`. */
  constructor(url, handlers) {
    this.#url = url;
    this.handlers = handlers;
  }

  /** Connect now, whatever there was. */
  open() {
    this.close();
    const socket = new WebSocket(this.#url, ["text.ircv3.net"]);
    this.#socket = socket;
    [this.#opened, this.#heard, this.#asked] = [Infinity, Date.now(), 0];
    this.#watch = setInterval(() => this.#look(), LOOK);
    socket.onopen = () => {
      this.#opened = Date.now();
      this.handlers.onOpen();
    };
    socket.onmessage = ({ data }) => {
      [this.#heard, this.#asked] = [Date.now(), 0];
      const message = parse(data);
      if (message) this.handlers.onLine(message);
    };
    socket.onclose = () => this.#lose();
  }

  /** Connect now if we wait for the next attempt: the network is back, or somebody wants it. */
  hurry() { if (this.#retry) this.open(); }

  send(command, params, tags) {
    const line = format(command, params, tags);
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(line);
  }

  /** Let go of the connection, and try another one in a while. */
  retry() {
    if (Date.now() - this.#opened > STEADY) this.#attempt = 0;
    this.close();
    this.#attempt += 1;
    const delay = delayBefore(this.#attempt, Math.random());
    this.#retry = setTimeout(() => this.open(), delay);
    this.handlers.onWaiting(delay);
  }

  /** Let go of the connection, and look for no other. */
  close() {
    clearTimeout(this.#retry);
    clearInterval(this.#watch);
    // What it still says, and its end, are of no interest any more.
    if (this.#socket) this.#socket.onopen = this.#socket.onmessage = this.#socket.onclose = null;
    this.#socket?.close();
    [this.#socket, this.#retry] = [null, 0];
  }
  #look() {
    // By the time of asking: the timers of a page that nobody looks at run late.
    if (this.#asked && Date.now() - this.#asked > PATIENCE) this.#lose();
    if (this.#asked || Date.now() - this.#heard < SILENCE) return;
    this.#asked = Date.now();
    this.send("PING", ["alive"]);
  }
  #lose() {
    this.handlers.onLost();
    this.retry();
  }
}
