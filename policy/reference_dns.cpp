// SPDX-License-Identifier: MIT
#include "policy/reference_dns.hpp"

#include <algorithm>
#include <cctype>
#include <optional>
#include <vector>

#include <tollgate/abi/limits.h>

namespace tollgate::policy {
namespace {

using Bytes = std::span<const std::byte>;

constexpr std::size_t kUdpHeader = 8;
constexpr std::size_t kHeader = 12;
constexpr std::uint16_t kTypeA = 1;
constexpr std::uint16_t kTypeCname = 5;
constexpr std::uint16_t kTypeAaaa = 28;
constexpr std::uint16_t kClassIn = 1;

// Reads a message from its header on, never past its end (RFC 1035, 4.1).
class Cursor {
  public:
    explicit Cursor(Bytes message) : message_(message) {}

    std::optional<std::uint16_t> u16() {
        if (left() < 2) {
            return std::nullopt;
        }
        offset_ += 2;
        return be16_at(message_, offset_ - 2);
    }

    std::optional<std::uint32_t> u32() {
        const auto high = u16();
        const auto low = u16();
        if (!high || !low) {
            return std::nullopt;
        }
        return std::uint32_t{*high} << 16U | *low;
    }

    std::optional<std::string> name() {
        auto [text, end] = name_at(offset_);
        if (text) {
            offset_ = end;
        }
        return text;
    }

    std::optional<Bytes> bytes(std::size_t count) {
        if (left() < count) {
            return std::nullopt;
        }
        offset_ += count;
        return message_.subspan(offset_ - count, count);
    }

    // A name inside the last `back` bytes that were read; the cursor stays.
    [[nodiscard]] std::optional<std::string> name_before(std::size_t back) const {
        return name_at(offset_ - back).first;
    }

  private:
    [[nodiscard]] std::size_t left() const { return message_.size() - offset_; }

    // The name in lower case without the final dot, and where the bytes behind it begin. Pointers
    // only lead backwards, so that no name is endless.
    [[nodiscard]] std::pair<std::optional<std::string>, std::size_t> name_at(std::size_t at) const {
        std::string text;
        std::optional<std::size_t> end;
        std::size_t wire_bytes = 1;
        while (at < message_.size()) {
            const std::uint8_t length = byte_at(message_, at);
            if (length == 0) {
                return {text, end.value_or(at + 1)};
            }
            if ((length & 0xc0U) == 0xc0) {
                if (at + 2 > message_.size()) {
                    break;
                }
                const std::size_t target = be16_at(message_, at) & 0x3fffU;
                end = end.value_or(at + 2);
                if (target >= at) {
                    break;
                }
                at = target;
                continue;
            }
            wire_bytes += 1U + length;
            if (length > 63 || at + 1 + length > message_.size() || wire_bytes > TG_DNS_NAME_MAX) {
                break;
            }
            if (!append_label(text, message_.subspan(at + 1, length))) {
                break;
            }
            at += 1U + length;
        }
        return {std::nullopt, 0};
    }

    // A dot within a label would make two names look like one.
    static bool append_label(std::string& text, Bytes label) {
        if (!text.empty()) {
            text += '.';
        }
        for (const std::byte byte : label) {
            const auto letter = std::to_integer<unsigned char>(byte);
            if (letter == '.') {
                return false;
            }
            text += static_cast<char>(letter >= 'A' && letter <= 'Z' ? letter + 32 : letter);
        }
        return true;
    }

    Bytes message_;
    std::size_t offset_ = 0;
};

struct Header {
    std::uint16_t id = 0;
    std::uint16_t flags = 0;
    std::uint16_t questions = 0;
    std::uint16_t answers = 0;

    [[nodiscard]] bool response() const { return (flags & 0x8000U) != 0; }
    [[nodiscard]] unsigned opcode() const { return flags >> 11U & 0xfU; }
    [[nodiscard]] unsigned rcode() const { return flags & 0xfU; }
};

std::optional<Header> read_header(Cursor& cursor) {
    const auto bytes = cursor.bytes(kHeader);
    if (!bytes) {
        return std::nullopt;
    }
    return Header{be16_at(*bytes, 0), be16_at(*bytes, 2), be16_at(*bytes, 4), be16_at(*bytes, 6)};
}

std::optional<ReferenceDns::Question> read_question(Cursor& cursor) {
    auto name = cursor.name();
    const auto type_and_class = cursor.u32();
    if (!name || !type_and_class) {
        return std::nullopt;
    }
    return ReferenceDns::Question{*std::move(name), *type_and_class};
}

struct Record {
    std::string owner;
    std::uint16_t type = 0;
    std::uint16_t dns_class = 0;
    std::uint32_t ttl = 0;
    Bytes data;
};

std::optional<Record> read_record(Cursor& cursor) {
    const auto owner = cursor.name();
    const auto type = cursor.u16();
    const auto dns_class = cursor.u16();
    const auto ttl = cursor.u32();
    const auto size = cursor.u16();
    const auto bytes = size ? cursor.bytes(*size) : std::nullopt;
    if (!owner || !type || !dns_class || !ttl || !bytes) {
        return std::nullopt;
    }
    return Record{*owner, *type, *dns_class, *ttl, *bytes};
}

std::optional<IpAddress> address_of(const Record& record) {
    IpAddress address;
    if (record.type == kTypeA && record.data.size() == 4) {
        address.bytes[10] = address.bytes[11] = 0xff;
        std::transform(
            record.data.begin(), record.data.end(), address.bytes.begin() + 12, [](std::byte b) {
                return std::to_integer<std::uint8_t>(b);
            });
        return address;
    }
    if (record.type == kTypeAaaa && record.data.size() == 16) {
        std::transform(
            record.data.begin(), record.data.end(), address.bytes.begin(), [](std::byte b) {
                return std::to_integer<std::uint8_t>(b);
            });
        return address;
    }
    return std::nullopt;
}

using Patterns = std::vector<NamePattern>;

void add_patterns(std::set<NamePattern>& to, const Patterns& known, const std::string& name) {
    for (const NamePattern& pattern : known) {
        if (pattern.matches(name)) {
            to.insert(pattern);
        }
    }
}

BootTime lifetime(std::uint32_t ttl_s) {
    const auto kept_s = std::clamp<std::uint32_t>(ttl_s, TG_DNS_TTL_FLOOR_S, TG_DNS_TTL_CEILING_S);
    return std::chrono::seconds(kept_s);
}

// An address, and the policy's patterns that the names leading to it match.
struct Admitted {
    IpAddress address;
    std::set<NamePattern> patterns;
    BootTime lifetime{0};
};

// Follows the records in order, beginning with the question's name, up to the first broken one.
std::vector<Admitted> read_addresses(Cursor& cursor,
                                     unsigned records,
                                     const std::string& question,
                                     const Patterns& known) {
    std::vector<Admitted> admitted;
    std::set<NamePattern> patterns;
    std::optional<std::string> current = question;
    add_patterns(patterns, known, *current);
    for (unsigned i = 0; i < records; ++i) {
        const auto record = read_record(cursor);
        if (!record) {
            break;
        }
        if (record->dns_class != kClassIn || record->owner != *current) {
            continue;
        }
        if (const auto address = address_of(*record)) {
            admitted.push_back({*address, patterns, lifetime(record->ttl)});
        }
        if (record->type != kTypeCname) {
            continue;
        }
        current = cursor.name_before(record->data.size());
        if (!current) {
            break;
        }
        add_patterns(patterns, known, *current);
    }
    return admitted;
}

Bytes message_of(const PacketView& view) {
    const Bytes datagram = view.transport();
    const std::size_t bytes = std::min<std::size_t>(be16_at(datagram, 4), datagram.size());
    return datagram.first(bytes).subspan(kUdpHeader);
}

}  // namespace

void ReferenceDns::read(const PacketView& view, const Patterns& known) {
    if (view.ingress()) {
        read_answer(view, known);
    } else {
        read_query(view);
    }
}

void ReferenceDns::read_query(const PacketView& view) {
    const Bytes message = message_of(view);
    Cursor cursor(message.first(std::min<std::size_t>(message.size(), TG_DNS_MESSAGE_MAX)));
    const auto header = read_header(cursor);
    if (!header || header->response() || header->opcode() != 0 || header->questions != 1) {
        return;
    }
    if (auto question = read_question(cursor)) {
        queries_[{header->id, view.packet.key}] = {*std::move(question),
                                                   view.now + BootTime(TG_DNS_QUERY_NS)};
    }
}

void ReferenceDns::read_answer(const PacketView& view, const Patterns& known) {
    const Bytes message = message_of(view);
    Cursor cursor(message.first(std::min<std::size_t>(message.size(), TG_DNS_MESSAGE_MAX)));
    const auto header = read_header(cursor);
    if (!header || !header->response() || header->opcode() != 0 || header->rcode() != 0 ||
        header->questions != 1) {
        return;
    }
    const auto question = read_question(cursor);
    const auto query = queries_.find({header->id, view.packet.key});
    if (!question || query == queries_.end() || query->second.question != *question ||
        view.now > query->second.expires) {
        return;
    }
    queries_.erase(query);
    const unsigned records = std::min<unsigned>(header->answers, TG_DNS_RECORDS_MAX);
    for (const Admitted& admitted : read_addresses(cursor, records, question->name, known)) {
        for (const NamePattern& pattern : admitted.patterns) {
            resolve(admitted.address, pattern, view.now + admitted.lifetime);
        }
    }
}

void ReferenceDns::resolve(const IpAddress& address, const NamePattern& pattern, BootTime expires) {
    BootTime& known = resolved_[address][pattern];
    known = std::max(known, expires);
}

std::set<NamePattern> ReferenceDns::names_of(const IpAddress& address,
                                             BootTime now,
                                             bool expired) const {
    std::set<NamePattern> names;
    const auto found = resolved_.find(address);
    if (found == resolved_.end()) {
        return names;
    }
    for (const auto& [pattern, expires] : found->second) {
        if (expired || now < expires) {
            names.insert(pattern);
        }
    }
    return names;
}

}  // namespace tollgate::policy
