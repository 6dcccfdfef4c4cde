"""SIPp scenarios as text, pure. Every value that goes in is checked first: digits, ``+``, file paths and plain numbers.

SIPp (3.6) reads no DOCTYPE, picks the audio port of ``rtp_stream`` by ``[rtpstream_audio_port]``, and sends digits only
where the SDP offers telephone-event as 96.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.sax.saxutils import quoteattr

_NUMBER = re.compile(r"^\+?[0-9*#]{2,20}$")

_SDP = """v=0
o=robot 1 1 IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[media_ip_type] [media_ip]
t=0 0
m=audio {port} RTP/AVP 0 96
a=rtpmap:0 PCMU/8000
a=rtpmap:96 telephone-event/8000
a=fmtp:96 0-15
a=sendrecv"""

_ANSWER = """SIP/2.0 {line}
[last_Via:]
[last_From:]
[last_To:];tag=[pid]r[call_number]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:[local_ip]:[local_port];transport=[transport]>
{body}"""

_TO_BYE = """SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0
"""

_BYE = """BYE [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
[routes]
{ends}
[last_Call-ID:]
CSeq: [cseq] BYE
Max-Forwards: 70
Content-Length: 0
"""


def _send(text: str, extra: str = "") -> str:
    return f"<send{extra}><![CDATA[\n{text}\n]]></send>"


def _answer(line: str, sdp_port: str = "", extra: str = "") -> str:
    if sdp_port:
        body = "Content-Type: application/sdp\nContent-Length: [len]\n\n" + _SDP.format(port=sdp_port)
    else:
        body = "Content-Length: 0\n"
    return _send(_ANSWER.format(line=line, body=body), extra)


def _scenario(name: str, *steps: str) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<scenario name="{name}">\n' + "\n".join(steps) + "\n</scenario>\n"


def _play(audio: str) -> str:
    return f"<nop><action><exec rtp_stream={quoteattr(audio + ',-1,0')}/></action></nop>" if audio else ""


def caller(
    *,
    number: str,
    to: str,
    seconds: float,
    patience: float,
    presses: Sequence[tuple[float, str]] = (),
    audio: str = "",
    message: str = "",
    message_after: float = 0.0,
) -> str:
    """A caller: rings ``to``, waits ``patience`` seconds to be answered, then speaks (or presses keys) and stays
    ``seconds`` after that before hanging up. ``audio`` is a raw µ-law file; ``presses`` are keys, each with the seconds
    before it. Who presses keys echoes what he hears, unless ``message`` (a pcap file) is what he says
    ``message_after`` seconds after them.
    """
    for value in (number, to):
        if not _NUMBER.match(value):
            raise ValueError(f"not a telephone number: {value!r}")
    for before, key in presses:
        if not re.fullmatch(r"[0-9*#]{1,8}", key) or not 0 <= before <= 600:
            raise ValueError(f"not keys: {key!r}")
    keys = bool(presses)
    port = "[media_port]" if keys else "[rtpstream_audio_port]"
    head = "sip:" + to + "@[remote_ip]:[remote_port]"
    ends = f"From: <sip:{number}@[local_ip]>;tag=[pid]c[call_number]"
    via = "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]"
    common = f"{ends}\nTo: <{head}>{{tag}}\nCall-ID: [call_id]"
    invite = (
        f"INVITE {head} SIP/2.0\n{via}\n{common.format(tag='')}\nCSeq: 1 INVITE\n"
        f"Contact: <sip:{number}@[local_ip]:[local_port]>\nMax-Forwards: 70\n"
        f"Content-Type: application/sdp\nContent-Length: [len]\n\n{_SDP.format(port=port)}"
    )
    acknowledge = (
        f"ACK [next_url] SIP/2.0\n{via}\n[routes]\n{common.format(tag='[peer_tag_param]')}\nCSeq: 1 ACK\n"
        "Max-Forwards: 70\nContent-Length: 0\n"
    )
    cancel = f"CANCEL {head} SIP/2.0\n[last_Via:]\n{common.format(tag='')}\nCSeq: 1 CANCEL\nContent-Length: 0\n"
    refuse = (
        f"ACK {head} SIP/2.0\n[last_Via:]\n{common.format(tag='[peer_tag_param]')}\nCSeq: 1 ACK\nContent-Length: 0\n"
    )
    bye = _BYE.format(ends=f"{ends}\nTo: <{head}>[peer_tag_param]")
    play = f"<nop><action><exec play_pcap_audio={quoteattr(message)}/></action></nop>"
    said = f'<pause milliseconds="{int(message_after * 1000)}"/>{play}' if message else ""
    give_up = f' timeout="{int(patience * 1000)}" ontimeout="cancel"'
    return _scenario(
        "caller",
        _send(invite, ' retrans="500"'),
        # The time-out of the step that SIPp stands at counts, and it stands at the first optional one.
        *(f'<recv response="{code}" optional="true"{give_up}/>' for code in (100, 180, 183)),
        *(
            f'<recv response="{code}" optional="true" next="refused"/>'
            for code in (403, 404, 480, 486, 488, 500, 503, 603)
        ),
        f'<recv response="200" rrs="true"{give_up}/>',
        _send(acknowledge),
        "" if keys else _play(audio),
        # A hang-up of the other side between two keys ends it all: SIPp answers a BYE that is not awaited by itself.
        *(
            f'<pause milliseconds="{int(before * 1000)}"/><nop><action><exec play_dtmf="{key}"/></action></nop>'
            for before, key in presses
        ),
        said,
        f'<recv request="BYE" timeout="{int(seconds * 1000)}" ontimeout="leave"/>',
        _send(_TO_BYE, ' next="end"'),
        '<label id="leave"/>',
        _send(bye, ' retrans="500"'),
        '<recv response="200" timeout="4000" ontimeout="end" next="end"/>',
        '<label id="cancel"/>',
        _send(cancel, ' retrans="500"'),
        '<recv response="200" optional="true"/>',
        '<recv response="487" timeout="4000" ontimeout="end"/>',
        _send(refuse, ' next="end"'),
        '<label id="refused"/>',
        _send(refuse),
        '<label id="end"/>',
    )


def agent(
    *, audio: str, ring_seconds: float = 3.0, longest: float = 240.0, brief: float = 16.0, hasty: float = 0.0
) -> str:
    """An agent's telephone: rings, answers after ``ring_seconds``, speaks, stays until the other side hangs up.

    Of all talks the share ``hasty`` is ended by the agent himself after ``brief`` seconds.
    """
    return _scenario(
        "agent",
        '<recv request="INVITE" rrs="true"/>',
        _answer("180 Ringing"),
        f'<recv request="CANCEL" timeout="{int(ring_seconds * 1000)}" ontimeout="answer"/>',
        *_cancelled(),
        '<label id="answer"/>',
        *_talk(audio, longest, brief, hasty),
    )


def carrier(*, audio: str, longest: float = 60.0) -> str:
    """The outside world: a number that ends in 0 is busy, in 9 never answers, others answer, speak and hang up."""
    return _scenario(
        "carrier",
        '<recv request="INVITE" rrs="true"><action>'
        '<ereg regexp="^INVITE sip:[+]?[0-9]*0@" search_in="msg" assign_to="busy"/>'
        '<ereg regexp="^INVITE sip:[+]?[0-9]*9@" search_in="msg" assign_to="silent"/>'
        "</action></recv>",
        _answer("100 Trying"),
        '<nop next="busy" test="busy"/>',
        _answer("180 Ringing"),
        '<nop next="silent" test="silent"/>',
        '<recv request="CANCEL" timeout="2500" ontimeout="answer"/>',
        *_cancelled(),
        '<label id="answer"/>',
        *_talk(audio, longest),
        '<label id="busy"/>',
        _answer("486 Busy Here"),
        '<recv request="ACK" timeout="4000" ontimeout="end" next="end"/>',
        '<label id="silent"/>',
        '<recv request="CANCEL" timeout="90000" ontimeout="end"/>',
        *_cancelled(),
    )


def crowd(*, audio: str, answering: int, rings: Sequence[float], talks: Sequence[float]) -> str:
    """Many people outside: of a hundred ``answering`` (tens) answer, by the last two digits of their number; the others
    ring until the caller gives up. ``rings`` and ``talks`` are seconds, each as likely as the others.
    """
    if answering % 10 or not 10 <= answering <= 90:
        raise ValueError("how many of a hundred answer goes by tens")
    tens = f"[0-{answering // 10 - 1}]"
    waits = [
        (f'<label id="ring{n}"/>', _until("CANCEL", one, ontimeout="answer", then="cancelled"))
        for n, one in enumerate(rings)
    ]
    stays = [
        (f'<label id="talk{n}"/>', _until("BYE", one, ontimeout="leave", then="left")) for n, one in enumerate(talks)
    ]
    return _scenario(
        "crowd",
        '<recv request="INVITE" rrs="true"><action>'
        f'<ereg regexp="^INVITE sip:[+]?[0-9]*{tens}[0-9]@" search_in="msg" assign_to="answers"/></action></recv>',
        _answer("180 Ringing"),
        '<nop next="answers" test="answers"/>',
        _until("CANCEL", 90, ontimeout="end", then="cancelled"),
        '<label id="answers"/>',
        *_one_of("ring", len(rings)),
        *(line for lines in waits for line in lines),
        '<label id="cancelled"/>',
        *_cancelled(),
        '<label id="answer"/>',
        *_picked_up(audio),
        *_one_of("talk", len(talks)),
        *(line for lines in stays for line in lines),
        '<label id="left"/>',
        _send(_TO_BYE, ' next="end"'),
        *_leave("From: [$mine]\nTo: [$theirs]"),
    )


def _one_of(label: str, count: int) -> tuple[str, ...]:
    """Jumps to ``<label>0`` … with the same chance; the last one is what follows in any case."""
    return tuple(f'<nop next="{label}{n}" chance="{1 / (count - n):.3f}"/>' for n in range(count))


def _until(request: str, seconds: float, *, ontimeout: str, then: str) -> str:
    return f'<recv request="{request}" timeout="{int(seconds * 1000)}" ontimeout="{ontimeout}" next="{then}"/>'


def _cancelled() -> tuple[str, ...]:
    to_cancel = _TO_BYE.replace("[last_To:]\n", "[last_To:];tag=[pid]r[call_number]\n")
    ended = to_cancel.replace("200 OK", "487 Request Terminated").replace(
        "[last_CSeq:]", "CSeq: [last_cseq_number] INVITE"
    )
    return (
        _send(to_cancel),
        _send(ended),
        '<recv request="ACK" timeout="4000" ontimeout="end" next="end"/>',
    )


def _talk(audio: str, longest: float, brief: float = 0.0, hasty: float = 0.0) -> tuple[str, ...]:
    return (
        *_picked_up(audio),
        f'<nop next="brief" chance="{hasty:.2f}"/>' if hasty else "",
        f'<recv request="BYE" timeout="{int(longest * 1000)}" ontimeout="leave"/>',
        _send(_TO_BYE, ' next="end"'),
        *(
            (
                '<label id="brief"/>',
                f'<recv request="BYE" timeout="{int(brief * 1000)}" ontimeout="leave"/>',
                _send(_TO_BYE, ' next="end"'),
            )
            if hasty
            else ()
        ),
        *_leave("From: [$mine]\nTo: [$theirs]"),
    )


def _picked_up(audio: str) -> tuple[str, ...]:
    return (
        _answer("200 OK", "[rtpstream_audio_port]", ' retrans="500"'),
        '<recv request="ACK"><action>'
        '<ereg regexp=".*" search_in="hdr" header="From:" assign_to="theirs"/>'
        '<ereg regexp=".*" search_in="hdr" header="To:" assign_to="mine"/></action></recv>',
        _play(audio),
    )


def _leave(ends: str) -> tuple[str, ...]:
    return (
        '<label id="leave"/>',
        _send(_BYE.format(ends=ends), ' retrans="500"'),
        '<recv response="200" timeout="4000" ontimeout="end" next="end"/>',
        '<label id="end"/>',
    )
