// SPDX-License-Identifier: MIT
// How much the verifier has to look at: older kernels give up earlier, and every load pays for it.
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>

#include <tunnel_queue.skel.h>

#include "agent/datapath/requirements.hpp"
#include "tests/bpf/gate_fixture.hpp"

namespace tollgate::test {
namespace {

using agent::KernelVersion;
using Counts = std::map<std::string, std::uint32_t>;  // by program

constexpr std::uint32_t kInstructionsMax = 100'000;
constexpr const char* kRecord = "tests/bpf/verifier_insns.txt";  // from the root of the tree
constexpr std::uint32_t kLogStatistics = 4;                      // BPF_LOG_STATS of the kernel
constexpr std::size_t kLogBytes = 1U << 20U;

// What is recorded of the running kernel, else of the newest one before it, else of the oldest.
Counts recorded() {
    std::map<KernelVersion, Counts> kernels;
    std::ifstream file(kRecord);
    KernelVersion kernel;
    char dot = 0;
    std::string program;
    std::uint32_t count = 0;
    while (file >> kernel.major >> dot >> kernel.minor >> program >> count) {
        kernels[kernel][program] = count;
    }
    if (kernels.empty()) {
        return {};
    }
    const auto newer = kernels.upper_bound(KernelVersion::running());
    return newer == kernels.begin() ? newer->second : std::prev(newer)->second;
}

// Loads an object and reads what the verifier says of each program: bpf_prog_info has it since 5.16
// only.
template <typename Load>
Counts counts_of(bpf_object* object, const Load& load) {
    std::map<std::string, std::string> logs;
    bpf_program* program = nullptr;
    bpf_object__for_each_program(program, object) {
        std::string& log = logs[bpf_program__name(program)];
        log.resize(kLogBytes);
        bpf_program__set_log_level(program, kLogStatistics);
        bpf_program__set_log_buf(program, log.data(), log.size());
    }
    EXPECT_EQ(load(), 0);
    Counts counts;
    for (const auto& [name, log] : logs) {
        const auto line = log.rfind("processed ");
        EXPECT_NE(line, std::string::npos) << log.c_str();
        counts[name] = line == std::string::npos
                           ? 0
                           : static_cast<std::uint32_t>(std::strtoul(&log[line] + 10, nullptr, 10));
    }
    return counts;
}

class Verifier : public GateTest {};

// Another compiler or kernel moves the counts; a fifth more is a change of ours.
// Cases P11, F14
TEST_F(Verifier, LooksAtNoMoreInstructionsThanRecorded) {
    const GatePool::Gate gate{gate__open()};
    gate->rodata->zone = LoadedPrograms::kZone;
    gate->rodata->check_mac1 = 1;
    Counts counts = counts_of(gate->obj, [&] { return gate__load(gate.get()); });
    tunnel_queue* queue = tunnel_queue__open();
    counts.merge(counts_of(queue->obj, [&] { return tunnel_queue__load(queue); }));
    tunnel_queue__destroy(queue);

    const Counts limits = recorded();
    for (const auto& [name, count] : counts) {
        std::cout << name << ' ' << count << '\n';
        EXPECT_LE(count, kInstructionsMax) << name;
        ASSERT_TRUE(limits.contains(name)) << name << " is not in " << kRecord;
        EXPECT_LE(count, limits.at(name) + limits.at(name) / 5) << name;
    }
}

}  // namespace
}  // namespace tollgate::test
