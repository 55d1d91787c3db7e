// SPDX-License-Identifier: MIT
#include <array>
#include <utility>

#include <fmt/format.h>

#include "agent/cli/screens.hpp"

namespace tollgate::cli {
namespace {

/// "1.21 KiB", as wg(8) writes it.
std::string size_text(std::uint64_t bytes) {
    constexpr std::uint64_t kStep = 1024;
    constexpr std::array kUnits{"KiB", "MiB", "GiB", "TiB"};
    if (bytes < kStep) {
        return fmt::format("{} B", bytes);
    }
    auto value = static_cast<double>(bytes) / kStep;
    std::size_t unit = 0;
    while (value >= kStep && unit + 1 < kUnits.size()) {
        value /= kStep;
        ++unit;
    }
    return fmt::format("{:.2f} {}", value, kUnits.at(unit));
}

/// "1 minute, 3 seconds ago", as wg(8) writes it.
std::string long_ago(WallTime then, WallTime now) {
    using std::chrono::seconds;
    constexpr std::array<std::pair<std::int64_t, const char*>, 5> kUnits{{
        {std::int64_t{365} * 86400, "year"},
        {86400, "day"},
        {3600, "hour"},
        {60, "minute"},
        {1, "second"},
    }};
    std::int64_t left = seconds{now - then}.count();
    if (left < 0) {
        return "in the future: the clock was set back";
    }
    std::string all;
    for (const auto& [size, name] : kUnits) {
        const std::int64_t count = left / size;
        left %= size;
        if (count != 0) {
            all += fmt::format(
                "{}{} {}{}", all.empty() ? "" : ", ", count, name, count == 1 ? "" : "s");
        }
    }
    return all.empty() ? "now" : all + " ago";
}

void print_item(Screen& screen, const char* label, const std::string& value) {
    if (!value.empty()) {
        screen.out() << "  " << screen.paint(label, Tone::strong) << ": ";
        std::string start;
        for (const std::string& part : wrapped(printable(value), Screen::kWidth - 16)) {
            screen.out() << start << part << '\n';
            start.assign(4, ' ');
        }
    }
}

std::string number_text(const Json& object, const char* key) {
    return has(object, key) ? std::to_string(number(object, key)) : "";
}

/// "udp (why)"
std::string choice(const Json& tunnel, const char* key, const char* reason) {
    const std::string why = text(tunnel, reason);
    const std::string what =
        has(tunnel, key) && tunnel[key].is_number() ? number_text(tunnel, key) : text(tunnel, key);
    return what.empty() || why.empty() ? what : fmt::format("{} ({})", what, why);
}

void print_peer(Screen& screen, const Json& peer) {
    const std::string key = text(peer, "publicKey");
    const std::string name = text(peer, "name");
    screen.out() << '\n';
    screen.line("peer: " + (name.empty() ? key : name), Tone::warn);
    print_item(screen, "public key", name.empty() ? "" : key);
    print_item(screen, "preshared key", flag(peer, "presharedKey") ? "(hidden)" : "");
    print_item(screen, "endpoint", text(peer, "endpoint"));
    if (const std::string problem = text(peer, "endpointProblem"); !problem.empty()) {
        print_item(screen, "! endpoint", text(peer, "configuredEndpoint") + ": " + problem);
    }
    const std::string allowed = joined(list(peer, "allowedIPs"));
    print_item(screen, "allowed ips", allowed.empty() ? "(none)" : allowed);
    if (const auto at = parse_time(text(peer, "latestHandshake"))) {
        print_item(screen, "latest handshake", long_ago(*at, screen.now()));
    }
    const std::uint64_t received = number(peer, "receivedBytes");
    const std::uint64_t sent = number(peer, "sentBytes");
    if (received != 0 || sent != 0) {
        print_item(screen,
                   "transfer",
                   fmt::format("{} received, {} sent", size_text(received), size_text(sent)));
    }
    if (const std::uint64_t seconds = number(peer, "persistentKeepalive"); seconds != 0) {
        print_item(screen,
                   "persistent keepalive",
                   fmt::format("every {} second{}", seconds, seconds == 1 ? "" : "s"));
    }
}

void print_tunnel(Screen& screen, const Json& tunnel) {
    const std::string state = text(tunnel, "state");
    screen.line("interface: " + text(tunnel, "name"), Tone::good);
    if (state != "running") {
        print_item(screen, "state", state == "down" ? "DOWN: it carries nothing" : "FAILED");
    }
    print_item(screen, "! problem", text(tunnel, "reason"));
    print_item(screen, "public key", text(tunnel, "publicKey", "(none: no private key is set)"));
    print_item(screen, "private key", has(tunnel, "publicKey") ? "(hidden)" : "");
    print_item(screen, "listening port", number_text(tunnel, "listenPort"));
    if (has(tunnel, "fwmark")) {
        print_item(screen, "fwmark", fmt::format("0x{:x}", number(tunnel, "fwmark")));
    }
    print_item(screen, "stealth", text(tunnel, "stealth"));
    print_item(screen, "addresses", joined(list(tunnel, "addresses")));
    print_item(screen, "mtu", choice(tunnel, "mtu", "mtuReason"));
    if (number(tunnel, "threads") > 1 || text(tunnel, "threadsReason") != "as configured") {
        print_item(screen, "threads", choice(tunnel, "threads", "threadsReason"));
    }
    print_item(screen, "backend", choice(tunnel, "backend", "backendReason"));
    print_item(screen, "cipher", choice(tunnel, "cipher", "cipherReason"));
    for (const Json& peer : list(tunnel, "peers")) {
        print_peer(screen, peer);
    }
}

std::string what_changed(const Json& change) {
    const std::string kind = text(change, "change");
    const std::string tunnel = text(change, "tunnel");
    const std::string peer = text(change, "peer");
    if (kind == "up") {
        return tunnel + " is up";
    }
    if (kind == "down") {
        return tunnel + " is down: it carries nothing, and its traffic goes nowhere else";
    }
    if (kind == "peerRemoved") {
        return fmt::format("removed the peer {} from {}", peer, tunnel);
    }
    return kind == "peerAdded" ? fmt::format("added the peer {} to {}", peer, tunnel)
                               : fmt::format("changed the peer {} of {}", peer, tunnel);
}

}  // namespace

void print_tunnels(Screen& screen, const Json& answer) {
    const Json& tunnels = list(answer, "tunnels");
    if (tunnels.empty()) {
        screen.line("there is no tunnel");
        screen.next("add one to /etc/tollgate/tollgate.yaml (docs/tunnel.md)");
    }
    bool first = true;
    for (const Json& tunnel : tunnels) {
        if (!std::exchange(first, false)) {
            screen.out() << '\n';
        }
        print_tunnel(screen, tunnel);
    }
}

void print_tunnel_change(Screen& screen, const Json& change) {
    screen.line(what_changed(change));
    if (screen.headers()) {
        screen.line(
            "until tollgated starts again or reloads: what is to stay belongs in "
            "/etc/tollgate/tollgate.yaml");
    }
}

}  // namespace tollgate::cli
