// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "agent/flowlog/record.hpp"

namespace tollgate::agent {

/// What every IPFIX message begins with, besides its version and length (RFC 7011, 3.1).
struct IpfixHeader {
    std::uint32_t export_time = 0;  ///< seconds since 1970
    std::uint32_t sequence = 0;     ///< data records of this transport session before this message
    std::uint32_t domain = 0;       ///< observation domain
};

/// Bytes that every message must have room for: the templates need 540, and 548 is what the least
/// IPv4 packet that everybody takes (576 bytes) leaves of a UDP datagram.
inline constexpr std::size_t kIpfixLeastBytes = 548;
/// The length of a message has 16 bits.
inline constexpr std::size_t kIpfixMostBytes = 65535;

/// One IPFIX message in the making: the templates, or flow log records as data records (RFC 7011).
/// Information elements are IANA's; what was carried in the other direction than that of the first
/// packet is in their reverse elements (RFC 5103, 6.1). docs/flow-log.md lists the fields.
class IpfixMessage {
  public:
    /// @param limit  bytes of the whole message, from kIpfixLeastBytes to kIpfixMostBytes
    explicit IpfixMessage(std::size_t limit);

    /// Adds the templates of flows and drops. @pre the message is empty
    void add_templates();
    /// Adds the options template of losses. @pre the message is empty
    void add_options_template();
    /// Adds a data record. @return false: the message has no room for it and is as it was; an empty
    /// one has room for any
    [[nodiscard]] bool add(const FlowLogRecord& record);

    /// Data records so far.
    [[nodiscard]] std::uint32_t records() const { return records_; }
    /// The message as it is sent. Nothing can be added any more.
    [[nodiscard]] std::string finish(const IpfixHeader& header);

  private:
    void begin_set(std::uint16_t id);
    void end_set();

    std::size_t limit_;
    std::string bytes_;
    std::size_t set_begin_ = 0;  ///< of the open set; 0: none is open
    std::uint16_t set_id_ = 0;
    std::uint32_t records_ = 0;
};

}  // namespace tollgate::agent
