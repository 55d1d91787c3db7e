// SPDX-License-Identifier: MIT
#include "agent/cli/tunnel_import.hpp"

#include <cctype>

#include <fmt/format.h>

#include "agent/tunnel/tunnel_config.hpp"
#include "agent/tunnel/tunnel_settings.hpp"
#include "policy/yaml_strict.hpp"

namespace tollgate::cli {
namespace {

/// A name as tollgate.yaml takes it: lower-case letters, digits and '-'.
std::string identifier(const std::string& name) {
    std::string clean;
    for (const char c : name) {
        const auto byte = static_cast<unsigned char>(c);
        clean += std::isalnum(byte) != 0 ? static_cast<char>(std::tolower(byte)) : '-';
    }
    return clean;
}

/// Double quotes: nothing in them can be read as something else.
std::string scalar(const std::string& text) {
    std::string quoted = "\"";
    for (const char c : text) {
        quoted += c == '"' || c == '\\' ? std::string{'\\', c} : std::string(1, c);
    }
    return quoted + '"';
}

std::string address_text(const agent::InterfaceAddress& address) {
    const std::string network = agent::format_allowed_ip(address.network);
    return address.address.to_string() + network.substr(network.find('/'));
}

std::string peer_yaml(const agent::WgConfPeer& peer,
                      const std::string& name,
                      const std::filesystem::path& preshared_key_file) {
    std::string yaml = fmt::format("      - name: {}\n", name);
    yaml += fmt::format("        publicKey: {}\n", scalar(peer.public_key.to_base64()));
    if (peer.preshared_key) {
        yaml += fmt::format("        presharedKeyFile: {}\n", scalar(preshared_key_file.string()));
    }
    if (peer.endpoint) {
        yaml += fmt::format("        endpoint: {}\n", scalar(peer.endpoint->to_string()));
    }
    yaml += "        allowedIPs: [";
    for (std::size_t i = 0; i < peer.allowed_ips.size(); ++i) {
        yaml += (i == 0 ? "" : ", ") + scalar(agent::format_allowed_ip(peer.allowed_ips[i]));
    }
    yaml += "]\n";
    if (peer.persistent_keepalive != 0) {
        yaml += fmt::format("        persistentKeepalive: {}\n", peer.persistent_keepalive);
    }
    return yaml;
}

std::string tunnel_yaml(const agent::WgConf& conf,
                        const std::string& name,
                        const std::filesystem::path& private_key_file) {
    std::string yaml = fmt::format("tunnels:\n  - name: {}\n", scalar(name));
    if (conf.private_key) {
        yaml += fmt::format("    privateKeyFile: {}\n", scalar(private_key_file.string()));
    }
    if (conf.listen_port) {
        yaml += fmt::format("    listenPort: {}\n", *conf.listen_port);
    }
    if (!conf.addresses.empty()) {
        yaml += "    addresses: [";
        for (std::size_t i = 0; i < conf.addresses.size(); ++i) {
            yaml += (i == 0 ? "" : ", ") + scalar(address_text(conf.addresses[i]));
        }
        yaml += "]\n";
    }
    if (conf.mtu) {
        yaml += fmt::format("    mtu: {}\n", *conf.mtu);
    }
    if (conf.fwmark) {
        yaml += fmt::format("    fwmark: {}\n", *conf.fwmark);
    }
    return yaml + (conf.peers.empty() ? "" : "    peers:\n");
}

}  // namespace

ImportedTunnel import_tunnel(const agent::WgConf& conf,
                             const std::string& name,
                             const std::filesystem::path& key_folder) {
    ImportedTunnel imported;
    const std::filesystem::path private_key_file = key_folder / (name + ".key");
    imported.yaml = tunnel_yaml(conf, name, private_key_file);
    if (conf.private_key) {
        imported.key_files.push_back({private_key_file, conf.private_key->clone()});
    }
    for (std::size_t i = 0; i < conf.peers.size(); ++i) {
        const agent::WgConfPeer& peer = conf.peers[i];
        const std::string peer_name = fmt::format("{}-peer-{}", identifier(name), i + 1);
        const std::filesystem::path file = key_folder / (peer_name + ".psk");
        imported.yaml += peer_yaml(peer, peer_name, file);
        if (peer.preshared_key) {
            imported.key_files.push_back({file, peer.preshared_key->clone()});
        }
    }
    return imported;
}

std::vector<policy::Problem> check_imported(const std::string& yaml) {
    std::vector<policy::Problem> problems;
    const auto root = policy::parse_yaml(yaml, problems, policy::kConfigBytesMax);
    if (root && !root->entries.empty()) {
        static_cast<void>(agent::read_tunnels(root->entries.front().value, problems));
    }
    return problems;
}

}  // namespace tollgate::cli
