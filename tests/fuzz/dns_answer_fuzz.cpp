// SPDX-License-Identifier: MIT
// What a process for DNS messages that was taken over may say: bytes over an honest answer. The
// first byte of the input is how many bytes the message has; then come the message, and pairs of a
// place (16 bits) and what is there.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "agent/core/dns_wire.hpp"
#include "policy/dns_name.hpp"

namespace {

void check(bool holds) {
    if (!holds) {
        std::abort();
    }
}

bool is_asked(std::span<const std::byte> message, const std::string& name) {
    const auto labels = tollgate::policy::dns_labels_of(name);
    const auto read = tollgate::policy::read_dns_message(message);
    return labels && (!read || read->questions.size() != 1 || read->questions.front().name == name);
}

}  // namespace

// What our reader writes is taken; of anything else what is taken was asked for.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace tollgate::agent;
    if (size == 0) {
        return 0;
    }
    const auto input = std::as_bytes(std::span{bytes, size}).subspan(1);
    const auto message = input.first(std::min<std::size_t>(bytes[0], input.size()));
    const auto question = dns_question(1, message);
    auto answer = answer_dns_question(question);
    check(take_dns_answer(answer, question).has_value());
    auto changes = input.subspan(message.size());
    for (; changes.size() >= 3; changes = changes.subspan(3)) {
        const auto place = std::to_integer<std::size_t>(changes[0]) << 8U |
                           std::to_integer<std::size_t>(changes[1]);
        answer[place % answer.size()] = changes[2];
    }
    const auto taken = take_dns_answer(answer, question);
    if (taken && *taken) {
        check(is_asked(message, (*taken)->name));
    }
    return 0;
}
