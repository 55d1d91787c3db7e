// SPDX-License-Identifier: MIT
#include "agent/flowlog/ipfix_fields.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>

#include <netinet/in.h>

#include "agent/flowlog/big_endian.hpp"

namespace tollgate::agent::ipfix {

namespace {

constexpr std::array kFields{
    Field{Element::flow_start_milliseconds, 8},
    Field{Element::flow_end_milliseconds, 8},
    Field{Element::source_ipv4_address, 4, kIpv6, 0},
    Field{Element::destination_ipv4_address, 4, kIpv6, 0},
    Field{Element::source_ipv6_address, 16, kIpv6, kIpv6},
    Field{Element::destination_ipv6_address, 16, kIpv6, kIpv6},
    Field{Element::source_transport_port, 2, kIcmp, 0},
    Field{Element::destination_transport_port, 2, kIcmp, 0},
    Field{Element::icmp_type_code_ipv4, 2, kIcmp | kIpv6, kIcmp},
    Field{Element::icmp_type_code_ipv6, 2, kIcmp | kIpv6, kIcmp | kIpv6},
    Field{Element::protocol_identifier, 1},
    // IANA has 16 bits, and allows to leave out the upper eight if they are zero.
    Field{Element::tcp_control_bits, 1, kIcmp | kDrop, kDrop},
    Field{Element::packet_delta_count, 8},
    Field{Element::octet_delta_count, 8, kDrop, 0},
    Field{Element::packet_delta_count, 8, kDrop, 0, true},
    Field{Element::octet_delta_count, 8, kDrop, 0, true},
    Field{Element::biflow_direction, 1, kDrop, 0},
    Field{Element::flow_end_reason, 1, kDrop, 0},
    Field{Element::flow_direction, 1},
    Field{Element::firewall_event, 1},
    Field{Element::forwarding_status, 1},
    Field{Element::interface_name, kVariableLength},
    Field{Element::exporting_process_id, 4, 0, kLoss},
    Field{Element::observation_time_milliseconds, 8, 0, kLoss},
    Field{Element::not_sent_flow_total_count, 8, 0, kLoss},
    Field{Element::not_sent_packet_total_count, 8, 0, kLoss},
};

// Of forwardingStatus: the upper two bits say what became of it, the others why.
constexpr std::uint8_t kForwarded = 1U << 6U;
constexpr std::uint8_t kDropped = 2U << 6U;

constexpr std::uint32_t kOnlyExporter = 1;
constexpr std::size_t kLongestText = 254;  // with one byte of length: RFC 7011, 7

bool comes_in(const FlowLogRecord& record) {
    return record.flow.direction == policy::Direction::ingress;
}

std::size_t forwards(const FlowLogRecord& record) {
    return comes_in(record) ? TG_INGRESS : TG_EGRESS;
}

std::size_t backwards(const FlowLogRecord& record) {
    return comes_in(record) ? TG_EGRESS : TG_INGRESS;
}

const IpAddress& source(const FlowLogRecord& record) {
    return comes_in(record) ? record.flow.remote : record.flow.local;
}

const IpAddress& destination(const FlowLogRecord& record) {
    return comes_in(record) ? record.flow.local : record.flow.remote;
}

std::uint64_t milliseconds(policy::Timestamp time) {
    const auto since = std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch());
    return static_cast<std::uint64_t>(std::max<std::int64_t>(since.count(), 0));
}

// A drop may have its last packet's time only.
policy::Timestamp first_seen(const policy::FlowRecord& flow) {
    return flow.first_seen == policy::Timestamp{} ? flow.last_seen : flow.first_seen;
}

std::uint8_t biflow_direction(const FlowLogRecord& record) {
    return record.flow.assured ? 0 : 1;  // arbitrary; by who sent the first packet
}

std::uint8_t flow_end_reason(const FlowLogRecord& record) {
    switch (record.end) {
        case FlowEnd::idle:
            return 1;
        case FlowEnd::none:
            return 2;  // active timeout: it goes on
        case FlowEnd::closed:
            return 3;
        case FlowEnd::revoked:
        case FlowEnd::stopped:
            return 4;  // forced end
        case FlowEnd::evicted:
            return 5;  // lack of resources
    }
    return 0;
}

std::uint8_t firewall_event(const FlowLogRecord& record) {
    switch (record.type) {
        case FlowLogType::end:
            return 2;  // flow deleted
        case FlowLogType::drop:
            return 3;  // flow denied
        case FlowLogType::would_drop:
            return 4;  // flow alert
        case FlowLogType::interval:
            return 5;  // flow update
        case FlowLogType::lost:
            break;
    }
    return 0;
}

std::uint8_t forwarding_status(const FlowLogRecord& record) {
    if (record.type != FlowLogType::drop) {
        return kForwarded;
    }
    switch (record.reason) {
        case TG_DROP_POLICY_DENY:
        case TG_DROP_BLOCKLIST:
            return kDropped | 1U;  // ACL deny
        case TG_DROP_POLICY_DEFAULT:
        case TG_DROP_RULE_EXPIRED:
            return kDropped | 2U;  // ACL drop
        case TG_DROP_IPV4_CHECKSUM:
            return kDropped | 6U;  // bad header checksum
        case TG_DROP_IPV4_HEADER:
            return kDropped | 8U;  // bad header length
        case TG_DROP_RATE_LIMIT:
            return kDropped | 10U;  // policer
        default:
            return kDropped;
    }
}

std::uint64_t flows_not_sent(const FlowLogLosses& losses) {
    return losses.flows + losses.ends + losses.records;
}

// IPv4: the last four bytes of the mapped address.
void append_address(std::string& bytes, const IpAddress& address, std::uint16_t length) {
    bytes.append(address.bytes.end() - length, address.bytes.end());
}

void append_text(std::string& bytes, std::string_view text) {
    text = text.substr(0, kLongestText);
    append_big_endian(bytes, static_cast<std::uint8_t>(text.size()));
    bytes += text;
}

}  // namespace

std::span<const Field> fields() {
    return kFields;
}

TemplateBits template_of(const FlowLogRecord& record) {
    if (record.type == FlowLogType::lost) {
        return kLoss;
    }
    const auto& flow = record.flow;
    const bool ipv6 = !flow.remote.is_ipv4();
    const bool icmp = flow.protocol == IPPROTO_ICMP || flow.protocol == IPPROTO_ICMPV6;
    const bool drop = record.type == FlowLogType::drop || record.type == FlowLogType::would_drop;
    return static_cast<TemplateBits>((ipv6 ? kIpv6 : 0) | (icmp ? kIcmp : 0) | (drop ? kDrop : 0));
}

void append_value(std::string& bytes, const Field& field, const FlowLogRecord& record) {
    const auto& flow = record.flow;
    const std::size_t way = field.reverse ? backwards(record) : forwards(record);
    switch (field.element) {
        case Element::flow_start_milliseconds:
            return append_big_endian(bytes, milliseconds(first_seen(flow)));
        case Element::flow_end_milliseconds:
        case Element::observation_time_milliseconds:
            return append_big_endian(bytes, milliseconds(flow.last_seen));
        case Element::source_ipv4_address:
        case Element::source_ipv6_address:
            return append_address(bytes, source(record), field.length);
        case Element::destination_ipv4_address:
        case Element::destination_ipv6_address:
            return append_address(bytes, destination(record), field.length);
        case Element::source_transport_port:
            return append_big_endian(bytes, comes_in(record) ? flow.remote_port : flow.local_port);
        case Element::destination_transport_port:
            return append_big_endian(bytes, comes_in(record) ? flow.local_port : flow.remote_port);
        case Element::icmp_type_code_ipv4:
        case Element::icmp_type_code_ipv6:
            return append_big_endian(bytes, static_cast<std::uint16_t>(flow.icmp_type << 8U));
        case Element::protocol_identifier:
            return append_big_endian(bytes, flow.protocol);
        case Element::tcp_control_bits:
            return append_big_endian(bytes, record.tcp_flags);
        case Element::packet_delta_count:
            return append_big_endian(bytes, flow.packets.at(way));
        case Element::octet_delta_count:
            return append_big_endian(bytes, flow.bytes.at(way));
        case Element::biflow_direction:
            return append_big_endian(bytes, biflow_direction(record));
        case Element::flow_end_reason:
            return append_big_endian(bytes, flow_end_reason(record));
        case Element::flow_direction:
            return append_big_endian(bytes, static_cast<std::uint8_t>(comes_in(record) ? 0 : 1));
        case Element::firewall_event:
            return append_big_endian(bytes, firewall_event(record));
        case Element::forwarding_status:
            return append_big_endian(bytes, forwarding_status(record));
        case Element::interface_name:
            return append_text(bytes, record.interface);
        case Element::exporting_process_id:
            return append_big_endian(bytes, kOnlyExporter);
        case Element::not_sent_flow_total_count:
            return append_big_endian(bytes, flows_not_sent(record.losses));
        case Element::not_sent_packet_total_count:
            return append_big_endian(bytes, record.losses.drops);
    }
}

}  // namespace tollgate::agent::ipfix
