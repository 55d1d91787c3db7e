// SPDX-License-Identifier: MIT
#include <array>
#include <memory>
#include <optional>

#include <netdb.h>
#include <sys/socket.h>

#include <fmt/format.h>

#include "agent/cli/screens.hpp"
#include "agent/cli/tunnel_commands.hpp"
#include "agent/tunnel/endpoint.hpp"
#include "agent/tunnel/host_port.hpp"
#include "agent/tunnel/tunnel_config.hpp"

namespace tollgate::cli {
namespace {

struct Peer {
    std::string tunnel;
    std::string public_key;
    std::vector<std::string> allowed_ips;
    std::string endpoint;
    std::string keepalive;
    std::string name;
};

/// The agent takes addresses only: names are looked up here, as wg(8) does.
std::optional<std::string> resolved(const agent::HostPort& place) {
    if (const auto endpoint = agent::Endpoint::parse(place.to_string())) {
        return endpoint->to_string();
    }
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_DGRAM;
    addrinfo* found = nullptr;
    if (::getaddrinfo(place.host.c_str(), nullptr, &hints, &found) != 0) {
        return std::nullopt;
    }
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned{found, &::freeaddrinfo};
    std::array<char, NI_MAXHOST> text{};
    if (::getnameinfo(found->ai_addr,
                      found->ai_addrlen,
                      text.data(),
                      text.size(),
                      nullptr,
                      0,
                      NI_NUMERICHOST) != 0) {
        return std::nullopt;
    }
    return agent::HostPort{text.data(), place.port}.to_string();
}

/// "off" is 0. @return nothing: neither that nor from 0 to 65535
std::optional<std::uint16_t> parse_keepalive(const std::string& text) {
    const auto seconds = agent::parse_number(text == "off" ? "0" : text, UINT16_MAX);
    return seconds ? std::optional{static_cast<std::uint16_t>(*seconds)} : std::nullopt;
}

Exit add(const Cli& cli, const Peer& peer) {
    Json request{{"tunnel", peer.tunnel}, {"publicKey", peer.public_key}};
    if (!peer.name.empty()) {
        request["name"] = peer.name;
    }
    if (!peer.endpoint.empty()) {
        const auto place = agent::HostPort::parse(peer.endpoint);
        if (!place) {
            return cli.fail(Exit::usage,
                            "no endpoint: \"" + peer.endpoint + "\"",
                            "--endpoint HOST:PORT, or '[IPV6]:PORT'");
        }
        const auto endpoint = resolved(*place);
        if (!endpoint) {
            return cli.fail(Exit::failure, "cannot find the address of " + place->host);
        }
        request["endpoint"] = *endpoint;
    }
    if (!peer.allowed_ips.empty()) {
        request["allowedIPs"] = peer.allowed_ips;
    }
    if (!peer.keepalive.empty()) {
        const auto seconds = parse_keepalive(peer.keepalive);
        if (!seconds) {
            return cli.fail(Exit::usage, "--keepalive takes seconds from 0 to 65535, or off");
        }
        request["persistentKeepalive"] = *seconds;
    }
    return cli.show(cli.client().post("/v1/tunnels/peers/add", request), print_tunnel_change);
}

void add_adding(CLI::App& group, Cli& cli) {
    auto peer = std::make_shared<Peer>();
    CLI::App* command = group.add_subcommand(
        "add", "Add a peer, or change one: what is not given stays; lasts until the next start");
    command->add_option("TUNNEL", peer->tunnel, "The tunnel")->required();
    command->add_option("--public-key", peer->public_key, "The peer's public key, base64")
        ->type_name("KEY")
        ->required();
    command
        ->add_option("--allowed-ips",
                     peer->allowed_ips,
                     "Inner addresses and CIDR blocks that are the peer's")
        ->type_name("PREFIX")
        ->delimiter(',');
    command->add_option("--endpoint", peer->endpoint, "Where the peer is reached")
        ->type_name("HOST:PORT");
    command
        ->add_option(
            "--keepalive", peer->keepalive, "Send something at least so often, through a NAT")
        ->type_name("SECONDS");
    command->add_option("--name", peer->name, "What the peer is called")->type_name("NAME");
    command->callback([&cli, peer] {
        cli.action = [&cli, peer] {
            return add(cli, *peer);
        };
    });
}

void add_removing(CLI::App& group, Cli& cli) {
    auto peer = std::make_shared<Peer>();
    CLI::App* command = group.add_subcommand("remove", "Remove a peer until the next start");
    command->add_option("TUNNEL", peer->tunnel, "The tunnel")->required();
    command->add_option("PEER", peer->name, "Its name or its public key")->required();
    command->callback([&cli, peer] {
        cli.action = [&cli, peer] {
            const Json request{{"tunnel", peer->tunnel}, {"peer", peer->name}};
            return cli.show(cli.client().post("/v1/tunnels/peers/remove", request),
                            print_tunnel_change);
        };
    });
}

}  // namespace

void add_tunnel_peer_commands(CLI::App& group, Cli& cli) {
    CLI::App* peers = group.add_subcommand("peer", "Add and remove peers of a running tunnel");
    peers->require_subcommand(1);
    add_adding(*peers, cli);
    add_removing(*peers, cli);
}

}  // namespace tollgate::cli
