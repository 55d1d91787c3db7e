// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "policy/dns_message.hpp"

namespace tollgate::agent {

/// What a DNS message says: the name that was asked for, as DnsQuestion has it, and its addresses.
struct DnsReading {
    std::string name;
    std::vector<policy::DnsAddress> addresses;
    bool operator==(const DnsReading&) const = default;
};

/// DNS messages by what became of them.
struct DnsCounts {
    std::uint64_t read = 0;
    std::uint64_t unreadable = 0;  ///< no DNS message with one question
    std::uint64_t lost = 0;        ///< nobody was there to read them, or the queue was full
    std::uint64_t refused = 0;     ///< what was said of them cannot be true
};

/// Has DNS messages read. For the loop's thread.
class DnsReader {
  public:
    /// @param reading  none: the message is not readable, or nobody has read it
    using Take = std::function<void(const std::optional<DnsReading>& reading)>;

    DnsReader() = default;
    DnsReader(const DnsReader&) = delete;
    DnsReader& operator=(const DnsReader&) = delete;
    virtual ~DnsReader() = default;

    /// Has a message read, without waiting for it. Those that are read are taken in the order of
    /// the calls.
    /// @param take  called once, now or later; never, if this object ends before
    virtual void read(std::span<const std::byte> message, Take take) = 0;
    /// Waits until all messages are taken, for an instant at most.
    virtual void settle() = 0;
    [[nodiscard]] virtual DnsCounts counts() const = 0;
};

}  // namespace tollgate::agent
