// SPDX-License-Identifier: MIT
#include "agent/core/dns_process.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include <unistd.h>

#include <tollgate/abi/limits.h>

#include "agent/core/dns_wire.hpp"
#include "agent/report/log.hpp"
#include "agent/system/startup_memory.hpp"

namespace tollgate::agent {

namespace {

constexpr std::uint64_t kMemoryBytes = std::uint64_t{256} << 20U;
constexpr std::uint64_t kDescriptorsMax = 8;
constexpr std::size_t kNumberBytes = sizeof(std::uint32_t);

// Until the agent is gone, or asks what it would never ask. @return the exit code
int answer_questions() {
    std::array<std::byte, kNumberBytes + TG_DNS_MESSAGE_MAX> question{};
    for (;;) {
        const ssize_t size = ::read(ChildProcess::kChannel, question.data(), question.size());
        if (size <= static_cast<ssize_t>(kNumberBytes)) {
            return size == 0 ? 0 : 1;
        }
        const auto answer =
            answer_dns_question(std::span{question}.first(static_cast<std::size_t>(size)));
        if (::write(ChildProcess::kChannel, answer.data(), answer.size()) < 0) {
            return 1;
        }
    }
}

}  // namespace

Result<ConfinedProcess> start_dns_process() {
    ChildProcess::Plan plan;
    plan.role = kDnsRole;
    return start_confined(plan);
}

int run_dns(const std::vector<std::string>& /*arguments*/) {
    const ProcessLimits limits{.memory_bytes = kMemoryBytes,
                               .cpu_seconds = {},
                               .open_files = kDescriptorsMax,
                               .file_bytes = 0};
    if (auto begun = begin_confined({SyscallProfile::dns, {}, limits}, 0); !begun) {
        log(LogLevel::error, "dns.failed", {{"error", begun.error().message()}});
        return 1;
    }
    give_back_startup_memory();
    ::_exit(answer_questions());
}

}  // namespace tollgate::agent
