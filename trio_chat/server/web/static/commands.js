// What somebody types: text is said, lines with a slash are commands. And how words are completed.
// The commands are a table, from which /help is made. Each is called with the chat, the text behind
// its name, and the conversation where it was typed.

import { fold, parse } from "./irc.js";
import { plain } from "./formatting.js";

const NEEDED = true;
const OFFERED = 8;
const words = (text) => text.split(" ").filter(Boolean);

function split(text) {
  const [first, rest = ""] = text.split(/ (.*)/s);
  return [first, rest.trim()];
}

/** Take the first word, if it is a room, else the room where we are. */
function whereOf({ model }, argument, here) {
  const [first, rest] = split(argument);
  if (first && model.isRoom(first)) return [first, rest];
  if (!here.isRoom) throw new RangeError("This is no room: name one.");
  return [here.name, argument];
}

const change = (mode, maskOf = (name) => name) => async (chat, argument, here) => {
  const [room, name] = whereOf(chat, argument, here);
  await chat.session.ask("MODE", [room, mode, ...(name ? [maskOf(name)] : [])]);
};
const mask = (name) => (/[!@*:]/.test(name) ? name : `${name}!*@*`);

/** Ask, and tell of each line of the answer what `lineOf(code, words)` makes of it. */
async function tellAnswer({ session, tell }, command, params, lineOf) {
  const replies = await session.ask(command, params, { quiet: true });
  const lines = replies.map(({ command: code, params: [, ...rest] }) => lineOf(code, rest));
  for (const line of lines.filter(Boolean)) tell(plain(line));
}

const ask = (command) => (chat, argument) => chat.session.ask(command, words(argument));
const inWords = (code, rest) => /^\d/.test(code) && rest.join(" ");
const WHOIS = {
  311: ([nick, user, host, , name]) => `${nick} is ${name} (${user}@${host})`,
  301: ([nick, text]) => `${nick} is away: ${text}`,
  319: ([nick, rooms]) => `${nick} is in ${rooms}`,
  330: ([nick, account]) => `${nick} is signed in as ${account}`,
};

async function part(chat, argument, here) {
  const isSomeRoom = here.isRoom || chat.model.isRoom(argument);
  const [room, reason] = isSomeRoom ? whereOf(chat, argument, here) : [here.name, ""];
  const conversation = chat.model.find(room);
  if (conversation && !(conversation.isRoom && conversation.joined)) chat.model.close(conversation);
  else await chat.session.ask("PART", reason ? [room, reason] : [room]);
}
function message(chat, argument) {
  const [name, text] = split(argument);
  const conversation = chat.model.open(name);
  if (text) chat.session.say(conversation, text);
  chat.show(conversation);
}
async function topic(chat, argument, here) {
  const [room, text] = whereOf(chat, argument, here);
  if (text) await chat.session.ask("TOPIC", [room, text]);
  else chat.tell(plain(chat.model.find(room)?.topic ?? "") || "No topic is set.");
}
async function kick(chat, argument, here) {
  const [room, rest] = whereOf(chat, argument, here);
  await chat.session.ask("KICK", [room, ...split(rest).filter(Boolean)]);
}
async function mode(chat, argument, here) {
  const [room, changes] = whereOf(chat, argument, here);
  if (changes) await chat.session.ask("MODE", [room, ...words(changes)]);
  else await tellAnswer(chat, "MODE", [room], inWords);
}

const ignore = (doing) => ({ model, tell }, name) => {
  if (name) model.ignored[doing](fold(name));
  tell(`You ignore ${[...model.ignored].join(", ") || "nobody"}.`);
};

async function register({ session, tell }, argument) {
  const [password, email] = words(argument);
  tell(plain((await session.makeAccount(password, email)).at(-1) ?? ""));
}
async function login({ model, session, tell }, argument) {
  const [password, account = model.nick] = words(argument).reverse();
  await session.logIn(account, password);
  tell(`You are signed in as ${model.account}.`);
}
function help({ tell }) {
  for (const { text, help: about } of OFFERS) tell(text + about);
  tell("//text — say a text that begins with a slash");
}

/** Name → what follows it, what it is for, what it does, whether it needs something behind it. */
export const COMMANDS = {
  join: ["#ROOM [KEY]", "enter a room, or go back to one", (chat, argument) => {
    const [room, key = ""] = words(argument);
    return chat.join(chat.model.isRoom(room) ? room : `#${room}`, key);
  }, NEEDED],
  part: ["[#ROOM] [REASON]", "leave a room, or close a direct conversation", part],
  nick: ["NAME", "take another nickname", (chat, name) => chat.session.rename(name), NEEDED],
  me: ["TEXT", "say what you do: * you wave", ({ session }, text, here) =>
    session.say(here, `\x01ACTION ${text}\x01`), NEEDED],
  msg: ["NAME [TEXT]", "say something to one person, or begin to", message, NEEDED],
  who: ["[#ROOM]", "see who is in a room", (chat, argument, here) =>
    tellAnswer(chat, "NAMES", whereOf(chat, argument, here).slice(0, 1), inWords)],
  rooms: ["", "see which rooms there are", (chat) => chat.listRooms()],
  whois: ["NAME", "see what is known of somebody", (chat, nick) =>
    tellAnswer(chat, "WHOIS", [nick], (code, rest) => WHOIS[code]?.(rest)), NEEDED],
  topic: ["[#ROOM] [TEXT]", "see or set what a room is about", topic],
  search: ["WORDS", "find what was said in your rooms, and to you and by you", (chat, text) =>
    chat.find(text)],
  away: ["[TEXT]", "say that you are away; alone, that you are back", (chat, text) =>
    tellAnswer(chat, "AWAY", text ? [text] : [], inWords)],
  kick: ["[#ROOM] NAME [REASON]", "remove somebody from a room", kick, NEEDED],
  ban: ["[#ROOM] NAME", "keep somebody out of a room", change("+b", mask)],
  unban: ["[#ROOM] NAME", "let somebody into a room again", change("-b", mask), NEEDED],
  op: ["[#ROOM] NAME", "make somebody an operator of a room", change("+o"), NEEDED],
  deop: ["[#ROOM] NAME", "make somebody no operator any more", change("-o"), NEEDED],
  voice: ["[#ROOM] NAME", "let somebody speak in a moderated room", change("+v"), NEEDED],
  devoice: ["[#ROOM] NAME", "take that away again", change("-v"), NEEDED],
  mode: ["[#ROOM] [CHANGES]", "see or change what is set in a room, such as +m", mode],
  invite: ["NAME [#ROOM]", "invite somebody to a room", (chat, argument, here) => {
    const [name, room = here.name] = words(argument);
    return tellAnswer(chat, "INVITE", [name, room], inWords);
  }, NEEDED],
  ignore: ["[NAME]", "read nothing of somebody any more; alone, see of whom", ignore("add")],
  unignore: ["NAME", "read what somebody says again", ignore("delete"), NEEDED],
  register: ["PASSWORD [EMAIL]", "make an account of your nickname", register, NEEDED],
  login: ["[NAME] PASSWORD", "sign in to your account", login, NEEDED],
  logout: ["", "sign out of your account", ({ session }) => session.logOut()],
  ns: ["COMMAND", "tell NickServ something: /ns help", ask("NS"), NEEDED],
  cs: ["COMMAND", "tell ChanServ something: /cs help", ask("CS"), NEEDED],
  quote: ["LINE", "send a line of IRC as it is", ({ session }, line) => {
    const { command, params } = parse(line);
    return session.ask(command, params);
  }, NEEDED],
  quit: ["[REASON]", "leave", ({ session }, reason) => session.quit(reason)],
  help: ["", "see this list", help],
};

/** Do what was typed. Throws, or rejects with, what goes wrong. */
export async function take(chat, text, here, replyTo = "") {
  if (!/^\/(?!\/)/.test(text)) {
    if (!here.key) throw new RangeError("Nobody reads this here: choose a room.");
    chat.session.say(here, text.replace(/^\/\//, "/"), { replyTo });
    return;
  }
  const [name, argument] = split(text.slice(1));
  const word = name.toLowerCase();
  const isKnown = Object.hasOwn(COMMANDS, word);
  if (!isKnown) throw new RangeError(`/${word} is no command: /help lists them.`);
  const [usage, , run, needs] = COMMANDS[word];
  if (needs && !argument) throw new RangeError(`Write /${word} ${usage}`);
  await run(chat, argument, here);
}

const OFFERS = Object.entries(COMMANDS).map(([name, [usage, about]]) => ({
  text: `/${name} `,
  help: `${usage} — ${about}`,
}));

/** What the word before the cursor could be: `{from, options: [{text, help}]}`, or null.
 *
 * Without `asked`, only what is certainly meant as a name: behind a slash, `#` or `@`. */
export function complete(text, cursor, model, here, asked = false) {
  const [word] = /\S*$/.exec(text.slice(0, cursor));
  const from = cursor - word.length;
  const start = fold(word.replace(/^@/, ""));
  const behind = from ? " " : ": ";
  let all = [];
  if (from === 0 && /^\/(?!\/)/.test(word)) all = OFFERS;
  else if (word[0] === "#")
    all = model.rooms.map(({ name, topic: about }) => ({ text: `${name} `, help: plain(about) }));
  else if (word[0] === "@" || (asked && word))
    all = model.namesFor(here, start).map((nick) => ({ text: nick + behind, help: "" }));
  const options = all.filter((option) => fold(option.text).startsWith(start));
  return options.length ? { from, options: options.slice(0, OFFERED) } : null;
}
