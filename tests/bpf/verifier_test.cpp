// SPDX-License-Identifier: MIT
// How much the verifier has to look at: older kernels give up earlier, and every load pays for it.
#include <fstream>
#include <iostream>
#include <map>

#include "tests/bpf/gate_fixture.hpp"

namespace tollgate::test {
namespace {

constexpr std::uint32_t kInstructionsMax = 100'000;
constexpr const char* kRecord = "tests/bpf/verifier_insns.txt";  // from the root of the tree

std::map<std::string, std::uint32_t> recorded() {
    std::map<std::string, std::uint32_t> counts;
    std::ifstream file(kRecord);
    std::string program;
    std::uint32_t count = 0;
    while (file >> program >> count) {
        counts[program] = count;
    }
    return counts;
}

class Verifier : public GateTest {};

// Another compiler or kernel moves the counts; a fifth more is a change of ours.
// Case P11
TEST_F(Verifier, LooksAtNoMoreInstructionsThanRecorded) {
    const auto limits = recorded();
    ASSERT_FALSE(limits.empty()) << kRecord;
    bpf_program* program = nullptr;
    bpf_object__for_each_program(program, programs.object().obj) {
        bpf_prog_info info{};
        __u32 size = sizeof info;
        ASSERT_EQ(bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size), 0);
        const std::string name = bpf_program__name(program);
        std::cout << name << ' ' << info.verified_insns << '\n';
        EXPECT_LE(info.verified_insns, kInstructionsMax) << name;
        ASSERT_TRUE(limits.contains(name)) << name << " is not in " << kRecord;
        EXPECT_LE(info.verified_insns, limits.at(name) + limits.at(name) / 5) << name;
    }
}

}  // namespace
}  // namespace tollgate::test
