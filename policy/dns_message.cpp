// SPDX-License-Identifier: MIT
#include "policy/dns_message.hpp"

#include <algorithm>
#include <array>

#include <tollgate/abi/limits.h>

namespace tollgate::policy {
namespace {

constexpr unsigned kLabelMask = 0xc0;

void append_escaped(std::string& name, std::uint8_t byte) {
    const auto digit = [](unsigned value) {
        return static_cast<char>('0' + value);
    };
    if (byte >= 'A' && byte <= 'Z') {
        name += static_cast<char>(byte - 'A' + 'a');
    } else if (byte == '.' || byte == '\\') {
        name += '\\';
        name += static_cast<char>(byte);
    } else if (byte > ' ' && byte < 0x7f) {
        name += static_cast<char>(byte);
    } else {
        name += '\\';
        name += digit(byte / 100U);
        name += digit(byte / 10U % 10U);
        name += digit(byte % 10U);
    }
}

/// Takes fields from the front of a message. Everything after a field that could not be read fails
/// too, so that one look at failed() at the end of a record is enough.
class Reader {
  public:
    explicit Reader(std::span<const std::byte> message) : message_(message) {}

    [[nodiscard]] bool failed() const { return failed_; }
    [[nodiscard]] std::size_t position() const { return position_; }

    std::uint16_t take16() {
        const auto high = take8();
        return static_cast<std::uint16_t>(high << 8U | take8());
    }

    std::uint32_t take32() {
        const std::uint32_t high = take16();
        return high << 16U | take16();
    }

    std::span<const std::byte> take(std::size_t size) {
        if (failed_ || size > message_.size() - position_) {
            failed_ = true;
            return {};
        }
        position_ += size;
        return message_.subspan(position_ - size, size);
    }

    std::string take_name();

  private:
    std::uint8_t take8() {
        const auto byte = take(1);
        return byte.empty() ? std::uint8_t{0} : std::to_integer<std::uint8_t>(byte.front());
    }

    /// Appends one label to the name. @return its bytes on the wire; 0 at the root or on failure
    std::size_t take_label(std::string& name, unsigned length) {
        const auto label = take(length);
        if (!name.empty() && !label.empty()) {
            name += '.';
        }
        for (const std::byte byte : label) {
            append_escaped(name, std::to_integer<std::uint8_t>(byte));
        }
        return label.empty() ? 0 : label.size() + 1;
    }

    std::span<const std::byte> message_;
    std::size_t position_ = 0;
    bool failed_ = false;
};

std::string Reader::take_name() {
    std::string name;
    std::size_t wire_size = 1;         // the root's
    std::size_t limit = position_;     // a pointer must lead to before this
    std::optional<std::size_t> after;  // where the record goes on, once a pointer was followed
    while (!failed_) {
        const unsigned length = take8();
        if ((length & kLabelMask) == kLabelMask) {
            const std::size_t target = (length & ~kLabelMask) << 8U | take8();
            failed_ = failed_ || target >= limit;
            after = after.value_or(position_);
            limit = target;
            position_ = failed_ ? position_ : target;
            continue;
        }
        failed_ = failed_ || (length & kLabelMask) != 0;
        const std::size_t size = take_label(name, length);
        wire_size += size;
        failed_ = failed_ || wire_size > TG_DNS_NAME_MAX;
        if (size == 0) {
            break;
        }
    }
    position_ = after.value_or(position_);
    return name;
}

DnsQuestion take_question(Reader& reader) {
    DnsQuestion question;
    question.name = reader.take_name();
    question.type = reader.take16();
    question.record_class = reader.take16();
    return question;
}

IpAddress address_of(std::span<const std::byte> octets) {
    IpAddress address;
    if (octets.size() == 4) {
        address.bytes[10] = address.bytes[11] = 0xff;
    }
    std::transform(
        octets.begin(), octets.end(), address.bytes.end() - octets.size(), [](std::byte octet) {
            return std::to_integer<std::uint8_t>(octet);
        });
    return address;
}

/// @return nothing if the record's own lengths contradict
std::optional<DnsRecord> take_record(Reader& reader) {
    constexpr std::uint32_t kSign = 0x80000000;
    DnsRecord record;
    record.name = reader.take_name();
    record.type = reader.take16();
    record.record_class = reader.take16();
    const std::uint32_t ttl = reader.take32();
    record.ttl = std::chrono::seconds((ttl & kSign) != 0 ? 0 : ttl);
    const std::size_t length = reader.take16();
    const std::size_t end = reader.position() + length;
    switch (static_cast<DnsType>(record.type)) {
        case DnsType::a:
        case DnsType::aaaa: {
            const std::size_t expected =
                record.type == static_cast<std::uint16_t>(DnsType::a) ? 4 : 16;
            const auto octets = reader.take(length);
            if (octets.size() != expected) {
                return std::nullopt;
            }
            record.address = address_of(octets);
            break;
        }
        case DnsType::cname:
            record.target = reader.take_name();
            break;
        default:
            reader.take(length);
    }
    if (reader.failed() || reader.position() != end) {
        return std::nullopt;
    }
    return record;
}

}  // namespace

std::optional<DnsMessage> read_dns_message(std::span<const std::byte> message) {
    Reader reader(message);
    DnsMessage result;
    result.id = reader.take16();
    result.flags = reader.take16();
    const std::size_t questions = reader.take16();
    const std::size_t answers = reader.take16();
    reader.take32();  // authority and additional records: not read
    if (questions > TG_DNS_RECORDS_MAX) {
        return std::nullopt;
    }
    for (std::size_t i = 0; i < questions && !reader.failed(); ++i) {
        result.questions.push_back(take_question(reader));
    }
    for (std::size_t i = 0; i < std::min<std::size_t>(answers, TG_DNS_RECORDS_MAX); ++i) {
        auto record = take_record(reader);
        if (!record) {
            return std::nullopt;
        }
        result.answers.push_back(std::move(*record));
    }
    return reader.failed() ? std::nullopt : std::optional(std::move(result));
}

std::vector<DnsAddress> addresses_of(const DnsMessage& message) {
    std::vector<DnsAddress> addresses;
    if (!message.is_response() || message.opcode() != 0 || message.rcode() != 0 ||
        message.questions.size() != 1) {
        return addresses;
    }
    std::string current = message.questions.front().name;
    for (const DnsRecord& record : message.answers) {
        if (record.record_class != kDnsClassIn || record.name != current) {
            continue;
        }
        if (record.address) {
            addresses.push_back({*record.address, record.ttl});
        } else if (record.type == static_cast<std::uint16_t>(DnsType::cname)) {
            current = record.target;
        }
    }
    return addresses;
}

}  // namespace tollgate::policy
