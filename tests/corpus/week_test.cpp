// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>

#include <gtest/gtest.h>

#include "agent/capture/replay.hpp"
#include "policy/validate.hpp"
#include "policy/yaml_writer.hpp"
#include "tests/support/talk.hpp"

namespace {

using namespace tollgate;
using namespace std::chrono_literals;
namespace fs = std::filesystem;
using policy::Direction;

struct Subject {
    const char* file;
    const char* mac;
    const char* address;
};

void PrintTo(const Subject& subject, std::ostream* out) {
    *out << subject.file;
}

fs::path corpus() {
    const char* chosen = std::getenv("TOLLGATE_CORPUS");
    return chosen == nullptr ? fs::path("../shared/corpus") : fs::path(chosen);
}

/// A week of a real device: six days are learned, the seventh is judged.
class Week : public testing::TestWithParam<Subject> {
  protected:
    void SetUp() override {
        file_ = corpus() / "week" / GetParam().file;
        if (!fs::exists(file_)) {
            GTEST_SKIP() << file_ << " is not there; TOLLGATE_CORPUS names the folder";
        }
        mac_ = MacAddress::parse(GetParam().mac).value();
        auto capture = agent::Capture::open(file_);
        ASSERT_TRUE(capture) << capture.error().message();
        const auto first = capture->next();
        ASSERT_TRUE(first && *first);
        seventh_ = (*first)->at + 6 * 24h;
        ASSERT_TRUE(
            agent::learn_capture(file_, mac_, learner_, {policy::Timestamp::min(), seventh_}));
        policy_ = learner_.propose();
    }
    // Puts a frame between the device and a stranger into the simulation.
    void inject(policy::Simulation& simulation, Direction direction, std::uint16_t port) const {
        test::Talk talk;
        talk.remote = test::ip("203.0.113.66");
        talk.local = test::ip(GetParam().address);
        talk.local_mac = mac_;
        (direction == Direction::ingress ? talk.local_port : talk.remote_port) = port;
        const test::Bytes syn = talk.tcp(direction, {});
        const test::Bytes datagram = talk.udp(direction);
        for (const test::Bytes& frame : {syn, datagram}) {
            simulation.add(frame, direction, seventh_, static_cast<std::uint32_t>(frame.size()));
        }
    }

    fs::path file_;
    MacAddress mac_;
    policy::Timestamp seventh_;
    policy::Learner learner_;
    policy::Policy policy_;
};

TEST_P(Week, TheSeventhDayLosesAtMostTwoPercentOfItsFlows) {
    const auto report =
        agent::simulate_capture(file_, mac_, policy_, {seventh_, policy::Timestamp::max()});
    ASSERT_TRUE(report) << report.error().message();
    EXPECT_GT(report->flows, 0U);
    EXPECT_LE(100 * report->blocked.size(), 2 * report->flows);
}

TEST_P(Week, ThePolicyIsShort) {
    EXPECT_GE(policy_.rules.size(), 1U);
    EXPECT_LE(policy_.rules.size(), 30U);
    for (const policy::Rule& rule : policy_.rules) {
        EXPECT_FALSE(rule.any_remote()) << rule.name;
        EXPECT_FALSE(rule.comment.empty()) << rule.name;
    }
    EXPECT_TRUE(policy::find_errors(policy_).empty());
    const std::string file = policy::write_policy(policy_);
    EXPECT_LE(std::count(file.begin(), file.end(), '\n'), 60) << file;
}

TEST_P(Week, AScanOfAllPortsIsDropped) {
    policy::Simulation simulation(policy_);
    for (std::uint32_t port = 1; port <= 65535; port += 7) {
        inject(simulation, Direction::ingress, static_cast<std::uint16_t>(port));
    }
    EXPECT_EQ(simulation.report().packets_blocked, simulation.report().packets);
}

TEST_P(Week, FlowsToAStrangerAreDropped) {
    policy::Simulation simulation(policy_);
    for (const std::uint16_t port :
         std::array<std::uint16_t, 8>{22, 23, 53, 80, 123, 443, 4444, 8883}) {
        inject(simulation, Direction::egress, port);
    }
    EXPECT_EQ(simulation.report().packets_blocked, 16U);
}

INSTANTIATE_TEST_SUITE_P(
    Corpus,
    Week,
    testing::Values(Subject{"blink-cam-01.pcap", "f4:b8:5e:ff:2b:1b", "192.168.1.129"},
                    Subject{"schlage-lock-01.pcap", "78:db:2f:db:43:48", "192.168.1.122"}));

}  // namespace
