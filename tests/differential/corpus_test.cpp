// SPDX-License-Identifier: MIT
#include <iostream>
#include <string>
#include <tuple>

#include <gtest/gtest.h>

#include "tests/differential/agreement.hpp"
#include "tests/differential/capture.hpp"
#include "tests/differential/policies.hpp"
#include "tests/differential/required.hpp"

namespace tollgate::test {
namespace {

using policy::Direction;
using policy::Stage;

// How the frames of a capture are taken: as all coming in, as all going out, or as those of the
// host that sends first.
enum class View { ingress, egress, first_sender };

Direction direction_of(View view, const Bytes& frame, const Bytes& first) {
    if (view != View::first_sender) {
        return view == View::ingress ? Direction::ingress : Direction::egress;
    }
    const bool own = frame.size() >= 12 && first.size() >= 12 &&
                     std::equal(frame.begin() + 6, frame.begin() + 12, first.begin() + 6);
    return own ? Direction::egress : Direction::ingress;
}

class Corpus : public testing::TestWithParam<std::string> {
  protected:
    void SetUp() override {
        const auto found = corpus();
        if (!found) {
            GTEST_SKIP() << "no corpus: set TOLLGATE_CORPUS";
        }
        for (const char* part : {"evasion", "protocols"}) {
            const auto more = captures_under(*found / part);
            captures.insert(captures.end(), more.begin(), more.end());
        }
        auto begun = Agreement::begin();
        TOLLGATE_REQUIRE(begun);
        both = *std::move(begun);
    }

    void judge_capture(const std::filesystem::path& path, View view) {
        const auto frames = read_frames(path);
        int number = 0;
        for (const Bytes& frame : frames) {
            ++number;
            const auto agreed = both->judge(frame, direction_of(view, frame, frames.front()));
            ASSERT_TRUE(agreed) << path.string() << ", frame " << number;
        }
    }

    void judge_captures(View view) {
        for (const auto& path : captures) {
            ASSERT_NO_FATAL_FAILURE(judge_capture(path, view));
        }
    }

    void judge_all(const policy::Policy& policy, Stage stage) {
        for (const View view : {View::ingress, View::egress, View::first_sender}) {
            ASSERT_TRUE(both->use({policy, stage, {}, {}}));
            ASSERT_NO_FATAL_FAILURE(judge_captures(view));
        }
    }

    std::vector<std::filesystem::path> captures;
    std::unique_ptr<Agreement> both;
};

policy::Policy policy_named(const std::string& name) {
    if (name == "DenyAll") {
        return deny_all();
    }
    return name == "Camera" ? camera() : permissive();
}

TEST_P(Corpus, EveryFrameHasOneVerdictReasonAndRule) {
    for (const Stage stage : {Stage::enforce, Stage::audit}) {
        ASSERT_NO_FATAL_FAILURE(judge_all(policy_named(GetParam()), stage));
    }
    std::cout << both->frames() << " frames: " << both->summary() << "\n";
    EXPECT_GT(both->frames(), 10'000U);
    EXPECT_LT(both->skipped(), both->frames() / 100);
}

INSTANTIATE_TEST_SUITE_P(Policies,
                         Corpus,
                         testing::Values("DenyAll", "Camera", "Permissive"),
                         [](const auto& parameter) { return parameter.param; });

}  // namespace
}  // namespace tollgate::test
