// SPDX-License-Identifier: MIT
#include "agent/flowlog/ipfix_message.hpp"

#include <algorithm>
#include <cassert>

#include "agent/flowlog/big_endian.hpp"
#include "agent/flowlog/ipfix_fields.hpp"

namespace tollgate::agent {

namespace {

constexpr std::uint16_t kVersion = 10;
constexpr std::uint16_t kTemplateSet = 2;
constexpr std::uint16_t kOptionsTemplateSet = 3;
constexpr std::uint16_t kScopeFields = 1;  // the first: exportingProcessId
constexpr std::uint16_t kEnterpriseBit = 0x8000;
constexpr std::size_t kHeaderBytes = 16;
constexpr std::size_t kSetHeaderBytes = 4;
constexpr std::size_t kAlignment = 4;

constexpr std::size_t aligned(std::size_t bytes) {
    return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

// @return how many there are
std::uint16_t append_field_specifiers(std::string& bytes, ipfix::TemplateBits bits) {
    std::uint16_t count = 0;
    for (const ipfix::Field& field : ipfix::fields()) {
        if (!field.is_in(bits)) {
            continue;
        }
        ++count;
        const std::uint16_t enterprise = field.reverse ? kEnterpriseBit : std::uint16_t{0};
        append_big_endian(
            bytes,
            static_cast<std::uint16_t>(static_cast<std::uint16_t>(field.element) | enterprise));
        append_big_endian(bytes, field.length);
        if (field.reverse) {
            append_big_endian(bytes, ipfix::kReverseElements);
        }
    }
    return count;
}

// @return where the number of fields belongs
std::size_t append_template_header(std::string& bytes, ipfix::TemplateBits bits) {
    append_big_endian(bytes, static_cast<std::uint16_t>(ipfix::kFirstTemplate + bits));
    append_big_endian(bytes, std::uint16_t{0});
    return bytes.size() - sizeof(std::uint16_t);
}

}  // namespace

IpfixMessage::IpfixMessage(std::size_t limit)
    : limit_{std::clamp(limit, kIpfixLeastBytes, kIpfixMostBytes)}, bytes_(kHeaderBytes, '\0') {}

void IpfixMessage::add_templates() {
    assert(bytes_.size() == kHeaderBytes);
    begin_set(kTemplateSet);
    for (ipfix::TemplateBits bits = 0; bits < ipfix::kTemplates; ++bits) {
        const std::size_t count_at = append_template_header(bytes_, bits);
        put_big_endian(bytes_, count_at, append_field_specifiers(bytes_, bits));
    }
    end_set();
    assert(bytes_.size() <= kIpfixLeastBytes);
}

void IpfixMessage::add_options_template() {
    assert(bytes_.size() == kHeaderBytes);
    begin_set(kOptionsTemplateSet);
    const std::size_t count_at = append_template_header(bytes_, ipfix::kLoss);
    append_big_endian(bytes_, kScopeFields);
    put_big_endian(bytes_, count_at, append_field_specifiers(bytes_, ipfix::kLoss));
    end_set();
}

bool IpfixMessage::add(const FlowLogRecord& record) {
    const ipfix::TemplateBits bits = ipfix::template_of(record);
    const auto id = static_cast<std::uint16_t>(ipfix::kFirstTemplate + bits);
    std::string encoded;
    for (const ipfix::Field& field : ipfix::fields()) {
        if (field.is_in(bits)) {
            append_value(encoded, field, record);
        }
    }
    const bool same_set = set_begin_ != 0 && set_id_ == id;
    const std::size_t begin = same_set ? bytes_.size() : aligned(bytes_.size()) + kSetHeaderBytes;
    if (aligned(begin + encoded.size()) > limit_) {
        return false;
    }
    if (!same_set) {
        end_set();
        begin_set(id);
    }
    bytes_ += encoded;
    ++records_;
    return true;
}

std::string IpfixMessage::finish(const IpfixHeader& header) {
    end_set();
    put_big_endian(bytes_, 0, kVersion);
    put_big_endian(bytes_, 2, static_cast<std::uint16_t>(bytes_.size()));
    put_big_endian(bytes_, 4, header.export_time);
    put_big_endian(bytes_, 8, header.sequence);
    put_big_endian(bytes_, 12, header.domain);
    return std::move(bytes_);
}

void IpfixMessage::begin_set(std::uint16_t id) {
    set_begin_ = bytes_.size();
    set_id_ = id;
    append_big_endian(bytes_, id);
    append_big_endian(bytes_, std::uint16_t{0});
}

// Padding is shorter than any record, as RFC 7011, 3.3.1 wants.
void IpfixMessage::end_set() {
    if (set_begin_ == 0) {
        return;
    }
    bytes_.resize(aligned(bytes_.size()), '\0');
    put_big_endian(bytes_, set_begin_ + 2, static_cast<std::uint16_t>(bytes_.size() - set_begin_));
    set_begin_ = 0;
}

}  // namespace tollgate::agent
