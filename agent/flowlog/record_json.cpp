// SPDX-License-Identifier: MIT
#include "agent/flowlog/record_json.hpp"

#include <algorithm>
#include <iterator>

#include <netinet/in.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <tollgate/result.hpp>

#include "policy/notation.hpp"

namespace tollgate::agent {

namespace {

bool is_plain(char c) {
    return c >= ' ' && c <= '~' && c != '"' && c != '\\';
}

// DEL and U+0080 to U+009F may stand in JSON as they are, but terminals obey them, and journalctl
// shows a text with one of them as a list of bytes.
void append_without_controls(std::string& text, std::string_view json) {
    constexpr unsigned char kDelete = 0x7f;
    constexpr unsigned char kTwoBytes = 0xc2;  // before the byte of U+0080 to U+00BF
    constexpr unsigned char kLastControl = 0x9f;
    for (std::size_t at = 0; at < json.size(); ++at) {
        const auto byte = static_cast<unsigned char>(json[at]);
        const auto next = static_cast<unsigned char>(at + 1 < json.size() ? json[at + 1] : '\0');
        if (byte == kDelete) {
            text += "\\u007f";
        } else if (byte == kTwoBytes && next <= kLastControl) {
            fmt::format_to(std::back_inserter(text), "\\u{:04x}", next);
            ++at;
        } else {
            text += json[at];
        }
    }
}

void append_string(std::string& text, std::string_view value) {
    if (std::all_of(value.begin(), value.end(), is_plain)) {
        text += '"';
        text += value;
        text += '"';
        return;
    }
    append_without_controls(
        text,
        nlohmann::json(value).dump(
            -1, ' ', /*ensure_ascii=*/false, nlohmann::json::error_handler_t::replace));
}

// Writes the members of one object, in the order of the calls.
class Object {
  public:
    explicit Object(std::string& text) : text_{text} { text_ += '{'; }
    Object(const Object&) = delete;
    Object& operator=(const Object&) = delete;
    ~Object() { text_ += '}'; }

    void add(std::string_view key, std::string_view value) {
        begin(key);
        append_string(text_, value);
    }
    void add(std::string_view key, std::uint64_t value) {
        begin(key);
        fmt::format_to(std::back_inserter(text_), "{}", value);
    }
    void add_flag(std::string_view key, bool value) {
        begin(key);
        text_ += value ? "true" : "false";
    }
    void add_if_any(std::string_view key, std::string_view value) {
        if (!value.empty()) {
            add(key, value);
        }
    }
    void add_if_any(std::string_view key, std::uint64_t value) {
        if (value != 0) {
            add(key, value);
        }
    }
    Object add_object(std::string_view key) {
        begin(key);
        return Object{text_};
    }

  private:
    void begin(std::string_view key) {
        text_ += is_first_ ? "\"" : ",\"";
        text_ += key;
        text_ += "\":";
        is_first_ = false;
    }

    std::string& text_;
    bool is_first_ = true;
};

// RFC 3339 in UTC: the data path's clock ticks every few milliseconds.
std::string time_text(policy::Timestamp at) {
    const auto second = std::chrono::floor<std::chrono::seconds>(at);
    std::string text = policy::to_text(policy::WallTime{second});
    text.pop_back();  // the Z
    const auto rest = std::chrono::floor<std::chrono::milliseconds>(at - second);
    fmt::format_to(std::back_inserter(text), ".{:03}Z", rest.count());
    return text;
}

bool is_icmp(std::uint8_t protocol) {
    return protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6;
}

bool tells_of_flow(const FlowLogRecord& record) {
    return record.type == FlowLogType::interval || record.type == FlowLogType::end;
}

// Of a frame that is not IP, or not whole, the MAC address stands for protocol and addresses.
void add_sides(Object& object, const FlowLogRecord& record) {
    const policy::FlowRecord& flow = record.flow;
    if (flow.protocol != 0) {
        object.add("protocol", policy::protocol_text(flow.protocol));
    }
    if (flow.protocol != 0 || flow.remote != IpAddress{}) {
        object.add("remote", flow.remote.to_string());
        object.add_if_any("remoteName", record.remote_name);
    } else if (flow.remote_mac != MacAddress{}) {
        object.add("remoteMac", flow.remote_mac.to_string());
    }
    object.add_if_any("peer", flow.peer);
    if (flow.protocol != 0) {
        object.add("remotePort", flow.remote_port);
    }
    if (flow.protocol != 0 || flow.remote != IpAddress{}) {
        object.add("local", flow.local.to_string());
    }
    if (flow.protocol != 0) {
        object.add("localPort", flow.local_port);
    }
    if (is_icmp(flow.protocol)) {
        object.add("icmpType", flow.icmp_type);
    }
    if (flow.protocol == IPPROTO_TCP && !tells_of_flow(record)) {
        object.add("tcpFlags", policy::tcp_flags_text(record.tcp_flags));
    }
}

using PerDirection = std::array<std::uint64_t, TG_DIRECTIONS>;

void add_counters(Object& object, const PerDirection& packets, const PerDirection& bytes) {
    for (const auto direction : {TG_INGRESS, TG_EGRESS}) {
        Object way = object.add_object(policy::to_text(static_cast<policy::Direction>(direction)));
        way.add("packets", packets.at(direction));
        way.add("bytes", bytes.at(direction));
    }
}

void add_carried(Object& object, const FlowLogRecord& record) {
    const policy::FlowRecord& flow = record.flow;
    object.add("packets", flow.packets[TG_INGRESS] + flow.packets[TG_EGRESS]);
    if (!tells_of_flow(record)) {
        return;
    }
    object.add("bytes", flow.bytes[TG_INGRESS] + flow.bytes[TG_EGRESS]);
    add_counters(object, flow.packets, flow.bytes);
    Object total = object.add_object("total");
    add_counters(total, record.total_packets, record.total_bytes);
}

void add_flow(Object& object, const FlowLogRecord& record) {
    const policy::FlowRecord& flow = record.flow;
    object.add_if_any("end", label(record.end));
    if (tells_of_flow(record)) {
        object.add("firstSeen", time_text(flow.first_seen));
    }
    object.add("direction", policy::to_text(flow.direction));
    object.add("interface", record.interface);
    object.add("link", policy::label(flow.link));
    add_sides(object, record);
    if (tells_of_flow(record)) {
        object.add_flag("answered", flow.answered);
    }
    object.add("verdict", record.type == FlowLogType::drop ? "drop" : "pass");
    if (record.reason != TG_DROP_NONE) {
        object.add("reason", tollgate::label(static_cast<DropReason>(record.reason)));
    }
    object.add_if_any("rule", record.rule);
    object.add("generation", record.generation);
    add_carried(object, record);
}

void add_losses(Object& object, const FlowLogLosses& losses) {
    Object lost = object.add_object("lost");
    lost.add_if_any("flows", losses.flows);
    lost.add_if_any("ends", losses.ends);
    lost.add_if_any("drops", losses.drops);
    lost.add_if_any("records", losses.records);
}

}  // namespace

void append_json(std::string& text, const FlowLogRecord& record) {
    Object object{text};
    object.add("apiVersion", "tollgate/v1");
    object.add("kind", "FlowLog");
    object.add("time", time_text(record.flow.last_seen));
    object.add("type", label(record.type));
    if (record.type == FlowLogType::lost) {
        add_losses(object, record.losses);
    } else {
        add_flow(object, record);
    }
}

}  // namespace tollgate::agent
