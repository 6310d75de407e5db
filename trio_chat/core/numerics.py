"""The numeric replies, as a table (Modern IRC, "Numerics").

A row has the number, the text that IRC clients are sent, and the sentence that people on the plain
side read instead: `{0}`, `{1}`, … are the reply's parameters. A row without a sentence shows them
the text; an empty sentence shows them nothing.
"""

from __future__ import annotations

import msgspec


class Numeric(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the table."""

    code: str
    text: str
    plain: str | None
    bare: bool
    """Whether the last parameter is a word for programs, and no text."""


def _row(code: int, text: str, plain: str | None = None, *, bare: bool = False) -> Numeric:
    return Numeric(code=f"{code:03}", text=text, plain=plain, bare=bare)


# Registration
RPL_WELCOME = _row(1, "", "")
RPL_YOURHOST = _row(2, "", "")
RPL_CREATED = _row(3, "", "")
RPL_MYINFO = _row(4, "", "", bare=True)
RPL_ISUPPORT = _row(5, "are supported by this server", "")

# Users
RPL_UMODEIS = _row(221, "", "Your modes are {0}.", bare=True)
RPL_LUSERCLIENT = _row(251, "")
RPL_LUSEROP = _row(252, "operator(s) online", "")
RPL_LUSERUNKNOWN = _row(253, "unknown connection(s)", "")
RPL_LUSERCHANNELS = _row(254, "channels formed", "")
RPL_LUSERME = _row(255, "", "")
RPL_LOCALUSERS = _row(265, "", "")
RPL_GLOBALUSERS = _row(266, "", "")
RPL_AWAY = _row(301, "", "{0} is away: {1}")
RPL_USERHOST = _row(302, "")
RPL_ISON = _row(303, "", "Here: {0}")
RPL_UNAWAY = _row(305, "You are no longer marked as being away", "You are back.")
RPL_NOWAWAY = _row(306, "You have been marked as being away", "You are away.")
RPL_WHOISUSER = _row(311, "", "{0} is {1}@{2} ({4})")
RPL_WHOISSERVER = _row(312, "", "")
RPL_WHOISOPERATOR = _row(313, "is an operator of this server", "{0} is an operator of this server.")
RPL_WHOISSERVICE = _row(313, "is a network service", "{0} is a service of this server.")
RPL_WHOWASUSER = _row(314, "", "{0} was {1}@{2} ({4})")
RPL_ENDOFWHO = _row(315, "End of WHO list", "")
RPL_WHOISIDLE = _row(317, "seconds idle, signon time", "{0} has been quiet for {1} seconds.")
RPL_ENDOFWHOIS = _row(318, "End of WHOIS list", "")
RPL_WHOISCHANNELS = _row(319, "", "{0} is in {1}")
RPL_WHOISSECURE = _row(671, "is using a secure connection", "{0} uses a secure connection.")
RPL_WHOISACCOUNT = _row(330, "is logged in as", "{0} is logged in as {1}.")
RPL_WHOISBOT = _row(335, "is a bot", "{0} is a bot.")
RPL_WHOISACTUALLY = _row(338, "is actually using host", "{0} comes from {1}.")
RPL_WHOISMODES = _row(379, "", "")
RPL_WHOISCERTFP = _row(276, "", "")
RPL_VISIBLEHOST = _row(396, "is now your visible host", "Your host is shown as {0} now.")
RPL_LOGGEDIN = _row(900, "", "{2}")
RPL_LOGGEDOUT = _row(901, "", "{1}")
RPL_WHOSPCRPL = _row(354, "", "")
RPL_MONONLINE = _row(730, "", "")
RPL_MONOFFLINE = _row(731, "", "")
RPL_MONLIST = _row(732, "", "")
RPL_ENDOFMONLIST = _row(733, "End of MONITOR list", "")
RPL_WHOISKEYVALUE = _row(760, "", "The {1} of {0}: {3}")
RPL_KEYVALUE = _row(761, "", "")
RPL_KEYNOTSET = _row(766, "key not set", "")
RPL_METADATASUBOK = _row(770, "", "", bare=True)
RPL_METADATAUNSUBOK = _row(771, "", "", bare=True)
RPL_METADATASUBS = _row(772, "", "", bare=True)
RPL_METADATASYNCLATER = _row(774, "", "", bare=True)
RPL_WHOREPLY = _row(352, "", "{4} ({1}@{2}) {5}")

# Channels
RPL_LISTSTART = _row(321, "Users  Name", "")
RPL_LIST = _row(322, "", "{0} ({1}) {2}")
RPL_LISTEND = _row(323, "End of LIST", "")
RPL_CHANNELMODEIS = _row(324, "", "The modes of {0} are {1}.", bare=True)
RPL_CREATIONTIME = _row(329, "", "", bare=True)
RPL_NOTOPIC = _row(331, "No topic is set", "{0} has no topic.")
RPL_TOPIC = _row(332, "", "The topic of {0} is: {1}")
RPL_TOPICWHOTIME = _row(333, "", "", bare=True)
RPL_INVITELIST = _row(336, "", "You are invited to {0}.", bare=True)
RPL_ENDOFINVITELIST = _row(337, "End of INVITE list", "")
RPL_INVITING = _row(341, "", "{0} has been invited to {1}.", bare=True)
RPL_INVEXLIST = _row(346, "", "{1} needs no invitation to {0}.", bare=True)
RPL_ENDOFINVEXLIST = _row(347, "End of channel invite exception list", "")
RPL_EXCEPTLIST = _row(348, "", "No ban applies to {1} in {0}.", bare=True)
RPL_ENDOFEXCEPTLIST = _row(349, "End of channel exception list", "")
RPL_NAMREPLY = _row(353, "", "In {1}: {2}")
RPL_ENDOFNAMES = _row(366, "End of NAMES list", "")
RPL_ENDOFWHOWAS = _row(369, "End of WHOWAS", "")
RPL_BANLIST = _row(367, "", "{1} is banned from {0}.", bare=True)
RPL_ENDOFBANLIST = _row(368, "End of channel ban list", "")

# The server
RPL_VERSION = _row(351, "")
RPL_STATSKLINE = _row(216, "", "")
RPL_STATSDLINE = _row(225, "", "")
RPL_ADMINME = _row(256, "Administrative info", "")
RPL_ADMINLOC1 = _row(257, "")
RPL_ADMINLOC2 = _row(258, "")
RPL_ADMINEMAIL = _row(259, "")
RPL_REHASHING = _row(382, "Rehashing", "")
RPL_STATSUPTIME = _row(242, "")
RPL_STATSDEBUG = _row(249, "")
RPL_ENDOFSTATS = _row(219, "End of STATS report", "")
RPL_LINKS = _row(364, "", "")
RPL_ENDOFLINKS = _row(365, "End of LINKS list", "")
RPL_INFO = _row(371, "")
RPL_ENDOFINFO = _row(374, "End of INFO list", "")
RPL_TIME = _row(391, "")
RPL_MOTD = _row(372, "", "{0}")
RPL_MOTDSTART = _row(375, "", "")
RPL_ENDOFMOTD = _row(376, "End of MOTD command", "")
RPL_YOUREOPER = _row(381, "You are now an IRC operator", "You are now an operator.")
RPL_HELPSTART = _row(704, "", "{1}")
RPL_HELPTXT = _row(705, "", "{1}")
RPL_ENDOFHELP = _row(706, "", "{1}")

# Errors
ERR_UNKNOWNERROR = _row(400, "", "{1}")
ERR_NOSUCHNICK = _row(401, "No such nick/channel", "There is nobody called {0}.")
ERR_NOSUCHSERVER = _row(402, "No such server", "There is no server called {0}.")
ERR_NOSUCHCHANNEL = _row(403, "No such channel", "There is no room called {0}.")
ERR_CANNOTSENDTOCHAN = _row(404, "", "{1}")
ERR_TOOMANYCHANNELS = _row(405, "You have joined too many channels", "You are in too many rooms.")
ERR_WASNOSUCHNICK = _row(406, "There was no such nickname", "There was nobody called {0}.")
ERR_TOOMANYTARGETS = _row(407, "Too many targets", "That goes to too many at once.")
ERR_NOORIGIN = _row(409, "No origin specified")
ERR_INVALIDCAPCMD = _row(410, "Invalid CAP command")
ERR_NORECIPIENT = _row(411, "", "Say to whom.")
ERR_NOTEXTTOSEND = _row(412, "No text to send", "There is nothing to send.")
ERR_INPUTTOOLONG = _row(417, "Input line was too long", "That line is too long; it was not sent.")
ERR_UNKNOWNCOMMAND = _row(421, "Unknown command", "There is no command called {0}.")
ERR_NOMOTD = _row(422, "MOTD File is missing", "There is no message of the day.")
ERR_NOADMININFO = _row(423, "No administrative info available")
ERR_NONICKNAMEGIVEN = _row(431, "No nickname given", "Say which nickname.")
ERR_ERRONEUSNICKNAME = _row(
    432,
    "Erroneous nickname",
    "{0} can not be a nickname: use letters, digits, - and _, with a letter first.",
)
ERR_NICKNAMEOFSERVICE = _row(
    432, "Nickname is that of a service", "Nobody can be called {0}: that is a service."
)
ERR_TARGETTOOFAST = _row(439, "", "{1}.")
ERR_NICKNAMEINUSE = _row(433, "Nickname is already in use", "Somebody is already called {0}.")
ERR_NICKNAMERESERVED = _row(
    433,
    "Nickname belongs to an account: log in to it first",
    "{0} belongs to somebody who has registered it. If that is you, /login {0} PASSWORD.",
)
ERR_NICKNAMELOOKSRESERVED = _row(
    433,
    "Nickname looks like that of an account: log in to it first",
    "{0} looks like a nickname that somebody has registered. "
    "If that is yours, /login NAME PASSWORD.",
)
ERR_NICKNAMEOFOTHERCLIENT = _row(
    433,
    "Nickname is that of another client of your account",
    "Another client of yours is called {0}.",
)
ERR_UNAVAILRESOURCE = _row(
    437, "Channel is temporarily unavailable", "{0} can not be entered right now; try again."
)
ERR_SUSPENDED = _row(437, "Channel is suspended", "{0} is suspended: nobody can enter it.")
ERR_USERNOTINCHANNEL = _row(441, "They aren't on that channel", "{0} is not in {1}.")
ERR_NOTONCHANNEL = _row(442, "You're not on that channel", "You are not in {0}.")
ERR_USERONCHANNEL = _row(443, "is already on channel", "{0} is already in {1}.")
ERR_NOTREGISTERED = _row(451, "You have not registered")
ERR_NEEDMOREPARAMS = _row(461, "Not enough parameters", "That needs more; /help shows what.")
ERR_ALREADYREGISTERED = _row(462, "You may not reregister")
ERR_PASSWDMISMATCH = _row(
    464, "Password incorrect", "That is not the password. Type it again, or /quit:"
)
ERR_TOOMANYATTEMPTS = _row(464, "", "{0}.")
ERR_YOUREBANNEDCREEP = _row(465, "You are banned from this server")
ERR_LINKCHANNEL = _row(470, "Forwarding to another channel", "{0} takes you to {1}.")
ERR_CHANNELISFULL = _row(471, "Cannot join channel (+l)", "{0} is full.")
ERR_UNKNOWNMODE = _row(472, "is unknown mode char to me", "There is no mode called {0}.")
ERR_INVITEONLYCHAN = _row(473, "Cannot join channel (+i)", "{0} is for invited people only.")
ERR_BANNEDFROMCHAN = _row(474, "Cannot join channel (+b)", "You are banned from {0}.")
ERR_BADCHANNELKEY = _row(475, "Cannot join channel (+k)", "{0} needs a key: /join {0} KEY")
ERR_BADCHANMASK = _row(476, "Bad channel name", "{0} can not be a room: begin with #, no spaces.")
ERR_NEEDREGGEDNICK = _row(477, "That needs an account", "{0} is for people with an account only.")
ERR_BANLISTFULL = _row(478, "Channel list is full", "The list of {0} is full.")
ERR_NOPRIVILEGES = _row(481, "Permission Denied- You're not an IRC operator")
ERR_CANTKILLSERVER = _row(483, "You can not kill a service")
ERR_CHANOPRIVSNEEDED = _row(
    482, "You're not channel operator", "Only operators of {0} can do that."
)
ERR_OWNERNEEDED = _row(482, "You're not channel owner", "Only owners of {0} can do that.")
ERR_UMODEUNKNOWNFLAG = _row(501, "Unknown MODE flag")
ERR_USERSDONTMATCH = _row(502, "Cant change mode for other users")
ERR_HELPNOTFOUND = _row(524, "There is no help on that", "There is no help on {0}.")
ERR_INVALIDKEY = _row(525, "Key is not well-formed", "That can not be a key.")
ERR_MONLISTFULL = _row(734, "Monitor list is full", "")
ERR_NICKLOCKED = _row(902, "")
RPL_SASLSUCCESS = _row(903, "SASL authentication successful")
ERR_SASLFAIL = _row(904, "")
ERR_SASLTOOLONG = _row(905, "SASL message too long")
ERR_SASLABORTED = _row(906, "SASL authentication aborted")
RPL_SASLMECHS = _row(908, "are available SASL mechanisms")
ERR_INVALIDMODEPARAM = _row(696, "")
