// The beginning of a connection: capabilities, a nickname, perhaps an account. Pure.
// `take` is given what the server says until it has let us in, or refuses to.

import { Refused, refusalOf } from "./requests.js";

const WANTED = new Set(
  `account-notify account-tag away-notify batch cap-notify chghost echo-message extended-join
  invite-notify labeled-response message-tags multi-prefix sasl server-time setname standard-replies
  draft/account-registration draft/chathistory draft/event-playback
  draft/message-redaction draft/multiline draft/read-marker soju.im/search`.split(/\s+/),
);
/** What is said of a nickname that somebody has. */
export const TAKEN = new Set(["433", "436", "437"]);
/** What is said to who is not let in however often they try: a wrong name or password, a ban. */
export const FINAL = new Set(["432", "464", "465", "904"]);
/** Characters of one piece of a response in SASL. */
const PIECE = 400;
/** The code of the `Refused` that says: a code was mailed, and has to be said. */
export const MAILED = "VERIFICATION_REQUIRED";

/** The lines that log in to an account with PLAIN (RFC 4616), behind the choice of that. */
export function plainResponses(account, password) {
  const bytes = new TextEncoder().encode(`\0${account}\0${password}`);
  const response = btoa(String.fromCharCode(...bytes));
  const pieces = response.match(new RegExp(`.{1,${PIECE}}`, "g"));
  return response.length % PIECE ? pieces : [...pieces, "+"];
}

export class Registration {
  /** Capabilities that the server offers, with their values, and those that are in force. */
  offered = Object.create(null);
  enabled = Object.create(null);
  /** Whether the server has let us in. */
  done = false;
  #entrance;
  #send;

  /** `entrance`: `{nick, account, password, register, email, code, serverPassword}`. With a
   * password we log in, or with `register` make an account. `send(command, params)` sends one. */
  constructor(entrance, send) {
    this.#entrance = entrance;
    this.#send = send;
  }
  begin() {
    const { nick, serverPassword } = this.#entrance;
    this.#send("CAP", ["LS", "302"]);
    if (serverPassword) this.#send("PASS", [serverPassword]);
    this.#send("NICK", [nick]);
    this.#send("USER", ["web", "0", "*", nick]);
  }

  /** Take a line. Returns the `Refused` that it says, or null. */
  take(message) {
    const { command, params } = message;
    const { nick, account, password, register } = this.#entrance;
    const refusal = refusalOf(message);
    // Another client of the account has it, or our lost connection: who is logged in is let in.
    if (TAKEN.has(command) && password && !register)
      this.#send("NICK", [`${nick.slice(0, 20)}_${Math.floor(Math.random() * 1000)}`]);
    else if (refusal) return refusal;
    else if (command === "ERROR") return new Refused(command, params[0]);
    else if (params[0] === MAILED) return new Refused(MAILED, params.at(-1));
    else if (command === "CAP") this.#negotiate(params);
    else if (command === "AUTHENTICATE")
      for (const piece of plainResponses(account || nick, password)) this.#send(command, [piece]);
    else if (command === "903") this.#makeAccount();
    else if (command === "REGISTER" || command === "VERIFY") this.#send("CAP", ["END"]);
    else if (command === "001") this.done = true;
    return null;
  }
  #negotiate([, verb, ...rest]) {
    const words = rest.at(-1).split(" ").filter(Boolean);
    if (verb === "LS") {
      for (const word of words) {
        const [name, value = ""] = word.split(/=(.*)/s);
        this.offered[name] = value;
      }
      if (rest.length > 1) return;
      const asked = Object.keys(this.offered).filter((name) => WANTED.has(name));
      this.#send("CAP", ["REQ", asked.join(" ")]);
    } else if (verb === "ACK") {
      for (const name of words) this.enabled[name] = this.offered[name];
      this.#logIn();
    } else if (verb === "NAK") this.#logIn();
  }
  #logIn() {
    const { password, register, code } = this.#entrance;
    if (!password || register || code || !("sasl" in this.enabled)) this.#makeAccount();
    else this.#send("AUTHENTICATE", ["PLAIN"]);
  }

  /** Make an account, where that is wanted and goes before the end of the beginning. */
  #makeAccount() {
    const { nick, password, email, register, code } = this.#entrance;
    const early = this.offered["draft/account-registration"]?.split(",").includes("before-connect");
    if (code && early) this.#send("VERIFY", [nick, code]);
    else if (register && early) this.#send("REGISTER", ["*", email || "*", password]);
    else this.#send("CAP", ["END"]);
  }
}
