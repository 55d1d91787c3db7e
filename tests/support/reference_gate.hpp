// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <ostream>
#include <utility>

#include <gtest/gtest.h>

#include "policy/reference_model.hpp"
#include "tests/support/talk.hpp"

namespace tollgate::policy {

inline void PrintTo(const Judgement& judgement, std::ostream* to) {
    *to << (judgement.passed ? "passed" : "dropped") << ", " << label(judgement.reason);
    *to << (judgement.rule == nullptr ? ", no rule" : ", rule " + judgement.rule->name);
}

}  // namespace tollgate::policy

namespace tollgate::test {

using namespace std::chrono_literals;
using policy::BootTime;
using policy::Judgement;
using policy::ReferenceModel;
using policy::Stage;

inline constexpr Direction kIn = Direction::ingress;
inline constexpr Direction kOut = Direction::egress;

/// A reference model with a clock that a test moves.
class ReferenceGate : public testing::Test {
  protected:
    void use(policy::Policy policy, Stage stage = Stage::enforce) {
        model = ReferenceModel(std::move(policy), stage);
    }
    /// One rule that allows everything in this direction.
    void use_allow(Direction direction) { use(policy_of({allow("all", direction)})); }

    Judgement in(const Bytes& frame) { return model.judge(frame, kIn, now); }
    Judgement out(const Bytes& frame) { return model.judge(frame, kOut, now); }

    ReferenceModel model{policy::Policy{}, Stage::enforce};
    BootTime now{1000s};
    Talk talk;
};

inline testing::AssertionResult passed(const Judgement& judgement) {
    const bool passes = judgement.passed && judgement.reason == DropReason::none;
    return (passes ? testing::AssertionSuccess() : testing::AssertionFailure())
           << testing::PrintToString(judgement);
}

inline testing::AssertionResult dropped(const Judgement& judgement, DropReason reason) {
    const bool drops = !judgement.passed && judgement.reason == reason;
    return (drops ? testing::AssertionSuccess() : testing::AssertionFailure())
           << testing::PrintToString(judgement) << ", expected " << label(reason);
}

inline testing::AssertionResult would_drop(const Judgement& judgement, DropReason reason) {
    const bool passes = judgement.passed && judgement.would_drop && judgement.reason == reason;
    return (passes ? testing::AssertionSuccess() : testing::AssertionFailure())
           << testing::PrintToString(judgement) << ", expected a would-drop, " << label(reason);
}

}  // namespace tollgate::test
