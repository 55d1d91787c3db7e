// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/support/frame.hpp"

/// Builds DNS messages (RFC 1035, 4.1).
namespace tollgate::test {

inline constexpr unsigned kTypeA = 1;
inline constexpr unsigned kTypeCname = 5;
inline constexpr unsigned kTypeAaaa = 28;
inline constexpr unsigned kQuestionPointer = 0xc00c;  ///< compression: the question's name

/// A name as labels.
inline Bytes dns_name(std::string_view name) {
    Bytes wire;
    while (!name.empty()) {
        const std::string_view label = name.substr(0, name.find('.'));
        append8(wire, static_cast<unsigned>(label.size()));
        append(wire, text(label));
        name.remove_prefix(std::min(name.size(), label.size() + 1));
    }
    append8(wire, 0);
    return wire;
}

struct DnsRecord {
    Bytes owner;  ///< empty: a pointer to the question's name
    unsigned type = kTypeA;
    Bytes data;
    std::uint32_t ttl = 60;
    unsigned dns_class = 1;
};

/// A or AAAA, by the family of the address.
inline DnsRecord address_record(std::string_view owner,
                                const IpAddress& address,
                                std::uint32_t ttl = 60) {
    const auto all = std::as_bytes(std::span(address.bytes));
    const auto used = all.subspan(address.is_ipv4() ? 12 : 0);
    return {owner.empty() ? Bytes{} : dns_name(owner),
            address.is_ipv4() ? kTypeA : kTypeAaaa,
            Bytes(used.begin(), used.end()),
            ttl,
            1};
}

inline DnsRecord cname_record(std::string_view owner, std::string_view target) {
    return {owner.empty() ? Bytes{} : dns_name(owner), kTypeCname, dns_name(target), 60, 1};
}

struct DnsMessage {
    std::uint16_t id = 0x1234;
    unsigned flags = 0x0100;  ///< 0x8180: an answer without error
    std::string name = "example.com";
    unsigned type = kTypeA;
    unsigned questions = 1;
    std::vector<DnsRecord> answers{};

    [[nodiscard]] Bytes wire() const {
        Bytes message;
        append16(message, id);
        append16(message, flags);
        append16(message, questions);
        append16(message, static_cast<unsigned>(answers.size()));
        append32(message, 0);
        append(message, dns_name(name));
        append16(message, type);
        append16(message, 1);
        for (const DnsRecord& record : answers) {
            if (record.owner.empty()) {
                append16(message, kQuestionPointer);
            } else {
                append(message, record.owner);
            }
            append16(message, record.type);
            append16(message, record.dns_class);
            append32(message, record.ttl);
            append16(message, static_cast<unsigned>(record.data.size()));
            append(message, record.data);
        }
        return message;
    }
};

/// A query for this name.
inline DnsMessage dns_query(std::string name) {
    DnsMessage message;
    message.name = std::move(name);
    return message;
}

/// An answer to it without error.
inline DnsMessage dns_answer(std::string name, std::vector<DnsRecord> answers) {
    DnsMessage message = dns_query(std::move(name));
    message.flags = 0x8180;
    message.answers = std::move(answers);
    return message;
}

}  // namespace tollgate::test
