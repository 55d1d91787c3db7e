// SPDX-License-Identifier: MIT
#include "agent/core/flow_seed.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <fstream>
#include <optional>
#include <sstream>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "agent/system/interface.hpp"

namespace tollgate::agent {

namespace {

constexpr std::size_t kIpv4Digits = 8;
constexpr std::size_t kIpv6Digits = 32;

// States of include/net/tcp_states.h.
constexpr unsigned kEstablished = 1;
constexpr unsigned kFinWait1 = 4;
constexpr unsigned kFinWait2 = 5;
constexpr unsigned kCloseWait = 8;
constexpr unsigned kListen = 10;

template <typename Number>
std::optional<Number> from_hex(std::string_view text) {
    Number value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
    const bool whole = error == std::errc{} && end == text.data() + text.size();
    return whole ? std::optional{value} : std::nullopt;
}

// Words of 32 bits that are in network order in memory and printed as numbers of this machine.
std::optional<IpAddress> address_of(std::string_view digits) {
    if (digits.size() != kIpv4Digits && digits.size() != kIpv6Digits) {
        return std::nullopt;
    }
    IpAddress address;
    const bool ipv4 = digits.size() == kIpv4Digits;
    if (ipv4) {
        address.bytes[10] = address.bytes[11] = 0xff;
    }
    for (std::size_t word = 0; word < digits.size() / kIpv4Digits; ++word) {
        const auto value = from_hex<std::uint32_t>(digits.substr(word * kIpv4Digits, kIpv4Digits));
        if (!value) {
            return std::nullopt;
        }
        std::memcpy(address.bytes.data() + (ipv4 ? 12 : 4 * word), &*value, sizeof *value);
    }
    return address;
}

bool read_end(const std::string& text, IpAddress& address, std::uint16_t& port) {
    const std::size_t colon = text.find(':');
    if (colon == std::string::npos) {
        return false;
    }
    const auto parsed = address_of(std::string_view{text}.substr(0, colon));
    const auto number = from_hex<std::uint16_t>(std::string_view{text}.substr(colon + 1));
    if (!parsed || !number) {
        return false;
    }
    address = *parsed;
    port = *number;
    return true;
}

std::string slurp(const char* path) {
    // Not a file of a known size: /proc makes it up while it is read.
    const std::ifstream file{path};
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

}  // namespace

std::vector<TcpSocket> read_tcp_sockets(std::string_view text) {
    std::vector<TcpSocket> sockets;
    std::istringstream lines{std::string{text}};
    for (std::string line; std::getline(lines, line);) {
        std::istringstream fields{line};
        std::string slot;
        std::string local;
        std::string remote;
        std::string state_text;
        TcpSocket socket;
        if (!(fields >> slot >> local >> remote >> state_text) ||
            !read_end(local, socket.local, socket.local_port) ||
            !read_end(remote, socket.remote, socket.remote_port)) {
            continue;
        }
        const unsigned state = from_hex<unsigned>(state_text).value_or(0);
        socket.listening = state == kListen;
        socket.connected = state == kEstablished || state == kFinWait1 || state == kFinWait2 ||
                           state == kCloseWait;
        sockets.push_back(socket);
    }
    return sockets;
}

std::vector<std::pair<tg_flow_key, tg_flow>> flows_of(const std::vector<TcpSocket>& sockets,
                                                      const std::set<IpAddress>& locals,
                                                      std::uint8_t zone,
                                                      std::uint64_t now_ns) {
    std::set<std::uint16_t> listening;
    for (const TcpSocket& socket : sockets) {
        if (socket.listening) {
            listening.insert(socket.local_port);
        }
    }
    std::vector<std::pair<tg_flow_key, tg_flow>> flows;
    for (const TcpSocket& socket : sockets) {
        if (!socket.connected || !locals.contains(socket.local)) {
            continue;
        }
        tg_flow_key key{};
        std::copy(socket.remote.bytes.begin(), socket.remote.bytes.end(), std::begin(key.remote));
        std::copy(socket.local.bytes.begin(), socket.local.bytes.end(), std::begin(key.local));
        key.remote_port = htons(socket.remote_port);
        key.local_port = htons(socket.local_port);
        key.protocol = IPPROTO_TCP;
        key.zone = zone;
        tg_flow flow{};
        flow.first_seen_ns = flow.last_seen_ns = now_ns;
        flow.flags = TG_FLOW_ANSWERED | TG_FLOW_ESTABLISHED;
        if (!listening.contains(socket.local_port)) {
            flow.flags |= TG_FLOW_LOCAL_INITIATED;
        }
        flows.emplace_back(key, flow);
    }
    return flows;
}

Result<std::size_t> seed_flows(Gate& gate,
                               const std::string& interface,
                               std::uint8_t zone,
                               std::uint64_t now_ns) {
    const auto addresses = interface_addresses(interface);
    if (!addresses) {
        return Failure{addresses.error()};
    }
    std::set<IpAddress> locals;
    for (const InterfaceAddress& address : *addresses) {
        locals.insert(address.address);
    }
    const auto sockets = read_tcp_sockets(slurp("/proc/net/tcp") + slurp("/proc/net/tcp6"));
    const auto flows = flows_of(sockets, locals, zone, now_ns);
    for (const auto& [key, flow] : flows) {
        if (auto seeded = gate.seed_flow(key, flow); !seeded) {
            return Failure{seeded.error()};
        }
    }
    return flows.size();
}

}  // namespace tollgate::agent
