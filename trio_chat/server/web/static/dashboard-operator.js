// The dashboard as an IRC operator, over the WebSocket: what is not shown to everybody, and what is
// done, goes this way. Knows no page.
//
// A lost connection comes back by itself, and is an operator's again.

import { Connection } from "./connection.js";
import { cut } from "./irc.js";
import { Registration } from "./registration.js";
import { Refused, Requests } from "./requests.js";
import { read } from "./dashboard-figures.js";

/** Bytes of a notice that fit into a line, whoever sends it. */
const TEXT = 300;
/** Numerics behind which a connection has begun. */
const BEGUN = new Set(["376", "422"]);
const NICKNAMES = 1e6;

export class Operator {
  #url;
  #onState;
  #connect;
  #connection = null;
  #registration = null;
  #requests = null;
  #credentials = null;
  #waiting = null;
  /** Whether we are an operator now. */
  isIn = false;

  /** `onState(problem)` is called whenever that changes, with why where it is for good; `connect(url,
   * handlers)` makes a `Connection`. */
  constructor(url, onState, connect = (...given) => new Connection(...given)) {
    this.#url = url;
    this.#connect = connect;
    this.#onState = onState;
  }

  /** What we are called, as an operator; empty: we are none. */
  get name() {
    return this.#credentials?.name ?? "";
  }

  /** Become an operator. `{name, password}`, and what the server may want before that:
   * `{serverPassword, account, accountPassword}`. Rejects with why not. */
  logIn(credentials) {
    this.leave();
    this.#credentials = credentials;
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      const made = this.#connect(this.#url, {
        onOpen: () => this.#begin(),
        onLine: (message) => this.#take(message),
        onLost: () => this.#lose(),
        onWaiting: () => {
          // It looks for the next connection, which nobody may want any more.
          if (this.#connection !== made) made.close();
        },
      });
      this.#connection = made;
      made.open();
    });
  }

  /** Hang up. */
  leave() {
    this.#connection?.close();
    this.#requests?.fail("the connection was closed");
    [this.#connection, this.#credentials, this.#requests] = [null, null, null];
    this.#change(false);
  }

  /** What the server does: the document that `/dashboard.json` is. */
  async stats() {
    const lines = await this.#ask("STATS", ["t"]);
    const found = lines.filter(({ command }) => command === "249");
    return read(found.map(({ params }) => params.at(-1)));
  }

  /** Write to everybody. */
  async notice(text) {
    const pieces = text.split("\n").flatMap((line) => cut(line.trim(), TEXT));
    for (const piece of pieces) {
      const lines = await this.#ask("NOTICE", ["$*", piece]);
      // A NOTICE is never refused: what was sent is echoed.
      if (!lines.some(({ command }) => command === "NOTICE"))
        throw new Refused("481", "This is not an operator's connection any more");
    }
  }

  /** Close somebody's connection. */
  async kill(nickname, reason) {
    await this.#ask("KILL", [nickname, reason]);
  }

  #ask(command, params) {
    if (!this.isIn) return Promise.reject(new Refused("481", "There is no connection just now"));
    return this.#requests.ask(command, params, { quiet: true });
  }

  #begin() {
    const send = (...line) => this.#connection?.send(...line);
    const { account, accountPassword, serverPassword } = this.#credentials;
    const nick = `dash${Math.floor(Math.random() * NICKNAMES)}`;
    const entrance = { nick, account, password: accountPassword, serverPassword };
    this.#registration = new Registration(entrance, send);
    this.#requests = new Requests(send, () => {});
    this.#registration.begin();
  }

  #take(message) {
    if (message.command === "PING") this.#connection.send("PONG", message.params);
    else if (message.command === "ERROR") this.#refused(new Refused("ERROR", message.params.at(-1)));
    else if (!this.#registration.done) {
      const refusal = this.#registration.take(message);
      if (refusal) this.#refused(refusal);
    } else if (BEGUN.has(message.command)) this.#oper();
    else this.#requests.take(message);
  }

  #oper() {
    const { name, password } = this.#credentials;
    this.#requests.ask("OPER", [name, password], { quiet: true }).then(
      () => {
        this.#change(true);
        this.#waiting?.resolve();
        this.#waiting = null;
      },
      (error) => {
        if (error instanceof Refused) this.#refused(error);
      },
    );
  }

  /** We are not let in, or not any more: it is no use to try again by ourselves. */
  #refused(error) {
    // Who is sent off, and had been let in, may come back.
    if (this.isIn) return;
    const { reject } = this.#waiting ?? {};
    this.#waiting = null;
    this.leave();
    reject?.(error);
    this.#onState(error);
  }

  #lose() {
    this.#requests?.fail("the connection was lost");
    this.#change(false);
    // Whoever is waiting for the first time is told, instead of waiting for ever.
    if (this.#waiting) this.#refused(new Error("The server can not be reached"));
  }

  #change(isIn) {
    if (this.isIn === isIn) return;
    this.isIn = isIn;
    this.#onState(null);
  }
}
