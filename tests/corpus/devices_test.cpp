// SPDX-License-Identifier: MIT
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "agent/capture/replay.hpp"
#include "policy/validate.hpp"
#include "policy/yaml_reader.hpp"
#include "policy/yaml_writer.hpp"

namespace {

using namespace tollgate;
namespace fs = std::filesystem;

/// The policy learned from all set-ups of a device; nothing if the folder is none of a device.
std::optional<policy::Policy> learned_from(const fs::path& folder) {
    std::string text;
    std::ifstream(folder / "_iotdevice-mac.txt") >> text;
    const auto mac = MacAddress::parse(text);
    if (!mac) {
        return std::nullopt;
    }
    policy::Learner learner;
    for (const auto& file : fs::directory_iterator(folder)) {
        if (file.path().extension() == ".pcap") {
            EXPECT_TRUE(agent::learn_capture(file.path(), *mac, learner)) << file.path();
        }
    }
    return learner.propose();
}

TEST(Devices, EveryLearnedPolicyIsAValidFileThatReadsBack) {
    const char* chosen = std::getenv("TOLLGATE_CORPUS");
    const fs::path folder = fs::path(chosen == nullptr ? "../shared/corpus" : chosen) / "devices";
    if (!fs::is_directory(folder)) {
        GTEST_SKIP() << folder << " is not there; TOLLGATE_CORPUS names the corpus";
    }
    for (const auto& device : fs::directory_iterator(folder)) {
        const auto policy = learned_from(device.path());
        ASSERT_TRUE(policy) << device.path();
        EXPECT_TRUE(policy::find_errors(*policy).empty()) << device.path();
        const std::string file = policy::write_policy(*policy);
        const auto reading = policy::read_policy(file);
        ASSERT_TRUE(reading.policy) << file;
        EXPECT_EQ(reading.policy->groups, policy->groups) << file;
        ASSERT_EQ(reading.policy->rules.size(), policy->rules.size());
        for (std::size_t i = 0; i < policy->rules.size(); ++i) {
            EXPECT_EQ(reading.policy->rules[i].selector, policy->rules[i].selector) << file;
            EXPECT_EQ(reading.policy->rules[i].services, policy->rules[i].services) << file;
        }
    }
}

}  // namespace
