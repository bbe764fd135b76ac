"""Characters, separators, line ends and escapes of HL7 v2, as real senders get them wrong."""

import pytest

from shared.errors import UnusableDocument
from shared.hl7.message import message_key, parse

MSH = "MSH|^~\\&|APP|FAC|PLANTAO|HOSP|20261120080000||ADT^A04|C1|P|2.5"


def message(*segments: str, charset: str = "", end: str = "\r") -> str:
    return end.join([MSH + ("||||||" + charset if charset else ""), *segments]) + end


def codes(raw: bytes) -> list[str]:
    return [note.codigo for note in parse(raw).notes]


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_every_line_end_separates_segments(end: str):
    read = parse(message("PID|1", "PV1|1", end=end).encode())
    assert [segment.name for segment in read.segments] == ["MSH", "PID", "PV1"]
    assert not read.ends_in_mid_air


def test_a_line_break_inside_a_text_ends_no_segment():
    read = parse(b"MSH|^~\\&|A|B|C|D|||ORU^R01|1|P|2.5\rNTE|1||primeira\nsegunda linha\rPID|1\r")
    assert read.segment("NTE").text(3) == "primeira\nsegunda linha"
    assert read.first("PID") is not None


def test_the_byte_order_mark_is_no_part_of_the_message():
    assert parse(b"\xef\xbb\xbf" + message("PID|1").encode()).kind == "ADT^A04"


def test_separators_are_the_senders_own():
    read = parse(b"MSH#*@!%#APP#FAC#P#H#2026##ADT*A01#7#P#2.5\rPID#1##12*x*y@34##S!S!A*B%C\r")
    pid = read.segment("PID")
    assert read.kind == "ADT^A01"
    assert [value.text(1) for value in pid.repetitions(3)] == ["12", "34"]
    assert (pid.text(5), pid.text(5, 2), pid.text(5, 2, 2)) == ("S*A", "B", "C")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("a\\F\\b", "a|b"),
        ("a\\S\\b\\T\\c\\R\\d\\E\\e", "a^b&c~d\\e"),
        ("Jos\\XC3A9\\", "José"),
        ("um\\.br\\dois", "um\ndois"),
        ("\\H\\forte\\N\\", "forte"),
        ("solto \\ fica", "solto \\ fica"),
        ("\\Zlocal\\", "\\Zlocal\\"),
        ("\\XZZ\\", "\\XZZ\\"),
    ],
)
def test_escapes_mean_what_the_standard_says_and_unknown_ones_stay(written: str, meant: str):
    assert parse(message(f"NTE|1||{written}").encode()).segment("NTE").text(3) == meant


@pytest.mark.parametrize(
    ("charset", "codec"),
    [("UNICODE UTF-8", "utf-8"), ("8859/1", "latin-1"), ("8859/15", "iso8859-15"), ("UNICODE UTF-8~ASCII", "utf-8")],
)
def test_the_declared_charset_is_believed(charset: str, codec: str):
    raw = message("PID|1||||Conceição", charset=charset).encode(codec)
    assert parse(raw).segment("PID").text(5) == "Conceição"
    assert codes(raw) == []


@pytest.mark.parametrize("charset", ["", "ASCII"])
@pytest.mark.parametrize("codec", ["utf-8", "latin-1"])
def test_an_undeclared_charset_is_detected_and_reported(charset: str, codec: str):
    raw = message("PID|1||||Conceição", charset=charset).encode(codec)
    assert parse(raw).segment("PID").text(5) == "Conceição"
    assert codes(raw) == ["codificacao_detectada"]


@pytest.mark.parametrize(
    ("raw", "place", "code"),
    [
        (message("PID|1||||João", charset="UNICODE UTF-8").encode("latin-1"), "MSH-18", "codificacao_invalida"),
        (message("PID|1", charset="KLINGON").encode(), "MSH-18", "codificacao_nao_aceita"),
        (message("PID|1").encode("utf-16"), "MSH-18", "codificacao_nao_aceita"),
        (message("PID|1").replace("\r", "").encode(), "MSH", "separador_de_segmentos_ausente"),
        (b"", "MSH-1", "msh_ausente"),
        (b"PID|1\r", "MSH-1", "msh_ausente"),
        (b"MSH", "MSH-1", "msh_ausente"),
        (b"MSHA^~\\&A\r", "MSH-1", "msh_ausente"),
        (b"MSH|||||||\r", "MSH-1", "msh_ausente"),
        (b"MSH|^^\\&|A|B\r", "MSH-1", "msh_ausente"),
        (b"\x89PNG\r\n\x1a\n\0\0", "MSH-1", "msh_ausente"),
        (b"BHS|^~\\&|A\rMSH|^~\\&|A\r", "FHS", "msh_ausente"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(raw: bytes, place: str, code: str):
    with pytest.raises(UnusableDocument) as refused:
        parse(raw)
    assert [(where, what) for where, what, _ in refused.value.items] == [(place, code)]


def test_lines_without_a_segment_are_reported_not_read():
    raw = message("PID|1", "isto não é segmento").encode()
    assert "linha_sem_segmento" in codes(raw)


def test_a_message_of_a_test_system_says_so():
    assert codes(message("PID|1").replace("|P|2.5", "|T|2.5").encode()) == ["mensagem_de_teste"]


def test_explicit_null_and_absence_are_both_empty():
    pid = parse(message('PID|1||""').encode()).segment("PID")
    assert pid.text(3) == "" and pid.text(40) == ""


def test_the_key_is_sender_and_control_id_and_says_neither():
    one, again = message("PID|1").encode(), message("PID|2").encode()
    other = message("PID|1").replace("|C1|", "|C2|").encode()
    keys = [message_key(parse(raw)) for raw in (one, again, other)]
    assert keys[0] == keys[1] != keys[2]
    assert "APP" not in keys[0] and keys[0].isascii() and keys[0].isprintable()


def test_without_a_control_id_the_content_is_the_key():
    bare = [message(pid).replace("|C1|", "||").encode() for pid in ("PID|1", "PID|2", "PID|1")]
    first, second, third = (message_key(parse(raw)) for raw in bare)
    assert first == third != second


def test_the_content_is_the_same_whatever_the_header_says():
    one = parse(message("PID|1").encode())
    assert one.content_hash == parse(message("PID|1", end="\n").replace("080000", "091500").encode()).content_hash
    assert one.content_hash != parse(message("PID|2").encode()).content_hash
