// SPDX-License-Identifier: MIT
#include "agent/audit/audit_chain.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "agent/system/digest.hpp"

namespace tollgate::agent {

namespace {

using Json = nlohmann::ordered_json;

// As JSON a byte is six at most: all of it stays below kAuditLineBytesMax.
constexpr std::size_t kOutcomeBytesMax = 1024;
constexpr std::size_t kTextBytesMax = 128;
constexpr std::size_t kDetailsMax = 4;
constexpr std::size_t kHashLength = 64;
constexpr std::string_view kHashField = R"(,"hash":")";
constexpr std::string_view kEnd = R"("})";

std::string cut(const std::string& text, std::size_t bytes_max = kTextBytesMax) {
    return text.size() <= bytes_max ? text : text.substr(0, bytes_max - 4) + " ...";
}

std::string time_text(std::int64_t wall_ns) {
    const std::int64_t ms = wall_ns / 1'000'000;
    return fmt::format(
        "{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(static_cast<std::time_t>(ms / 1000)), ms % 1000);
}

bool is_hash(std::string_view text) {
    return text.size() == kHashLength &&
           text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

/// The part of a line that is hashed, and its hash.
struct Halves {
    std::string_view body;
    std::string_view hash;
};

std::optional<Halves> halves_of(std::string_view line) {
    constexpr std::size_t kTail = kHashField.size() + kHashLength + kEnd.size();
    if (line.size() > kAuditLineBytesMax || line.size() <= kTail || !line.ends_with(kEnd)) {
        return std::nullopt;
    }
    const std::string_view tail = line.substr(line.size() - kTail);
    const std::string_view hash = tail.substr(kHashField.size(), kHashLength);
    if (!tail.starts_with(kHashField) || !is_hash(hash)) {
        return std::nullopt;
    }
    return Halves{line.substr(0, line.size() - kTail), hash};
}

}  // namespace

std::string AuditHead::to_text() const {
    return fmt::format("{}:{}", sequence, hash);
}

std::optional<AuditHead> AuditHead::parse(std::string_view text) {
    AuditHead head;
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), head.sequence);
    const std::string_view rest = text.substr(static_cast<std::size_t>(end - text.data()));
    if (error != std::errc{} || !rest.starts_with(':') || !is_hash(rest.substr(1))) {
        return std::nullopt;
    }
    head.hash = rest.substr(1);
    return head;
}

std::string extend(AuditHead& head, const AuditRecord& record) {
    Json json;
    json["sequence"] = head.sequence + 1;
    json["time"] = time_text(record.wall_ns);
    json["actor"] = cut(record.actor);
    json["action"] = cut(record.action);
    json["outcome"] = cut(record.outcome, kOutcomeBytesMax);
    for (std::size_t i = 0; i < std::min(kDetailsMax, record.details.size()); ++i) {
        json["details"][cut(record.details[i].first)] = cut(record.details[i].second);
    }
    json["previous"] = head.hash;
    std::string line = json.dump(-1, ' ', true, Json::error_handler_t::replace);
    line.pop_back();  // the closing brace
    head = {head.sequence + 1, sha256_hex(line)};
    return line + std::string{kHashField} + head.hash + std::string{kEnd};
}

std::optional<std::string> AuditCheck::take(std::string_view line) {
    const auto halves = halves_of(line);
    if (!halves) {
        return "it is no record: it was cut, or something else was written here";
    }
    if (sha256_hex(halves->body) != halves->hash) {
        return "its hash does not fit it: it was changed";
    }
    const Json json = Json::parse(std::string{halves->body} + "}", nullptr, false);
    if (!json.is_object() || !json.contains("sequence") || !json.contains("previous") ||
        !json["sequence"].is_number_unsigned() || !json["previous"].is_string()) {
        return "it is no record, although its hash fits";
    }
    const auto sequence = json["sequence"].get<std::uint64_t>();
    const auto previous = json["previous"].get<std::string>();
    if (first_ != 0 && sequence != head_.sequence + 1) {
        return fmt::format(
            "it is record {}, and {} is expected: records were removed, added or moved",
            sequence,
            head_.sequence + 1);
    }
    if ((first_ != 0 || sequence <= 1) && previous != head_.hash) {
        return "it does not follow the record in front of it: that was replaced";
    }
    first_ = first_ == 0 ? sequence : first_;
    head_ = {sequence, std::string{halves->hash}};
    return std::nullopt;
}

}  // namespace tollgate::agent
