// SPDX-License-Identifier: MIT
#pragma once

#include "agent/core/dns_reader.hpp"
#include "agent/core/dns_wire.hpp"

namespace tollgate::test {

/// Reads DNS messages as the process for them does, in this one.
class DnsReadHere : public agent::DnsReader {
  public:
    void read(std::span<const std::byte> message, Take take) override {
        const auto question = agent::dns_question(7, message);
        const auto reading = agent::take_dns_answer(agent::answer_dns_question(question), question);
        take(reading ? *reading : std::nullopt);
    }
    void settle() override {}
    [[nodiscard]] agent::DnsCounts counts() const override { return {}; }
};

}  // namespace tollgate::test
