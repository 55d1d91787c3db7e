// SPDX-License-Identifier: MIT
#include "agent/tunnel/uapi_text.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fmt/format.h>

namespace tollgate::agent {
namespace {

std::optional<crypto::PublicKey> parse_public_key(std::string_view text) {
    const auto decoded = crypto::decode_hex(text);
    if (!decoded) {
        return std::nullopt;
    }
    crypto::PublicKey key;
    std::copy(decoded->bytes().begin(), decoded->bytes().end(), key.bytes.begin());
    return key;
}

std::string hex(const crypto::PublicKey& key) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    for (const std::byte byte : key.bytes) {
        const auto value = std::to_integer<unsigned>(byte);
        text += {kDigits[value >> 4U], kDigits[value & 0xfU]};
    }
    return text;
}

// One setter per key: 0, or the errno value that answers a bad value.
template <typename T>
struct Key {
    std::string_view name;
    int (*set)(T& change, std::string_view value);
};

template <typename T, std::size_t N>
int set_key(const std::array<Key<T>, N>& keys, T& change, std::string_view line) {
    const std::size_t equals = std::min(line.find('='), line.size());
    const std::string_view name = line.substr(0, equals);
    const auto found =
        std::find_if(keys.begin(), keys.end(), [&](const auto& key) { return key.name == name; });
    const bool is_known = found != keys.end() && equals < line.size();
    return is_known ? found->set(change, line.substr(equals + 1)) : EINVAL;
}

int set_secret(std::optional<crypto::Secret<crypto::kKeySize>>& member, std::string_view value) {
    auto secret = crypto::decode_hex(value);
    if (!secret) {
        return EINVAL;
    }
    member = std::move(secret);
    return 0;
}

template <typename T>
int set_number(std::optional<T>& member, std::string_view value) {
    const auto number = parse_number(value, std::numeric_limits<T>::max());
    if (!number) {
        return EINVAL;
    }
    member = static_cast<T>(*number);
    return 0;
}

int set_flag(bool& member, std::string_view value) {
    member = value == "true";
    return member ? 0 : EINVAL;
}

int set_endpoint(PeerChange& peer, std::string_view value) {
    const auto endpoint = Endpoint::parse(value);
    if (!endpoint) {
        return EINVAL;
    }
    peer.endpoint = endpoint;
    return 0;
}

int add_allowed_ip(PeerChange& peer, std::string_view value) {
    const bool removes = !value.empty() && value.front() == '-';
    const auto prefix = parse_allowed_ip(value.substr(removes ? 1 : 0));
    if (!prefix) {
        return EINVAL;
    }
    peer.allowed_ips.push_back({*prefix, removes});
    return 0;
}

int check_version(PeerChange&, std::string_view value) {
    return value == "1" ? 0 : EPROTONOSUPPORT;
}

constexpr std::array<Key<DeviceChange>, 4> kDeviceKeys{{
    {"private_key",
     [](auto& device, auto value) {
         return set_secret(device.private_key, value);
     }},
    {"listen_port",
     [](auto& device, auto value) {
         return set_number(device.listen_port, value);
     }},
    {"fwmark",
     [](auto& device, auto value) {
         return set_number(device.fwmark, value);
     }},
    {"replace_peers",
     [](auto& device, auto value) {
         return set_flag(device.replace_peers, value);
     }},
}};

constexpr std::array<Key<PeerChange>, 8> kPeerKeys{{
    {"remove",
     [](auto& peer, auto value) {
         return set_flag(peer.remove, value);
     }},
    {"update_only",
     [](auto& peer, auto value) {
         return set_flag(peer.update_only, value);
     }},
    {"preshared_key",
     [](auto& peer, auto value) {
         return set_secret(peer.preshared_key, value);
     }},
    {"endpoint", set_endpoint},
    {"persistent_keepalive_interval",
     [](auto& peer, auto value) {
         return set_number(peer.persistent_keepalive, value);
     }},
    {"replace_allowed_ips",
     [](auto& peer, auto value) {
         return set_flag(peer.replace_allowed_ips, value);
     }},
    {"allowed_ip", add_allowed_ip},
    {"protocol_version", check_version},
}};

constexpr std::string_view kPublicKey = "public_key=";

}  // namespace

std::optional<UapiOperation> UapiReader::read(std::string_view& bytes) {
    while (!bytes.empty()) {
        const char byte = bytes.front();
        bytes.remove_prefix(1);
        if (byte == '\n') {
            if (auto operation = end_line()) {
                return operation;
            }
        } else if (length_ == line_.size()) {
            is_too_long_ = true;
        } else {
            line_[length_++] = byte;
        }
    }
    return std::nullopt;
}

std::optional<UapiOperation> UapiReader::end_line() {
    const std::string_view line{line_.data(), length_};
    std::optional<UapiOperation> operation;
    if (state_ == State::between) {
        operation = begin(line);
    } else if (line.empty()) {
        operation = finish();
    } else if (error_ == 0) {
        error_ = is_too_long_ || state_ == State::get ? EINVAL : apply(line);
    }
    forget_line();
    return operation;
}

std::optional<UapiOperation> UapiReader::begin(std::string_view line) {
    if (line == "get=1") {
        state_ = State::get;
    } else if (line == "set=1") {
        state_ = State::set;
    } else if (!line.empty()) {
        return UapiFault{EINVAL, true};
    }
    return std::nullopt;
}

UapiOperation UapiReader::finish() {
    const State state = std::exchange(state_, State::between);
    const int error = std::exchange(error_, 0);
    DeviceChange change = std::exchange(change_, {});
    allowed_ips_ = 0;
    if (error != 0) {
        return UapiFault{error, false};
    }
    return state == State::get ? UapiOperation{UapiGet{}} : UapiOperation{std::move(change)};
}

int UapiReader::apply(std::string_view line) {
    if (line.starts_with(kPublicKey)) {
        return begin_peer(line.substr(kPublicKey.size()));
    }
    if (change_.peers.empty()) {
        return set_key(kDeviceKeys, change_, line);
    }
    PeerChange& peer = change_.peers.back();
    const std::size_t before = peer.allowed_ips.size();
    const int error = set_key(kPeerKeys, peer, line);
    allowed_ips_ += peer.allowed_ips.size() - before;
    return allowed_ips_ > kUapiAllowedIpsMax ? E2BIG : error;
}

int UapiReader::begin_peer(std::string_view value) {
    const auto key = parse_public_key(value);
    if (!key) {
        return EINVAL;
    }
    if (change_.peers.size() == kUapiPeersMax) {
        return E2BIG;
    }
    change_.peers.emplace_back().public_key = *key;
    return 0;
}

void UapiReader::forget_line() {
    crypto::secret_memory::wipe(reinterpret_cast<std::byte*>(line_.data()), length_);
    length_ = 0;
    is_too_long_ = false;
}

namespace {

void append_secret(SecretText& text, std::string_view key, const crypto::SymmetricKey& secret) {
    text += key;
    append_wiped(text, crypto::encode_hex(secret));
    text += "\n";
}

void append_peer(SecretText& text, const PeerState& peer) {
    using std::chrono::floor;
    using std::chrono::seconds;
    text += fmt::format("public_key={}\n", hex(peer.public_key));
    const crypto::PresharedKey none;
    append_secret(text, "preshared_key=", peer.preshared_key ? *peer.preshared_key : none);
    text += "protocol_version=1\n";
    if (peer.endpoint.is_known()) {
        text += fmt::format("endpoint={}\n", peer.endpoint.to_string());
    }
    const auto whole = floor<seconds>(peer.last_handshake);
    text += fmt::format("last_handshake_time_sec={}\nlast_handshake_time_nsec={}\n",
                        whole.count(),
                        (peer.last_handshake - whole).count());
    text += fmt::format("tx_bytes={}\nrx_bytes={}\npersistent_keepalive_interval={}\n",
                        peer.sent_bytes,
                        peer.received_bytes,
                        peer.persistent_keepalive);
    for (const Prefix& prefix : peer.allowed_ips) {
        text += fmt::format("allowed_ip={}\n", format_allowed_ip(prefix));
    }
}

}  // namespace

SecretText format_uapi_state(const DeviceState& state) {
    SecretText text;
    if (state.private_key) {
        append_secret(text, "private_key=", *state.private_key);
    }
    if (state.listen_port != 0) {
        text += fmt::format("listen_port={}\n", state.listen_port);
    }
    if (state.fwmark != 0) {
        text += fmt::format("fwmark={}\n", state.fwmark);
    }
    for (const PeerState& peer : state.peers) {
        append_peer(text, peer);
    }
    text += format_uapi_error(0);
    return text;
}

std::string format_uapi_error(int error) {
    return fmt::format("errno={}\n\n", -error);
}

}  // namespace tollgate::agent
