"""A self-signed certificate for 127.0.0.1, made by the standard library alone, for tests of https.

Nothing that is locked makes certificates, and a machine need not have ``openssl``. The arithmetic
is that of the curve P-256 as in the textbooks, in variable time: for a test, never for a secret.
"""

import base64
import hashlib
import secrets
from pathlib import Path

_P = 2**256 - 2**224 + 2**192 + 2**96 - 1
_N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
_Point = tuple[int, int]


def write_certificate(folder: Path) -> tuple[Path, Path]:
    """The files of a fresh certificate and its key, good from 2018 to 2049."""
    key = secrets.randbelow(_N - 1) + 1
    public = b"\x04" + b"".join(part.to_bytes(32, "big") for part in _times(key, _G))
    curve = _sequence(_oid("2a8648ce3d0201"), _oid("2a8648ce3d030107"))
    spki = _sequence(curve, _bits(public))
    private = _sequence(_int(1), _der(0x04, key.to_bytes(32, "big")), _der(0xA0, curve[11:]))
    files = folder / "store.pem", folder / "store.key"
    files[0].write_text(_pem("CERTIFICATE", _certificate(key, spki, public)))
    files[1].write_text(_pem("EC PRIVATE KEY", private))
    return files


def _certificate(key: int, spki: bytes, public: bytes) -> bytes:
    name = _sequence(_der(0x31, _sequence(_oid("550403"), _der(0x0C, b"127.0.0.1"))))
    algorithm = _sequence(_oid("2a8648ce3d040302"))
    validity = _sequence(_der(0x17, b"180101000000Z"), _der(0x17, b"490101000000Z"))
    extensions = _sequence(
        _extension("551d13", _sequence(_der(0x01, b"\xff")), is_critical=True),
        _extension("551d0f", _der(0x03, b"\x02\x84"), is_critical=True),
        _extension("551d0e", _der(0x04, hashlib.sha1(public).digest())),
        _extension("551d11", _sequence(_der(0x87, bytes([127, 0, 0, 1])))),
    )
    content = _sequence(
        _der(0xA0, _int(2)),
        _int(secrets.randbits(64) + 1),
        algorithm,
        name,
        validity,
        name,
        spki,
        _der(0xA3, extensions),
    )
    return _sequence(content, algorithm, _bits(_signature(key, content)))


def _signature(key: int, content: bytes) -> bytes:
    once = secrets.randbelow(_N - 1) + 1
    r = _times(once, _G)[0] % _N
    digest = int.from_bytes(hashlib.sha256(content).digest(), "big")
    return _sequence(_int(r), _int(pow(once, -1, _N) * (digest + r * key) % _N))


def _times(factor: int, point: _Point) -> _Point:
    result = None
    while factor:
        if factor & 1:
            result = point if result is None else _plus(result, point)
        point, factor = _plus(point, point), factor >> 1
    assert result is not None
    return result


def _plus(one: _Point, two: _Point) -> _Point:
    (x1, y1), (x2, y2) = one, two
    slope = (3 * x1 * x1 - 3) * pow(2 * y1, -1, _P) if one == two else 0
    slope = slope or (y2 - y1) * pow(x2 - x1, -1, _P)
    x3 = (slope * slope - x1 - x2) % _P
    return x3, (slope * (x1 - x3) - y1) % _P


def _der(tag: int, content: bytes) -> bytes:
    size = len(content)
    width = (size.bit_length() + 7) // 8
    length = bytes([size]) if size < 128 else bytes([0x80 | width]) + size.to_bytes(width, "big")
    return bytes([tag]) + length + content


def _sequence(*parts: bytes) -> bytes:
    return _der(0x30, b"".join(parts))


def _int(number: int) -> bytes:
    return _der(0x02, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def _oid(encoded: str) -> bytes:
    return _der(0x06, bytes.fromhex(encoded))


def _bits(content: bytes) -> bytes:
    return _der(0x03, b"\x00" + content)


def _extension(oid: str, value: bytes, *, is_critical: bool = False) -> bytes:
    critical = _der(0x01, b"\xff") if is_critical else b""
    return _sequence(_oid(oid), critical, _der(0x04, value))


def _pem(kind: str, content: bytes) -> str:
    text = base64.encodebytes(content).decode()
    return f"-----BEGIN {kind}-----\n{text}-----END {kind}-----\n"
