// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <tollgate/ip.hpp>

namespace tollgate::policy {

/// Types of records that are understood (RFC 1035, 3.2.2; RFC 3596).
enum class DnsType : std::uint16_t { a = 1, cname = 5, aaaa = 28 };

inline constexpr std::uint16_t kDnsClassIn = 1;

/// Names are in presentation form (RFC 1035, 5.1): lower case, no final dot, "." and "\" inside a
/// label and bytes that cannot be printed escaped. The root is "".
struct DnsQuestion {
    std::string name;
    std::uint16_t type = 0;
    std::uint16_t record_class = 0;
    bool operator==(const DnsQuestion&) const = default;
};

struct DnsRecord {
    std::string name;
    std::uint16_t type = 0;
    std::uint16_t record_class = 0;    ///< mDNS: with the cache-flush bit 0x8000
    std::chrono::seconds ttl{0};       ///< 0 if the top bit was set (RFC 2181, 8)
    std::optional<IpAddress> address;  ///< of A and AAAA
    std::string target;                ///< of CNAME
    bool operator==(const DnsRecord&) const = default;
};

/// The header, the questions and the answers of a DNS message; authority and additional records are
/// not read.
struct DnsMessage {
    std::uint16_t id = 0;
    std::uint16_t flags = 0;  ///< as in the header, host order
    std::vector<DnsQuestion> questions;
    std::vector<DnsRecord> answers;  ///< at most TG_DNS_RECORDS_MAX

    [[nodiscard]] bool is_response() const { return (flags & 0x8000U) != 0; }
    [[nodiscard]] unsigned opcode() const { return (flags >> 11U) & 0xfU; }
    [[nodiscard]] unsigned rcode() const { return flags & 0xfU; }
};

/// Reads a DNS message (RFC 1035, 4.1), as carried by UDP; mDNS and LLMNR have the same form. Reads
/// bounded amounts: names of at most 255 bytes whose compression pointers only lead backwards, at
/// most TG_DNS_RECORDS_MAX questions and as many answers.
/// @return nothing if the message ends early, a name is too long, loops or has a label type other
///         than 00 and 11, or a length contradicts its record
[[nodiscard]] std::optional<DnsMessage> read_dns_message(std::span<const std::byte> message);

/// An address that an answer gives for the name that was asked for.
struct DnsAddress {
    IpAddress address;
    std::chrono::seconds ttl{0};
    bool operator==(const DnsAddress&) const = default;
};

/// The addresses of a successful answer to one question: beginning with the question's name, CNAME
/// records in order lead on, A and AAAA records of the current name count (docs/packet-path.md,
/// section 8). Empty for anything else.
[[nodiscard]] std::vector<DnsAddress> addresses_of(const DnsMessage& message);

}  // namespace tollgate::policy
