// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "agent/flowlog/record.hpp"

/// The templates of the IPFIX export: which information elements a record has, and how they are
/// written.
namespace tollgate::agent::ipfix {

/// IANA's information elements, by the names that they have there.
enum class Element : std::uint16_t {
    octet_delta_count = 1,
    packet_delta_count = 2,
    protocol_identifier = 4,
    tcp_control_bits = 6,
    source_transport_port = 7,
    source_ipv4_address = 8,
    destination_transport_port = 11,
    destination_ipv4_address = 12,
    source_ipv6_address = 27,
    destination_ipv6_address = 28,
    icmp_type_code_ipv4 = 32,
    flow_direction = 61,
    interface_name = 82,
    forwarding_status = 89,
    flow_end_reason = 136,
    icmp_type_code_ipv6 = 139,
    exporting_process_id = 144,
    flow_start_milliseconds = 152,
    flow_end_milliseconds = 153,
    not_sent_flow_total_count = 166,
    not_sent_packet_total_count = 167,
    firewall_event = 233,
    biflow_direction = 239,
    observation_time_milliseconds = 323,
};

/// What a template is for: bits that make up its number. A record of dropped packets has no reverse
/// direction, no bytes and no end; one of ICMP has a type in place of ports. One of losses has none
/// of their fields: it is an options record about the exporter itself (RFC 7011, 4.3).
enum TemplateBit : std::uint8_t {
    kIpv6 = 1 << 0,
    kIcmp = 1 << 1,
    kDrop = 1 << 2,
    kLoss = 1 << 3,
};
using TemplateBits = std::uint8_t;

inline constexpr TemplateBits kTemplates = 8;         ///< all combinations but with kLoss
inline constexpr std::uint16_t kFirstTemplate = 256;  ///< the least that RFC 7011, 3.4.1 allows
inline constexpr std::uint16_t kVariableLength = 0xffff;
inline constexpr std::uint32_t kReverseElements = 29305;  ///< enterprise number of RFC 5103

/// One field of a template.
struct Field {
    Element element;
    std::uint16_t length;    ///< bytes, or kVariableLength
    TemplateBits mask = 0;   ///< which bits besides kLoss decide whether a template has it,
    TemplateBits value = 0;  ///< and what they have to be
    bool reverse = false;    ///< of the direction against that of the first packet

    [[nodiscard]] bool is_in(TemplateBits bits) const { return (bits & (mask | kLoss)) == value; }
};

/// In the order in which they are sent.
[[nodiscard]] std::span<const Field> fields();

/// The template of a record.
[[nodiscard]] TemplateBits template_of(const FlowLogRecord& record);

/// Adds the value that a record has of a field; its losses are totals by then. @pre the field is in
/// the record's template
void append_value(std::string& bytes, const Field& field, const FlowLogRecord& record);

}  // namespace tollgate::agent::ipfix
