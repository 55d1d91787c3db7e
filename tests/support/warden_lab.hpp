// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "agent/core/warden.hpp"
#include "tests/support/fake_gate.hpp"
#include "tests/support/temporary_folder.hpp"

namespace tollgate::test {

/// A policy with one rule of this name; more keys of the rule after it (", expires: …").
inline std::string policy_yaml(const std::string& rule,
                               const std::string& mode = "enforce",
                               const std::string& more = "") {
    return fmt::format(R"(apiVersion: tollgate/v1
kind: Policy
metadata: {{name: lab}}
spec:
  mode: {}
  default: {{ingress: drop, egress: drop}}
  allow:
    - {{name: {}, direction: ingress, ports: [tcp/22]{}}}
)",
                       mode,
                       rule,
                       more);
}

/// A warden over a fake kernel, on disk in a folder of its own, that can be killed, started again,
/// and rebooted.
class WardenLab {
  public:
    WardenLab() { start(); }

    /// A new agent on the same kernel and state folder.
    Result<void> start(const agent::PolicyPointer& first_policy = nullptr) {
        gate = std::make_unique<FakeGate>(kernel, clock);
        auto store = agent::StateStore::open(folder.path() / "state");
        auto started = agent::Warden::start(*gate, *store, clock, {"eth0"}, first_policy);
        if (!started) {
            warden.reset();
            return Failure{started.error()};
        }
        warden = std::move(*started);
        return {};
    }
    Result<void> reboot() {
        kernel = FakeKernel{};
        clock.boot = 10 * TG_SECOND;
        clock.wall += 60LL * 1'000'000'000;
        return start();
    }

    agent::PolicyPointer load(const std::string& yaml) {
        auto policy =
            agent::load_policy(yaml, policy::WallTime{std::chrono::seconds{clock.wall_seconds()}});
        EXPECT_TRUE(policy) << policy.error().message;
        return policy ? *policy : nullptr;
    }
    agent::Proposal proposal(const std::string& rule, long confirm_within = 120) {
        agent::Proposal made;
        made.policy = load(policy_yaml(rule));
        made.stages = {{"eth0", policy::Stage::enforce}};
        made.change = "enforce";
        made.by = "tester";
        made.confirm_within = std::chrono::seconds{confirm_within};
        return made;
    }
    /// Enforces a policy of one rule and confirms it.
    void enforce(const std::string& rule) {
        ASSERT_TRUE(warden->change(proposal(rule)));
        ASSERT_TRUE(warden->confirm(std::nullopt, {}));
    }
    [[nodiscard]] std::string last_outcome() const { return warden->state().history.back().state; }

    TemporaryFolder folder;
    FakeClock clock;
    FakeKernel kernel;
    std::unique_ptr<FakeGate> gate;
    std::unique_ptr<agent::Warden> warden;
};

}  // namespace tollgate::test
