// SPDX-License-Identifier: MIT
#include "agent/control/request.hpp"

#include <charconv>

#include <netinet/in.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "agent/control/members.hpp"
#include "policy/notation.hpp"

namespace tollgate::agent {

namespace {

using nlohmann::json;

constexpr std::size_t kFollowedAtMost = 10'000;

std::string read_session(const json& body, Session& session) {
    if (!body.contains("clientSession")) {
        return {};
    }
    if (!body.at("clientSession").is_object()) {
        return "clientSession";
    }
    Members members{body.at("clientSession")};
    members.read_short("remote", session.remote);
    members.read_unsigned("remotePort", session.remote_port);
    members.read_short("local", session.local);
    members.read_unsigned("localPort", session.local_port);
    members.read_short("tty", session.tty);
    return members.wrong();
}

std::optional<std::uint8_t> protocol_of(const std::string& text) {
    if (text == "tcp") {
        return IPPROTO_TCP;
    }
    if (text == "udp") {
        return IPPROTO_UDP;
    }
    const auto service = policy::parse_protocol(text);
    return service ? std::optional{service->protocol} : std::nullopt;
}

std::optional<EventType> type_of(const std::string& verdict) {
    for (const EventType type : {EventType::drop,
                                 EventType::would_drop,
                                 EventType::flow,
                                 EventType::service,
                                 EventType::dns}) {
        if (verdict == label(type)) {
            return type;
        }
    }
    return std::nullopt;
}

std::string query_of(const HttpRequest& request, const std::string& key) {
    const auto found = request.query.find(key);
    return found == request.query.end() ? std::string{} : found->second;
}

// @return the name of the parameter that is wrong, or ""
std::string read_filter(const HttpRequest& request, EventFilter& filter) {
    if (const std::string text = query_of(request, "verdict"); !text.empty()) {
        filter.type = type_of(text);
        if (!filter.type) {
            return "verdict";
        }
    }
    if (const std::string text = query_of(request, "direction"); !text.empty()) {
        if (text != "ingress" && text != "egress") {
            return "direction";
        }
        filter.direction = text == "ingress" ? TG_INGRESS : TG_EGRESS;
    }
    if (const std::string text = query_of(request, "protocol"); !text.empty()) {
        filter.protocol = protocol_of(text);
        if (!filter.protocol) {
            return "protocol";
        }
    }
    if (const std::string text = query_of(request, "address"); !text.empty()) {
        filter.address = Prefix::parse(text);
        if (!filter.address) {
            return "address";
        }
    }
    return {};
}

}  // namespace

Answer<ChangeRequest> read_change(const std::string& body) {
    const auto object = parse_body(body);
    if (!object) {
        return Unexpected<Refusal>{object.error()};
    }
    ChangeRequest request;
    auto confirm_within = static_cast<std::uint32_t>(request.confirm_within.count());
    Members members{*object};
    members.read("yaml", request.yaml);
    members.read("acceptRisk", request.accept_risk);
    members.read("dryRun", request.dry_run);
    members.read_short("by", request.by);
    members.read_unsigned("confirmWithin", confirm_within);
    if (object->contains("generation")) {
        members.read_unsigned("generation", request.generation.emplace());
    }
    std::string wrong = members.wrong();
    if (wrong.empty()) {
        wrong = read_session(*object, request.session);
    }
    if (!wrong.empty()) {
        return invalid(fmt::format("{} has a value of the wrong type, or too long a one", wrong));
    }
    request.confirm_within = std::chrono::seconds{confirm_within};
    if (confirm_within == 0 || request.confirm_within > kConfirmWithinMax) {
        return invalid(
            fmt::format("confirmWithin is from 1 to {} seconds", kConfirmWithinMax.count()));
    }
    return request;
}

Answer<DecisionRequest> read_decision(const std::string& body) {
    const auto object = parse_body(body);
    if (!object) {
        return Unexpected<Refusal>{object.error()};
    }
    DecisionRequest request;
    bool all = false;
    Members members{*object};
    members.read("ids", request.ids);
    members.read("all", all);
    members.read_short("by", request.by);
    if (!members.wrong().empty()) {
        return invalid(
            fmt::format("{} has a value of the wrong type, or too long a one", members.wrong()));
    }
    if (all == !request.ids.empty()) {
        return invalid("name the candidates in `ids`, or set `all`");
    }
    if (all) {
        request.ids = {"all"};
    }
    if (request.by.empty()) {
        request.by = "root";
    }
    return request;
}

Answer<PrefixesRequest> read_prefixes(const std::string& body) {
    const auto object = parse_body(body);
    if (!object) {
        return Unexpected<Refusal>{object.error()};
    }
    std::vector<std::string> texts;
    PrefixesRequest request;
    Members members{*object};
    members.read("prefixes", texts);
    members.read("replace", request.replace);
    if (!members.wrong().empty()) {
        return invalid(fmt::format("{} has a value of the wrong type", members.wrong()));
    }
    for (const std::string& text : texts) {
        const auto prefix = policy::parse_prefix(text);
        if (!prefix) {
            return invalid(prefix.error().message());
        }
        request.prefixes.push_back(*prefix);
    }
    return request;
}

Answer<std::uint64_t> read_number(const HttpRequest& request,
                                  const std::string& key,
                                  std::uint64_t fallback) {
    const std::string text = query_of(request, key);
    if (text.empty()) {
        return fallback;
    }
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) {
        return invalid(fmt::format("{} is no number", key));
    }
    return value;
}

Answer<ObserveRequest> read_observe(const HttpRequest& request) {
    ObserveRequest observe;
    const auto follow = read_number(request, "follow", 0);
    const auto last = read_number(request, "last", observe.last);
    const auto port = read_number(request, "port", 0);
    if (!follow || !last || !port || *port > 0xffff) {
        return invalid("follow, last and port are numbers");
    }
    observe.follow = *follow != 0;
    observe.last = static_cast<std::size_t>(std::min<std::uint64_t>(*last, kFollowedAtMost));
    observe.interface = query_of(request, "interface");
    if (*port != 0) {
        observe.filter.port = static_cast<std::uint16_t>(*port);
    }
    if (const std::string wrong = read_filter(request, observe.filter); !wrong.empty()) {
        return invalid(fmt::format("'{}' is no value for {}", query_of(request, wrong), wrong));
    }
    return observe;
}

Answer<Session> read_session(const HttpRequest& request) {
    Session session;
    session.remote = query_of(request, "remote");
    session.local = query_of(request, "local");
    const auto port = read_number(request, "localPort", 0);
    if (!port || *port > 0xffff) {
        return invalid("localPort is a port");
    }
    session.local_port = static_cast<std::uint16_t>(*port);
    if (session.has_address() && (!IpAddress::parse(session.remote) || session.local_port == 0)) {
        return invalid("remote is an address, and localPort where it comes to");
    }
    return session;
}

}  // namespace tollgate::agent
