// SPDX-License-Identifier: MIT
#include "agent/core/dns_wire.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <type_traits>

#include <tollgate/abi/limits.h>

#include "policy/dns_name.hpp"

namespace tollgate::agent {

namespace {

using Number = std::uint32_t;
using Bytes = std::span<const std::byte>;

constexpr std::size_t kNameBytesMax = std::size_t{4} * TG_DNS_NAME_MAX;  // every byte as "\ddd"
constexpr std::size_t kHeaderBytes = 12;                                 // of a DNS message
constexpr std::size_t kTypeAndClassBytes = 4;
constexpr std::uint32_t kTtlMax = 0x7fffffff;  // RFC 2181, 8
constexpr std::uint8_t kFour = 4;
constexpr std::uint8_t kSix = 6;

struct AnswerAddress {
    std::array<std::uint8_t, 16> bytes{};  // of IPv4 the first four
    std::uint32_t ttl_s = 0;
    std::uint8_t family = 0;
    std::array<std::uint8_t, 3> zero{};
};
struct Answer {
    Number number = 0;
    std::uint8_t readable = 0;
    std::uint8_t addresses = 0;
    std::uint16_t name_bytes = 0;
    std::array<AnswerAddress, TG_DNS_RECORDS_MAX> address{};
    std::array<char, kNameBytesMax> name{};
};
static_assert(std::has_unique_object_representations_v<Answer>);

Bytes octets_of(const AnswerAddress& address) {
    return std::as_bytes(std::span{address.bytes}).first(address.family == kFour ? 4 : 16);
}

AnswerAddress to_wire(const policy::DnsAddress& address) {
    AnswerAddress wire;
    const bool four = address.address.is_ipv4();
    const auto& bytes = address.address.bytes;
    std::copy(bytes.begin() + (four ? 12 : 0), bytes.end(), wire.bytes.begin());
    wire.ttl_s = static_cast<std::uint32_t>(address.ttl.count());
    wire.family = four ? kFour : kSix;
    return wire;
}

policy::DnsAddress from_wire(const AnswerAddress& wire) {
    policy::DnsAddress address{{}, std::chrono::seconds{wire.ttl_s}};
    if (wire.family == kSix) {
        address.address.bytes = wire.bytes;
    } else {
        auto& bytes = address.address.bytes;
        bytes[10] = bytes[11] = 0xff;
        std::copy_n(wire.bytes.begin(), 4, bytes.begin() + 12);
    }
    return address;
}

Answer to_wire(Number number, const std::optional<DnsReading>& reading) {
    Answer wire;
    wire.number = number;
    if (reading) {
        wire.readable = 1;
        wire.addresses = static_cast<std::uint8_t>(reading->addresses.size());
        wire.name_bytes = static_cast<std::uint16_t>(reading->name.size());
        std::transform(reading->addresses.begin(),
                       reading->addresses.end(),
                       wire.address.begin(),
                       [](const policy::DnsAddress& address) { return to_wire(address); });
        std::copy(reading->name.begin(), reading->name.end(), wire.name.begin());
    }
    return wire;
}

bool is_same(std::byte in_message, std::byte lower_case) {
    const auto byte = std::to_integer<char>(in_message);
    const bool upper = byte >= 'A' && byte <= 'Z';
    return (upper ? static_cast<std::byte>(byte - 'A' + 'a') : in_message) == lower_case;
}

// What follows the question, if that asks for this name and does not compress it; else nothing.
std::optional<Bytes> behind_question(Bytes message, std::string_view name) {
    const auto labels = policy::dns_labels_of(name);
    if (!labels || message.size() < kHeaderBytes + labels->size() + kTypeAndClassBytes) {
        return std::nullopt;
    }
    const Bytes asked = message.subspan(kHeaderBytes, labels->size());
    if (!std::equal(asked.begin(), asked.end(), labels->begin(), is_same)) {
        return std::nullopt;
    }
    return message.subspan(kHeaderBytes + labels->size() + kTypeAndClassBytes);
}

Failure nonsense(std::string_view what) {
    return failure(EPROTO, "read a DNS message as " + std::string{what});
}

// The fields of an answer, as far as they can be told without the message.
Result<std::optional<DnsReading>> read_fields(const Answer& wire, Number asked) {
    if (wire.number != asked) {
        return nonsense("another one");
    }
    if (wire.readable > 1 || wire.addresses > wire.address.size() ||
        wire.name_bytes > wire.name.size()) {
        return nonsense("more than one can hold");
    }
    DnsReading reading{{wire.name.data(), wire.name_bytes}, {}};
    for (const AnswerAddress& address : std::span{wire.address}.first(wire.addresses)) {
        if ((address.family != kFour && address.family != kSix) || address.ttl_s > kTtlMax) {
            return nonsense("an address that is none");
        }
        reading.addresses.push_back(from_wire(address));
    }
    std::optional<DnsReading> whole;
    if (wire.readable == 1) {
        whole = std::move(reading);
    }
    // There is one way to write it: what is unused, or of an unreadable message, is zero.
    if (const Answer again = to_wire(asked, whole); std::memcmp(&wire, &again, sizeof wire) != 0) {
        return nonsense("what our own reader does not write");
    }
    return whole;
}

bool holds(Bytes records, const AnswerAddress& address) {
    const Bytes octets = octets_of(address);
    return std::search(records.begin(), records.end(), octets.begin(), octets.end()) !=
           records.end();
}

}  // namespace

std::vector<std::byte> dns_question(std::uint32_t number, Bytes message) {
    std::vector<std::byte> question(sizeof number + message.size());
    std::memcpy(question.data(), &number, sizeof number);
    std::copy(message.begin(), message.end(), question.begin() + sizeof number);
    return question;
}

std::size_t dns_answer_bytes() {
    return sizeof(Answer);
}

std::vector<std::byte> dns_answer(std::uint32_t number, const std::optional<DnsReading>& reading) {
    const Answer wire = to_wire(number, reading);
    const Bytes bytes = std::as_bytes(std::span{&wire, 1});
    return {bytes.begin(), bytes.end()};
}

std::vector<std::byte> answer_dns_question(Bytes question) {
    Number number = 0;
    std::memcpy(&number, question.data(), sizeof number);
    const Bytes message = question.subspan(sizeof number);
    const auto read = policy::read_dns_message(message);
    std::optional<DnsReading> reading;
    // The agent would not believe a name that the question compresses.
    if (read && read->questions.size() == 1 &&
        behind_question(message, read->questions.front().name)) {
        reading = DnsReading{read->questions.front().name, policy::addresses_of(*read)};
    }
    return dns_answer(number, reading);
}

Result<std::optional<DnsReading>> take_dns_answer(Bytes answer, Bytes question) {
    Answer wire;
    if (answer.size() != sizeof wire) {
        return nonsense("what is no answer");
    }
    std::memcpy(&wire, answer.data(), sizeof wire);
    Number asked = 0;
    std::memcpy(&asked, question.data(), sizeof asked);
    auto reading = read_fields(wire, asked);
    if (!reading || !*reading) {
        return reading;
    }
    const auto records = behind_question(question.subspan(sizeof asked), (*reading)->name);
    if (!records) {
        return nonsense("an answer to another question");
    }
    for (const AnswerAddress& address : std::span{wire.address}.first(wire.addresses)) {
        if (!holds(*records, address)) {
            return nonsense("an address that is not in it");
        }
    }
    return reading;
}

}  // namespace tollgate::agent
