// SPDX-License-Identifier: MIT
#include <charconv>
#include <memory>

#include <fmt/format.h>

#include <tollgate/ip.hpp>

#include "agent/cli/commands.hpp"
#include "agent/cli/screens.hpp"

namespace tollgate::cli {
namespace {

struct Packet {
    std::string source;
    std::string destination;
    std::string service;
    std::string direction;
    std::string interface;
    std::string expect;
};

/// "eth0:10.0.5.10" names the interface on the way.
void split_interface(std::string& address, std::string& interface) {
    const std::size_t colon = address.find(':');
    if (colon == std::string::npos || IpAddress::parse(address)) {
        return;
    }
    interface = address.substr(0, colon);
    address.erase(0, colon + 1);
}

/// "tcp/443", "icmp/8", "gre"; nothing if it is none of these.
bool add_service(Json& request, const std::string& service) {
    const std::size_t slash = service.find('/');
    const std::string protocol = service.substr(0, slash);
    request["protocol"] = protocol;
    if (slash == std::string::npos) {
        return protocol != "tcp" && protocol != "udp";
    }
    constexpr unsigned kLastPort = 65535;
    unsigned value = 0;
    const char* last = service.data() + service.size();
    const auto [end, error] = std::from_chars(service.data() + slash + 1, last, value);
    if (error != std::errc{} || end != last || value > kLastPort) {
        return false;
    }
    request[protocol.starts_with("icmp") ? "type" : "port"] = value;
    return true;
}

Exit trace(const Cli& cli, Packet packet) {
    split_interface(packet.source, packet.interface);
    split_interface(packet.destination, packet.interface);
    for (const std::string& address : {packet.source, packet.destination}) {
        if (!IpAddress::parse(address)) {
            return cli.fail(Exit::usage, "not an IP address: \"" + address + "\"");
        }
    }
    Json request{{"source", packet.source}, {"destination", packet.destination}};
    if (!add_service(request, packet.service)) {
        return cli.fail(Exit::usage,
                        "not PROTO/PORT: \"" + packet.service + "\"",
                        "write tcp/443, udp/53, icmp/8 or gre");
    }
    if (!packet.direction.empty()) {
        request["direction"] = api_direction(packet.direction);
    }
    if (!packet.interface.empty()) {
        request["interface"] = packet.interface;
    }
    const Answer answer = cli.client().post("/v1/trace", request);
    const Exit exit = cli.show(answer, print_trace);
    if (exit != Exit::ok || packet.expect.empty() ||
        text(answer.body, "verdict") == packet.expect) {
        return exit;
    }
    cli.err << fmt::format("tollgate: expected {}, but the verdict is {}\n",
                           packet.expect,
                           text(answer.body, "verdict"));
    return Exit::check_failed;
}

}  // namespace

void add_trace_command(CLI::App& app, Cli& cli) {
    auto packet = std::make_shared<Packet>();
    CLI::App* command =
        app.add_subcommand("trace", "Run a made-up packet through the loaded program and say why");
    command->add_option("SRC", packet->source, "Source address")->required();
    command->add_option("DST", packet->destination, "Destination address, or IF:ADDRESS")
        ->required();
    command->add_option("SERVICE", packet->service, "tcp/443, udp/53, icmp/8, gre")->required();
    choose(command->add_option(
               "--direction", packet->direction, "in or out; found from the addresses"),
           "in|out");
    command->add_option("--interface", packet->interface, "The interface that it crosses")
        ->type_name("IF");
    choose(command->add_option("--expect", packet->expect, "Exit 5 if the verdict is another"),
           "pass|drop");
    command->callback([&cli, packet] {
        cli.action = [&cli, packet] {
            return trace(cli, *packet);
        };
    });
}

}  // namespace tollgate::cli
