// SPDX-License-Identifier: MIT
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include <tollgate/abi/limits.h>

#include "policy/dns_message.hpp"

namespace {

constexpr std::size_t kEscapedMax = 4 * TG_DNS_NAME_MAX;  // every byte as "\ddd"

void check(bool holds) {
    if (!holds) {
        std::abort();
    }
}

}  // namespace

// What is read is bounded, and whatever is an address was in an answer.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace tollgate::policy;
    const auto message = read_dns_message(std::as_bytes(std::span(bytes, size)));
    if (!message) {
        return 0;
    }
    check(message->questions.size() <= TG_DNS_RECORDS_MAX);
    check(message->answers.size() <= TG_DNS_RECORDS_MAX);
    for (const DnsRecord& record : message->answers) {
        check(record.name.size() <= kEscapedMax && record.target.size() <= kEscapedMax);
    }
    check(addresses_of(*message).size() <= message->answers.size());
    return 0;
}
