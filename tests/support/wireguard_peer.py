# SPDX-License-Identifier: MIT
"""A small WireGuard peer (paper, 5.4), written apart from the one in C++ so that each can judge the
other: known answers come from it, and tests drive it against a live device.

Keys and messages are bytes. Whatever is random or the time may be given. What is not authentic
raises Refused and changes nothing.

    peer = Peer(private, remote_public)
    transport = peer.connect(socket)        # a connected UDP socket; or peer.accept(socket)
    socket.send(transport.seal(packet))
    packet = transport.open(socket.recv(2048))
"""
import hashlib
import hmac
import ipaddress
import os
import struct
import time

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

PROTOCOL = b"Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s"
PROLOGUE = b"WireGuard v1 zx2c4 Jason@zx2c4.com"
INITIATION, RESPONSE, COOKIE_REPLY, DATA = 1, 2, 3, 4
INITIATION_SIZE, RESPONSE_SIZE, COOKIE_REPLY_SIZE = 148, 92, 64
MAC_SIZE = 16
NO_PRESHARED_KEY = bytes(32)
TAI64_OF_1970 = 2**62 + 10
TIMESTAMP_STEP_NS = 2**24


class Refused(Exception):
    """A message that is malformed, not authentic, or not for us."""


def public_key(private):
    key = X25519PrivateKey.from_private_bytes(private).public_key()
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def shared_secret(private, public):
    try:
        key = X25519PublicKey.from_public_bytes(public)
        return X25519PrivateKey.from_private_bytes(private).exchange(key)
    except ValueError as error:
        raise Refused("a shared secret of zeros") from error


def blake2s(*parts):
    return hashlib.blake2s(b"".join(parts)).digest()


def mac(key, message):
    return hashlib.blake2s(message, key=key, digest_size=MAC_SIZE).digest()


def kdf(count, chaining_key, message):
    """HKDF (RFC 5869) with HMAC-BLAKE2s: `count` outputs of 32 bytes."""
    secret = hmac.new(chaining_key, message, hashlib.blake2s).digest()
    outputs, last = [], b""
    for number in range(1, count + 1):
        last = hmac.new(secret, last + bytes([number]), hashlib.blake2s).digest()
        outputs.append(last)
    return outputs


def seal(key, counter, plain, additional=b""):
    return ChaCha20Poly1305(key).encrypt(struct.pack("<IQ", 0, counter), plain, additional)


def open_sealed(key, counter, sealed, additional=b""):
    try:
        return ChaCha20Poly1305(key).decrypt(struct.pack("<IQ", 0, counter), sealed, additional)
    except InvalidTag as error:
        raise Refused("not authentic") from error


def hchacha20(key, nonce):
    """draft-irtf-cfrg-xchacha-03, 2.2."""
    words = list(struct.unpack("<16I", b"expand 32-byte k" + key + nonce))

    def quarter(a, b, c, d):
        for target, source, mixed, bits in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            words[target] = (words[target] + words[source]) & 0xFFFFFFFF
            turned = words[mixed] ^ words[target]
            words[mixed] = (turned << bits | turned >> (32 - bits)) & 0xFFFFFFFF

    for _ in range(10):
        for column in range(4):
            quarter(column, 4 + column, 8 + column, 12 + column)
        for column in range(4):
            quarter(column, 4 + (column + 1) % 4, 8 + (column + 2) % 4, 12 + (column + 3) % 4)
    return struct.pack("<8I", *words[:4], *words[12:])


def xseal(key, nonce, plain, additional):
    inner = ChaCha20Poly1305(hchacha20(key, nonce[:16]))
    return inner.encrypt(bytes(4) + nonce[16:], plain, additional)


def xopen(key, nonce, sealed, additional):
    try:
        inner = ChaCha20Poly1305(hchacha20(key, nonce[:16]))
        return inner.decrypt(bytes(4) + nonce[16:], sealed, additional)
    except InvalidTag as error:
        raise Refused("not authentic") from error


def tai64n(unix_ns):
    """The timestamp of a moment, rounded down as the kernel does."""
    seconds, nanoseconds = divmod(unix_ns, 10**9)
    return struct.pack(">QI", TAI64_OF_1970 + seconds,
                       nanoseconds // TIMESTAMP_STEP_NS * TIMESTAMP_STEP_NS)


def with_macs(receiver_public, body, cookie=None):
    """A handshake message: `body`, mac1, and mac2 if there is a cookie."""
    message = body + mac(blake2s(b"mac1----", receiver_public), body)
    return message + (mac(cookie, message) if cookie else bytes(MAC_SIZE))


def mac1_of(message):
    return message[-2 * MAC_SIZE:-MAC_SIZE]


def check_mac1(our_public, message):
    expected = mac(blake2s(b"mac1----", our_public), message[:-2 * MAC_SIZE])
    if not hmac.compare_digest(expected, mac1_of(message)):
        raise Refused("mac1")


def cookie_of(secret, address, port):
    """The cookie for messages from this address and port."""
    return mac(secret, ipaddress.ip_address(address).packed + struct.pack(">H", port))


def with_stealth(message, site, unix_ns):
    """The message with Tollgate's stealth MAC (crypto/stealth.hpp) as mac2, in the slot of a moment."""
    slot = struct.pack("<q", unix_ns // (120 * 10**9))
    slot_key = hashlib.blake2s(b"stealth-" + slot, key=site).digest()
    return message[:-MAC_SIZE] + mac(slot_key, mac1_of(message))


def has_mac2(message, cookie):
    return hmac.compare_digest(mac(cookie, message[:-MAC_SIZE]), message[-MAC_SIZE:])


def cookie_reply(our_public, message, cookie, nonce=None):
    """The answer to a handshake message that came to us: its sender's cookie, sealed."""
    nonce = nonce or os.urandom(24)
    sealed = xseal(blake2s(b"cookie--", our_public), nonce, cookie, mac1_of(message))
    return struct.pack("<I", COOKIE_REPLY) + message[4:8] + nonce + sealed


def read_cookie_reply(their_public, reply, message):
    """The cookie in the reply to our `message`."""
    if len(reply) != COOKIE_REPLY_SIZE or reply[:4] != struct.pack("<I", COOKIE_REPLY):
        raise Refused("no cookie reply")
    if reply[4:8] != message[4:8]:
        raise Refused("receiver index")
    return xopen(blake2s(b"cookie--", their_public), reply[8:32], reply[32:], mac1_of(message))


class Symmetric:
    """Chaining key and hash of one side of a handshake."""

    def __init__(self, responder_public):
        self.chaining_key = blake2s(PROTOCOL)
        self.hash = blake2s(self.chaining_key, PROLOGUE)
        self.mix_hash(responder_public)

    def copy(self):
        other = object.__new__(Symmetric)
        other.chaining_key, other.hash = self.chaining_key, self.hash
        return other

    def mix_hash(self, part):
        self.hash = blake2s(self.hash, part)

    def mix_ephemeral(self, public):
        self.mix_hash(public)
        (self.chaining_key,) = kdf(1, self.chaining_key, public)

    def mix_key(self, secret):
        self.chaining_key, key = kdf(2, self.chaining_key, secret)
        return key

    def mix_preshared(self, preshared):
        self.chaining_key, mixed, key = kdf(3, self.chaining_key, preshared)
        self.mix_hash(mixed)
        return key

    def seal(self, key, plain):
        sealed = seal(key, 0, plain, self.hash)
        self.mix_hash(sealed)
        return sealed

    def open(self, key, sealed):
        plain = open_sealed(key, 0, sealed, self.hash)
        self.mix_hash(sealed)
        return plain


class Transport:
    """The keys of a finished handshake."""

    def __init__(self, sending, receiving, local_index, remote_index):
        self.sending, self.receiving = sending, receiving
        self.local_index, self.remote_index = local_index, remote_index
        self.counter = 0

    def seal(self, packet, counter=None):
        """A transport message; b"" makes a keepalive. Without `counter`, the next one."""
        if counter is None:
            counter, self.counter = self.counter, self.counter + 1
        padded = packet + bytes(-len(packet) % 16)
        header = struct.pack("<IIQ", DATA, self.remote_index, counter)
        return header + seal(self.sending, counter, padded)

    def open(self, message):
        """What was sealed, with its padding. The caller looks for replays."""
        if len(message) < 32:
            raise Refused("length")
        kind, index, counter = struct.unpack_from("<IIQ", message)
        if kind != DATA or index != self.local_index:
            raise Refused("type or receiver index")
        return open_sealed(self.receiving, counter, message[16:])


class Peer:
    """One side of a pair. `cookie`, if set, makes mac2 of what is sent."""

    def __init__(self, private, remote_public, preshared=NO_PRESHARED_KEY):
        self.private, self.public = private, public_key(private)
        self.remote_public, self.preshared = remote_public, preshared
        self.static_static = shared_secret(private, remote_public)
        self.cookie = None
        self.latest_timestamp = bytes(12)
        self.pending = None

    def initiate(self, ephemeral=None, timestamp=None, index=None):
        """A handshake initiation; finish() ends the last one made."""
        ephemeral = ephemeral or os.urandom(32)
        timestamp = timestamp or tai64n(time.time_ns())
        index = random_index() if index is None else index
        state = Symmetric(self.remote_public)
        public = public_key(ephemeral)
        state.mix_ephemeral(public)
        body = struct.pack("<II", INITIATION, index) + public
        body += state.seal(state.mix_key(shared_secret(ephemeral, self.remote_public)), self.public)
        body += state.seal(state.mix_key(self.static_static), timestamp)
        message = with_macs(self.remote_public, body, self.cookie)
        self.pending = (ephemeral, index, state, message)
        return message

    def finish(self, response):
        """The transport that the response to our initiation leads to."""
        if self.pending is None or len(response) != RESPONSE_SIZE:
            raise Refused("unexpected")
        check_mac1(self.public, response)
        ephemeral, index, state, _ = self.pending
        kind, remote_index, local_index = struct.unpack_from("<III", response)
        if kind != RESPONSE or local_index != index:
            raise Refused("type or receiver index")
        theirs, state = response[12:44], state.copy()
        state.mix_ephemeral(theirs)
        state.mix_key(shared_secret(ephemeral, theirs))
        state.mix_key(shared_secret(self.private, theirs))
        state.open(state.mix_preshared(self.preshared), response[44:60])
        self.pending = None
        sending, receiving = kdf(2, state.chaining_key, b"")
        return Transport(sending, receiving, index, remote_index)

    def respond(self, initiation, ephemeral=None, index=None):
        """@return the response to an initiation, and the transport that it leads to."""
        if len(initiation) != INITIATION_SIZE:
            raise Refused("length")
        check_mac1(self.public, initiation)
        kind, remote_index = struct.unpack_from("<II", initiation)
        if kind != INITIATION:
            raise Refused("type")
        theirs, state = initiation[8:40], Symmetric(self.public)
        state.mix_ephemeral(theirs)
        static = state.open(state.mix_key(shared_secret(self.private, theirs)), initiation[40:88])
        if static != self.remote_public:
            raise Refused("a stranger")
        timestamp = state.open(state.mix_key(self.static_static), initiation[88:116])
        if timestamp <= self.latest_timestamp:
            raise Refused("timestamp")
        self.latest_timestamp = timestamp

        ephemeral = ephemeral or os.urandom(32)
        index = random_index() if index is None else index
        public = public_key(ephemeral)
        state.mix_ephemeral(public)
        state.mix_key(shared_secret(ephemeral, theirs))
        state.mix_key(shared_secret(ephemeral, self.remote_public))
        body = struct.pack("<III", RESPONSE, index, remote_index) + public
        body += state.seal(state.mix_preshared(self.preshared), b"")
        receiving, sending = kdf(2, state.chaining_key, b"")
        return (with_macs(self.remote_public, body, self.cookie),
                Transport(sending, receiving, index, remote_index))

    def take_cookie(self, reply):
        """Takes the cookie of a reply to the last initiation."""
        if self.pending is None:
            raise Refused("unexpected")
        self.cookie = read_cookie_reply(self.remote_public, reply, self.pending[3])

    def connect(self, socket, tries=3):
        """A handshake as the initiator, over a connected UDP socket with a timeout."""
        for _ in range(tries):
            socket.send(self.initiate())
            try:
                answer = socket.recv(2048)
            except TimeoutError:
                continue
            if len(answer) != COOKIE_REPLY_SIZE:
                return self.finish(answer)
            self.take_cookie(answer)
        raise TimeoutError("no handshake response")

    def accept(self, socket):
        """A handshake as the responder. @return the transport and the initiator's address."""
        message, address = socket.recvfrom(2048)
        response, transport = self.respond(message)
        socket.sendto(response, address)
        return transport, address


def random_index():
    return int.from_bytes(os.urandom(4), "little")
