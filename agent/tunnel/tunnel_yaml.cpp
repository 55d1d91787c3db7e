// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <map>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "agent/tunnel/peer_table.hpp"
#include "agent/tunnel/tunnel_config.hpp"
#include "agent/tunnel/tunnel_settings.hpp"
#include "policy/notation.hpp"
#include "policy/yaml_fields.hpp"

namespace tollgate::agent {

namespace {

using policy::Fields;
using policy::Mark;
using policy::Problem;
using policy::YamlNode;

constexpr std::uint32_t kMtuMin = 576;
constexpr std::uint32_t kMtuMax = 65'535;
constexpr std::array<std::string_view, 4> kCiphers{"auto", "openssl", "sodium", "lanes"};
constexpr std::array<std::string_view, 3> kBackends{"auto", "xsk", "udp"};
constexpr std::string_view kKeyHint =
    "a public key is 44 characters of base64, as 'tollgate tunnel pubkey' prints it";

class Reader {
  public:
    explicit Reader(std::vector<Problem>& problems) : problems_{problems} {}

    std::vector<TunnelSettings> read(const YamlNode& node) {
        std::vector<TunnelSettings> tunnels;
        for (const YamlNode& item : policy::read_list(node, "tunnels", problems_)) {
            tunnels.push_back(read_tunnel(item));
        }
        if (tunnels.size() > kTunnelsMax) {
            error(node.mark, "too many tunnels", fmt::format("at most {}", kTunnelsMax));
        }
        return tunnels;
    }

  private:
    TunnelSettings read_tunnel(const YamlNode& node);
    void read_peers(const YamlNode& node, TunnelSettings& tunnel);
    PeerSettings read_peer(const YamlNode& node);
    void read_tunnel_name(const YamlNode& node, TunnelSettings& tunnel);
    void read_listen_port(const YamlNode& node, TunnelSettings& tunnel);
    void read_mtu(const YamlNode& node, TunnelSettings& tunnel);
    void read_threads(const YamlNode* node, TunnelSettings& tunnel);
    void read_stealth(Fields& fields, TunnelSettings& tunnel);
    void read_addresses(const YamlNode& node, TunnelSettings& tunnel);
    void read_peer_name(const YamlNode& node, PeerSettings& peer);
    void read_public_key(const YamlNode& node, PeerSettings& peer);
    void read_endpoint(const YamlNode& node, PeerSettings& peer);
    void read_allowed_ips(const YamlNode& node, PeerSettings& peer);
    void read_allowed_ip(const YamlNode& node, PeerSettings& peer);
    void refuse_loops(const TunnelSettings& tunnel);

    std::optional<std::filesystem::path> path(const YamlNode* node, std::string_view key);
    std::uint32_t number(const YamlNode* node, std::string_view key, std::uint32_t max);
    void error(const Mark& mark, std::string message, std::string_view hint = {}) {
        report(problems_, {mark, std::move(message), std::string{hint}, policy::Severity::error});
    }

    std::vector<Problem>& problems_;
    std::map<std::string, Mark, std::less<>> tunnels_;  ///< by name: where it was first
    std::map<std::uint16_t, Mark> ports_;
    std::map<std::string, Mark, std::less<>> peers_;
    /// Of the tunnel that is being read.
    std::unordered_map<crypto::PublicKey, Mark, crypto::PublicKeyHash> keys_;
    std::map<Prefix, Mark> allowed_ips_;
    std::vector<std::pair<IpAddress, Mark>> endpoints_;
};

std::string at_line(const Mark& mark) {
    return fmt::format("the first is in line {}", mark.line);
}

TunnelSettings Reader::read_tunnel(const YamlNode& node) {
    TunnelSettings tunnel;
    keys_.clear();
    allowed_ips_.clear();
    endpoints_.clear();
    Fields fields{node, "a tunnel", problems_};
    if (const YamlNode* name = fields.required("name")) {
        read_tunnel_name(*name, tunnel);
    }
    tunnel.private_key_file = path(fields.optional("privateKeyFile"), "privateKeyFile");
    if (const YamlNode* port = fields.optional("listenPort")) {
        read_listen_port(*port, tunnel);
    }
    if (const YamlNode* addresses = fields.optional("addresses")) {
        read_addresses(*addresses, tunnel);
    }
    if (const YamlNode* mtu = fields.optional("mtu")) {
        read_mtu(*mtu, tunnel);
    }
    tunnel.fwmark = number(fields.optional("fwmark"), "fwmark", UINT32_MAX);
    if (const YamlNode* cipher = fields.optional("cipher")) {
        const auto index = policy::read_choice(*cipher, "cipher", kCiphers, problems_);
        tunnel.cipher = kCiphers.at(index.value_or(0));
    }
    read_stealth(fields, tunnel);
    if (const YamlNode* backend = fields.optional("backend")) {
        const auto index = policy::read_choice(*backend, "backend", kBackends, problems_);
        tunnel.backend = kBackends.at(index.value_or(0));
    }
    read_threads(fields.optional("threads"), tunnel);
    if (const YamlNode* peers = fields.optional("peers")) {
        read_peers(*peers, tunnel);
        refuse_loops(tunnel);
    }
    fields.refuse_others();
    return tunnel;
}

void Reader::read_peers(const YamlNode& node, TunnelSettings& tunnel) {
    for (const YamlNode& item : policy::read_list(node, "peers", problems_)) {
        tunnel.peers.push_back(read_peer(item));
    }
    if (tunnel.peers.size() > kPeersMax) {
        error(node.mark, "too many peers", fmt::format("at most {}", kPeersMax));
    }
}

PeerSettings Reader::read_peer(const YamlNode& node) {
    PeerSettings peer;
    peer.mark = node.mark;
    Fields fields{node, "a peer", problems_};
    if (const YamlNode* name = fields.required("name")) {
        read_peer_name(*name, peer);
    }
    if (const YamlNode* key = fields.required("publicKey")) {
        read_public_key(*key, peer);
    }
    peer.preshared_key_file = path(fields.optional("presharedKeyFile"), "presharedKeyFile");
    if (const YamlNode* endpoint = fields.optional("endpoint")) {
        read_endpoint(*endpoint, peer);
    }
    if (const YamlNode* allowed = fields.required("allowedIPs")) {
        read_allowed_ips(*allowed, peer);
    }
    peer.persistent_keepalive = static_cast<std::uint16_t>(
        number(fields.optional("persistentKeepalive"), "persistentKeepalive", UINT16_MAX));
    fields.refuse_others();
    return peer;
}

void Reader::read_tunnel_name(const YamlNode& node, TunnelSettings& tunnel) {
    const auto name = policy::read_line(node, "name", problems_);
    if (!name) {
        return;
    }
    if (!is_interface_name(*name)) {
        error(node.mark,
              policy::in_quotes(*name) + " is no name of an interface",
              "write 1 to 15 characters without '/', ':' and spaces");
    }
    const auto [first, is_new] = tunnels_.emplace(*name, node.mark);
    if (!is_new) {
        error(node.mark, policy::in_quotes(*name) + " is a tunnel already", at_line(first->second));
    }
    tunnel.name = *name;
}

void Reader::read_listen_port(const YamlNode& node, TunnelSettings& tunnel) {
    tunnel.listen_port = static_cast<std::uint16_t>(number(&node, "listenPort", UINT16_MAX));
    if (tunnel.listen_port == 0) {
        return;
    }
    const auto [first, is_new] = ports_.emplace(tunnel.listen_port, node.mark);
    if (!is_new) {
        error(node.mark,
              fmt::format("two tunnels listen on port {}", tunnel.listen_port),
              at_line(first->second));
    }
}

void Reader::read_mtu(const YamlNode& node, TunnelSettings& tunnel) {
    if (node.kind == YamlNode::Kind::scalar && node.text == "auto") {
        return;
    }
    const auto mtu = policy::read_integer(node, "mtu", problems_);
    if (mtu && (*mtu < kMtuMin || *mtu > kMtuMax)) {
        error(node.mark, fmt::format("mtu must be auto or from {} to {}", kMtuMin, kMtuMax));
    } else if (mtu) {
        tunnel.mtu = static_cast<std::uint32_t>(*mtu);
    }
}

// Frames reach an AF_XDP socket by the receive queue that they came in on, not by the peer.
void Reader::read_threads(const YamlNode* node, TunnelSettings& tunnel) {
    const auto threads =
        node == nullptr ? std::nullopt : policy::read_integer(*node, "threads", problems_);
    if (!threads) {
        return;
    }
    if (*threads < 1 || *threads > kWorkersMax) {
        error(node->mark, fmt::format("threads must be from 1 to {}", kWorkersMax));
    } else if (*threads > 1 && tunnel.backend == "xsk") {
        error(node->mark, "a tunnel with the backend xsk has one thread", "write 'backend: udp'");
    } else {
        tunnel.threads = static_cast<std::size_t>(*threads);
    }
}

void Reader::read_stealth(Fields& fields, TunnelSettings& tunnel) {
    const YamlNode* const mode = fields.optional("stealth");
    if (mode != nullptr) {
        const auto index = policy::read_choice(*mode, "stealth", kStealthModes, problems_);
        tunnel.stealth = static_cast<StealthMode>(index.value_or(0));
    }
    const YamlNode* const file = fields.optional("stealthKeyFile");
    tunnel.stealth_key_file = path(file, "stealthKeyFile");
    if (file != nullptr && mode == nullptr) {
        error(file->mark,
              "stealthKeyFile is not used without stealth",
              "write 'stealth: send' or 'stealth: strict'");
    }
}

void Reader::read_addresses(const YamlNode& node, TunnelSettings& tunnel) {
    for (const YamlNode& item : policy::read_list(node, "addresses", problems_)) {
        const auto text = policy::read_line(item, "an address", problems_);
        if (!text) {
            continue;
        }
        const auto address = IpAddress::parse(text->substr(0, text->find('/')));
        const auto network = parse_allowed_ip(*text);
        if (!address || !network || address->is_multicast() || network->length == 0) {
            error(item.mark,
                  policy::in_quotes(*text) + " is no address of an interface",
                  "write ADDRESS/LENGTH, as 10.9.0.1/24");
            continue;
        }
        const bool is_twice =
            std::any_of(tunnel.addresses.begin(), tunnel.addresses.end(), [&](const auto& other) {
                return other.address == *address;
            });
        if (is_twice) {
            error(item.mark, policy::in_quotes(*text) + " is there twice");
        }
        tunnel.addresses.push_back({*address, *network});
    }
}

void Reader::read_peer_name(const YamlNode& node, PeerSettings& peer) {
    const auto name = policy::read_line(node, "name", problems_);
    if (!name) {
        return;
    }
    if (!policy::is_identifier(*name)) {
        error(node.mark,
              policy::in_quotes(*name) + " is no name of a peer",
              "write 1 to 63 lower-case letters, digits and '-'");
    }
    const auto [first, is_new] = peers_.emplace(*name, node.mark);
    if (!is_new) {
        error(node.mark, policy::in_quotes(*name) + " is a peer already", at_line(first->second));
    }
    peer.name = *name;
}

// Not quoted: people mistake their private key for it.
void Reader::read_public_key(const YamlNode& node, PeerSettings& peer) {
    peer.mark = node.mark;
    const auto text = policy::read_line(node, "publicKey", problems_);
    if (!text) {
        return;
    }
    const auto key = crypto::PublicKey::parse_base64(*text);
    if (!key) {
        error(node.mark, "publicKey is no key", kKeyHint);
        return;
    }
    if (!key->is_sound()) {
        error(node.mark,
              "publicKey is no key that a peer can have",
              "ask the peer for the output of 'tollgate tunnel pubkey'");
    }
    const auto [first, is_new] = keys_.emplace(*key, node.mark);
    if (!is_new) {
        error(node.mark, "two peers have the same publicKey", at_line(first->second));
    }
    peer.public_key = *key;
}

void Reader::read_endpoint(const YamlNode& node, PeerSettings& peer) {
    const auto text = policy::read_line(node, "endpoint", problems_);
    if (!text) {
        return;
    }
    peer.endpoint = HostPort::parse(*text);
    if (!peer.endpoint) {
        error(node.mark,
              policy::in_quotes(*text) + " is no endpoint",
              "write HOST:PORT, or '[IPV6]:PORT' in quotes");
    } else if (const auto address = IpAddress::parse(peer.endpoint->host)) {
        endpoints_.emplace_back(*address, node.mark);
    }
}

void Reader::read_allowed_ips(const YamlNode& node, PeerSettings& peer) {
    for (const YamlNode& item : policy::read_list(node, "allowedIPs", problems_)) {
        read_allowed_ip(item, peer);
    }
}

void Reader::read_allowed_ip(const YamlNode& node, PeerSettings& peer) {
    const auto text = policy::read_line(node, "an allowed IP", problems_);
    if (!text) {
        return;
    }
    const auto prefix = parse_allowed_ip(*text);
    if (!prefix) {
        error(node.mark,
              policy::in_quotes(*text) + " is no block of addresses",
              "write ADDRESS/LENGTH");
        return;
    }
    if (!Prefix::parse(*text)) {
        error(node.mark,
              policy::in_quotes(*text) + " has bits after its length",
              fmt::format("write {}", format_allowed_ip(*prefix)));
        return;
    }
    if (text->ends_with("/0")) {
        error(node.mark,
              fmt::format("{} cannot be an allowed IP yet: a default route through the tunnel "
                          "would carry the tunnel's own datagrams, too",
                          *text),
              "name the networks behind the peer");
        return;
    }
    const auto [first, is_new] = allowed_ips_.emplace(*prefix, node.mark);
    if (!is_new) {
        error(node.mark,
              fmt::format("{} belongs to a peer already", format_allowed_ip(*prefix)),
              at_line(first->second));
    }
    peer.allowed_ips.push_back(*prefix);
}

// The route to an allowed IP leads into the tunnel. A mark says that the administrator has rules
// for the tunnel's own datagrams.
void Reader::refuse_loops(const TunnelSettings& tunnel) {
    for (const auto& [address, mark] : endpoints_) {
        for (const auto& [prefix, first] : allowed_ips_) {
            if (tunnel.fwmark == 0 && prefix.contains(address)) {
                error(mark,
                      fmt::format("the endpoint {} is within the allowed IPs {} of line {}: the "
                                  "tunnel's own datagrams would go into the tunnel",
                                  address.to_string(),
                                  format_allowed_ip(prefix),
                                  first.line));
            }
        }
    }
}

// Not quoted: people write the key where its file should be.
std::optional<std::filesystem::path> Reader::path(const YamlNode* node, std::string_view key) {
    const auto text = node == nullptr ? std::nullopt : policy::read_line(*node, key, problems_);
    if (!text) {
        return std::nullopt;
    }
    std::filesystem::path file{*text};
    if (!file.is_absolute() || !file.has_filename()) {
        error(node->mark,
              fmt::format("{} must be the path of a file, from the root", key),
              "put the key itself into a file of mode 600");
        return std::nullopt;
    }
    return file;
}

std::uint32_t Reader::number(const YamlNode* node, std::string_view key, std::uint32_t max) {
    const auto value = node == nullptr ? std::nullopt : policy::read_integer(*node, key, problems_);
    if (value && *value > max) {
        error(node->mark, fmt::format("{} must be from 0 to {}", key, max));
        return 0;
    }
    return static_cast<std::uint32_t>(value.value_or(0));
}

}  // namespace

std::vector<TunnelSettings> read_tunnels(const YamlNode& node, std::vector<Problem>& problems) {
    return Reader{problems}.read(node);
}

}  // namespace tollgate::agent
