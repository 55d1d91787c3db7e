// SPDX-License-Identifier: MIT
// The key of the hashes of names: over restarts, and over agents that hashed otherwise.
#include <bpf/bpf.h>

#include <gtest/gtest.h>

#include <tollgate/abi/name_hash.h>

#include "agent/system/boot_clock.hpp"
#include "agent/system/file_descriptor.hpp"
#include "policy/compile.hpp"
#include "tests/support/frame.hpp"
#include "tests/support/gate_lab.hpp"

namespace tollgate::test {
namespace {

const policy::NamePattern kPattern{"example.com", true};

policy::CompiledPolicy policy_by_name() {
    policy::Policy policy;
    policy.name = "lab";
    policy::Rule rule;
    rule.name = "web";
    rule.direction = policy::Direction::egress;
    rule.selector.names = {kPattern};
    policy.rules = {rule};
    return policy::compile(policy, {}).value();
}

class Names : public GateLab {
  protected:
    void SetUp() override {
        GateLab::SetUp();
        if (IsSkipped() || HasFatalFailure()) {
            return;
        }
        open();
        ASSERT_TRUE(load(policy_by_name()));
        ASSERT_TRUE(gate->resolve(address, gate->hash_of(kPattern), far()));
    }

    static std::uint64_t far() { return agent::boot_time_ns() + 600 * TG_SECOND; }
    [[nodiscard]] agent::FileDescriptor pin(const std::string& name) const {
        return agent::FileDescriptor{bpf_obj_get((pins.version() / name).c_str())};
    }
    [[nodiscard]] tg_name_key entry() const {
        tg_name_key entry{};
        const std::uint32_t only = 0;
        EXPECT_EQ(bpf_map_lookup_elem(pin("name_key").get(), &only, &entry), 0);
        return entry;
    }
    void set(const tg_name_key& entry) const {
        const std::uint32_t only = 0;
        ASSERT_EQ(bpf_map_update_elem(pin("name_key").get(), &only, &entry, BPF_ANY), 0);
    }
    /// Whether the table of a slot holds the pattern's hash under the key of the map.
    [[nodiscard]] bool knows(std::uint32_t slot) const {
        const agent::FileDescriptor table = pin("slot_" + std::to_string(slot) + "/names");
        const std::uint64_t key = kPattern.hash(entry().key);
        std::uint32_t its_class = 0;
        return table && bpf_map_lookup_elem(table.get(), &key, &its_class) == 0;
    }
    /// The patterns that the address is admitted for.
    [[nodiscard]] std::vector<std::uint64_t> admitted() const {
        std::vector<std::uint64_t> patterns;
        EXPECT_TRUE(gate->for_each_resolved([&](const IpAddress&, const tg_resolved& resolved) {
            for (const tg_resolved_name& name : resolved.names) {
                if (name.pattern != 0) {
                    patterns.push_back(name.pattern);
                }
            }
        }));
        return patterns;
    }
    void restart() {
        kill();
        open();
    }

    IpAddress address = ip("198.51.100.7");
};

TEST_F(Names, AKeyIsDrawnOnceAndARestartKeepsWhatIsHashedWithIt) {
    const tg_name_key before = entry();
    EXPECT_NE(before.key, 0U);
    EXPECT_LT(before.key, TG_NAME_HASH_PRIME);
    EXPECT_TRUE(knows(0));
    restart();
    EXPECT_EQ(entry().key, before.key);
    EXPECT_TRUE(knows(0));
    EXPECT_FALSE(gate->names_are_lost());
    EXPECT_EQ(admitted(), std::vector{gate->hash_of(kPattern)});
}

TEST_F(Names, TwoGatesHashTheSameNameDifferently) {
    const PinDir other_pins;
    agent::GateOptions options;
    options.pin_dir = other_pins.path();
    const auto other = agent::Gate::open(options);
    ASSERT_TRUE(other) << other.error().message();
    EXPECT_NE((*other)->hash_of(kPattern), gate->hash_of(kPattern));
}

TEST_F(Names, AGenerationWithTheSameTablesKeepsTheNames) {
    agent::NewGeneration next;
    next.number = ++number;
    ASSERT_TRUE(gate->switch_to(next));
    EXPECT_TRUE(knows(1));
    restart();
    EXPECT_TRUE(knows(1));
    EXPECT_FALSE(gate->names_are_lost());
    EXPECT_EQ(admitted().size(), 1U);
}

// As a version without a key leaves it: there is no such map.
TEST_F(Names, WhatWasHashedWithoutAKeyIsDropped) {
    ASSERT_TRUE(attach());
    kill();
    ASSERT_TRUE(std::filesystem::remove(pins.version() / "name_key"));
    open();
    EXPECT_NE(entry().key, 0U);
    EXPECT_TRUE(gate->adopted());
    EXPECT_TRUE(gate->names_are_lost());
    EXPECT_TRUE(admitted().empty());
    EXPECT_FALSE(knows(0));
    restart();  // nobody had the time to load the policy again
    EXPECT_TRUE(gate->names_are_lost());
    ASSERT_TRUE(load(policy_by_name()));
    EXPECT_FALSE(gate->names_are_lost());
    EXPECT_TRUE(knows(1));
    ASSERT_TRUE(gate->resolve(address, gate->hash_of(kPattern), far()));
    restart();
    EXPECT_FALSE(gate->names_are_lost());
    EXPECT_EQ(admitted().size(), 1U);
}

TEST_F(Names, AStageThatChangesWhileTheNamesAreLostLosesNothingElse) {
    kill();
    ASSERT_TRUE(std::filesystem::remove(pins.version() / "name_key"));
    open();
    agent::NewGeneration next;
    next.number = ++number;
    ASSERT_TRUE(gate->switch_to(next));
    EXPECT_TRUE(gate->names_are_lost());
    EXPECT_EQ(gate->generation()->number, number);
}

// An older agent in between, which knows of no key, has filled a slot.
TEST_F(Names, ATableThatIsNotTheOneThatWasNotedIsDropped) {
    tg_name_key noted = entry();
    noted.tables[0] += 1;
    set(noted);
    restart();
    EXPECT_EQ(entry().key, noted.key);
    EXPECT_TRUE(gate->names_are_lost());
    EXPECT_FALSE(knows(0));
    EXPECT_TRUE(admitted().empty());
}

}  // namespace
}  // namespace tollgate::test
