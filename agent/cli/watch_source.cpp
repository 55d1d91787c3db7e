// SPDX-License-Identifier: MIT
#include "agent/cli/watch_source.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "agent/cli/screens.hpp"

namespace tollgate::cli::watch {
namespace {

constexpr std::size_t kSourcesMax = 200;

std::string service_of(const Json& flow, const char* port) {
    const std::string protocol = text(flow, "protocol");
    const std::uint64_t number_of_port = number(flow, port);
    return number_of_port == 0 ? protocol : fmt::format("{}/{}", protocol, number_of_port);
}

Flow flow_of(const Json& json) {
    Flow flow;
    flow.interface = text(json, "interface");
    flow.outgoing = text(json, "direction") == "egress";
    flow.protocol = text(json, "protocol");
    const bool echo = flow.protocol.starts_with("icmp");  // its ports are an identifier
    flow.remote = endpoint(text(json, "remote"), echo ? 0 : number(json, "remotePort"));
    flow.name = text(json, "remoteName");
    flow.peer = text(json, "peer");
    flow.local = endpoint(text(json, "local"), echo ? 0 : number(json, "localPort"));
    flow.service =
        echo ? flow.protocol : service_of(json, flow.outgoing ? "remotePort" : "localPort");
    flow.id = fmt::format("{} {} {} {} {} {}",
                          flow.interface,
                          flow.protocol,
                          text(json, "remote"),
                          number(json, "remotePort"),
                          text(json, "local"),
                          number(json, "localPort"));
    flow.rule = text(json, "rule");
    flow.would_drop = text(json, "wouldDrop");
    flow.traffic = {number(json, "receivedBytes"), number(json, "sentBytes")};
    flow.idle_s = number(json, "idle");
    return flow;
}

void add_drops(const Json& interface, std::vector<Drops>& drops) {
    for (const char* direction : {"ingress", "egress"}) {
        for (const char* kind : {"drops", "wouldDrop"}) {
            for (const auto& [reason, count] : object(object(interface, direction), kind).items()) {
                drops.push_back({text(interface, "name"),
                                 std::string_view{direction} == "egress",
                                 reason,
                                 std::string_view{kind} == "wouldDrop",
                                 count.is_number_unsigned() ? count.get<std::uint64_t>() : 0});
            }
        }
    }
}

std::vector<Source> sources_of(const std::vector<Json>& events) {
    std::map<std::string, Source> sources;
    for (const Json& event : events) {
        const std::string remote = text(event, "remote");
        const std::string type = text(event, "type");
        if (remote.empty() || (type != "drop" && type != "wouldDrop")) {
            continue;
        }
        const bool outgoing = text(event, "direction") == "egress";
        const std::string service = service_of(event, outgoing ? "remotePort" : "localPort");
        Source& source = sources[fmt::format("{} {} {}", remote, text(event, "reason"), service)];
        source.remote = remote;
        source.name = text(event, "remoteName");
        source.reason = text(event, "reason");
        source.service = service;
        source.packets += number(event, "packets");
    }
    std::vector<Source> all;
    for (auto& [key, source] : sources) {
        all.push_back(std::move(source));
    }
    std::stable_sort(all.begin(), all.end(), [](const Source& a, const Source& b) {
        return a.packets > b.packets;
    });
    all.resize(std::min(all.size(), kSourcesMax));
    return all;
}

void add_peers(const Json& tunnel, WallTime now, std::vector<Peer>& peers) {
    for (const Json& json : list(tunnel, "peers")) {
        Peer peer;
        peer.tunnel = text(tunnel, "name");
        peer.name = text(json, "name", text(json, "publicKey").c_str());
        peer.endpoint = text(json, "endpoint");
        if (const auto then = parse_time(text(json, "latestHandshake"))) {
            peer.handshake_age_s =
                static_cast<std::uint64_t>(std::max<std::int64_t>((now - *then).count(), 0));
        }
        peer.traffic = {number(json, "receivedBytes"), number(json, "sentBytes")};
        peers.push_back(std::move(peer));
    }
}

}  // namespace

Sample sample_of(const Answers& answers, WallTime now) {
    Sample sample;
    const Json& status = answers.status;
    sample.policy = text(status, "policyName");
    sample.generation = number(status, "generation");
    sample.open = flag(status, "open");
    for (const Json& interface : list(status, "interfaces")) {
        sample.stages.push_back({text(interface, "name"), text(interface, "stage")});
        add_drops(interface, sample.drops);
    }
    if (has(status, "pending")) {
        const Json& pending = object(status, "pending");
        const auto deadline = parse_time(text(pending, "deadline"));
        sample.pending = text(pending, "change");
        sample.deadline =
            fmt::format("{}, in {},",
                        deadline ? clock_text(*deadline, now) : "?",
                        duration_text(std::chrono::seconds{number(pending, "remaining")}));
    }
    for (const Json& flow : list(answers.flows, "flows")) {
        sample.flows.push_back(flow_of(flow));
    }
    for (const Json& tunnel : list(answers.tunnels, "tunnels")) {
        add_peers(tunnel, now, sample.peers);
    }
    sample.sources = sources_of(answers.events);
    return sample;
}

std::variant<Sample, std::string> take_sample(const Client& client) {
    Answers answers;
    for (const auto& [path, into] : {std::pair{"/v1/status", &answers.status},
                                     std::pair{"/v1/flows/live?last=300", &answers.flows},
                                     std::pair{"/v1/tunnels", &answers.tunnels}}) {
        Answer answer = client.get(path);
        if (!answer.ok()) {
            return answer.message();
        }
        *into = std::move(answer.body);
    }
    const auto collect = [&](std::string_view line) {
        answers.events.push_back(Json::parse(line, nullptr, /*allow_exceptions=*/false));
    };
    const Answer end = client.stream("/v1/observe?last=500", /*follow=*/false, collect);
    if (!end.ok()) {
        return end.message();
    }
    using Seconds = std::chrono::duration<double>;
    Sample sample = sample_of(
        answers, std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()));
    sample.at_s = Seconds{std::chrono::steady_clock::now().time_since_epoch()}.count();
    return sample;
}

}  // namespace tollgate::cli::watch
