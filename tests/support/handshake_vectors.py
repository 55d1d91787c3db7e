#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Known answers of handshakes, computed by wireguard_peer.py, as a C++ header.

    handshake_vectors.py                 prints the header
    handshake_vectors.py --check HEADER  fails unless HEADER is what would be printed
"""
import hashlib
import sys

import wireguard_peer as wg

HEADER = """\
// SPDX-License-Identifier: MIT
// Made by tests/support/handshake_vectors.py; a test compares.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace tollgate::test {

/// One handshake with everything random given. Keys, messages and cookies are hexadecimal.
struct HandshakeVector {
    std::string_view initiator_private;
    std::string_view responder_private;
    std::string_view preshared;
    std::string_view initiator_ephemeral;
    std::string_view responder_ephemeral;
    std::int64_t unix_ns = 0;  ///< the initiator's clock
    std::uint32_t initiator_index = 0;
    std::uint32_t responder_index = 0;
    std::string_view initiation;
    std::string_view response;
    std::string_view initiator_data;  ///< the initiator's first message: a keepalive
    std::string_view responder_data;  ///< the responder's fourth: "tollgate", padded
    std::string_view source_address;
    std::uint16_t source_port = 0;
    std::string_view cookie_secret;
    std::string_view cookie;  ///< of the source
    std::string_view cookie_nonce;
    std::string_view cookie_reply;  ///< to the initiation, with the cookie
    std::string_view initiation_with_cookie;
    std::string_view site;  ///< the secret of a site
    std::string_view initiation_of_site;
};

// clang-format off
"""
FOOTER = """\
// clang-format on

}  // namespace tollgate::test
"""


def secret(name):
    return hashlib.blake2s(b"tollgate " + name.encode()).digest()


def vector(number, preshared, indices, unix_ns, source):
    initiator_key, responder_key = secret(f"initiator {number}"), secret(f"responder {number}")
    ephemerals = secret(f"ephemeral of initiator {number}"), secret(f"ephemeral of responder {number}")
    initiator = wg.Peer(initiator_key, wg.public_key(responder_key), preshared)
    responder = wg.Peer(responder_key, wg.public_key(initiator_key), preshared)
    timestamp = wg.tai64n(unix_ns)

    initiation = initiator.initiate(ephemerals[0], timestamp, indices[0])
    response, answered = responder.respond(initiation, ephemerals[1], indices[1])
    cookie_secret, nonce = secret(f"cookie {number}"), secret(f"nonce {number}")[:24]
    cookie = wg.cookie_of(cookie_secret, *source)
    reply = wg.cookie_reply(responder.public, initiation, cookie, nonce)
    initiator.take_cookie(reply)
    finished = initiator.finish(response)
    from_initiator = finished.seal(b"")
    from_responder = answered.seal(b"tollgate", 3)
    assert answered.open(from_initiator) == b""
    assert finished.open(from_responder) == b"tollgate" + bytes(8)
    with_cookie = initiator.initiate(ephemerals[0], timestamp, indices[0])
    assert wg.has_mac2(with_cookie, cookie) and not wg.has_mac2(initiation, cookie)
    site = secret(f"site {number}")
    return [initiator_key, responder_key, preshared, *ephemerals, unix_ns, *indices,
            initiation, response, from_initiator, from_responder, *source, cookie_secret, cookie,
            nonce, reply, with_cookie, site, wg.with_stealth(initiation, site, unix_ns)]


def literal(value):
    if isinstance(value, int):
        return f"{value}U" if value < 2**32 else str(value)
    return f'"{value.hex() if isinstance(value, bytes) else value}"'


def header():
    vectors = [
        vector(1, secret("preshared"), (0x01020304, 0xA1B2C3D4), 1_700_000_000_123_456_789,
               ("192.0.2.1", 51820)),
        vector(2, wg.NO_PRESHARED_KEY, (0, 0xFFFFFFFF), 1_800_000_000_999_999_999,
               ("2001:db8::1", 1)),
    ]
    lines = [f"inline constexpr std::array<HandshakeVector, {len(vectors)}> kHandshakeVectors{{{{"]
    for fields in vectors:
        lines += ["    {"] + [f"        {literal(field)}," for field in fields] + ["    },"]
    return HEADER + "\n".join(lines + ["}};", ""]) + FOOTER


def main():
    if len(sys.argv) == 1:
        sys.stdout.write(header())
        return
    with open(sys.argv[2], encoding="utf-8") as file:
        if file.read() != header():
            sys.exit(f"{sys.argv[2]} is not what this script prints")


main()
