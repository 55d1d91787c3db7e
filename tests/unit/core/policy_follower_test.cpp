// SPDX-License-Identifier: MIT
#include "agent/core/policy_follower.hpp"

#include <chrono>
#include <fstream>
#include <thread>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "tests/support/fake_gate.hpp"
#include "tests/support/loopback_listener.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/warden_lab.hpp"

namespace tollgate::agent {
namespace {

using State = PolicyFileStatus::State;
using testing::HasSubstr;
using testing::IsEmpty;

/// An agent over a fake kernel that follows a policy file.
class PolicyFollowerTest : public testing::Test {
  protected:
    void write(const std::string& text) { std::ofstream{file} << text; }
    void write_rule(const std::string& rule) { write(test::policy_yaml(rule)); }

    /// A new agent on the same kernel and state folder.
    void start(std::vector<ListenAddress> reach = {}) {
        follower.reset();
        agent.reset();
        Options options;
        options.interfaces = {"lo"};
        options.state_dir = folder.path() / "state";
        options.policy_file = file;
        options.follow_policy = true;
        options.reach = std::move(reach);
        auto fake = std::make_unique<test::FakeGate>(kernel, clock);
        gate = fake.get();
        auto started = Agent::start(options, std::move(fake), clock);
        ASSERT_TRUE(started) << started.error().error.message();
        agent = std::move(*started);
        auto followed = PolicyFollower::start(*agent, [this] { return peers; });
        ASSERT_TRUE(followed) << followed.error().message();
        follower = std::move(*followed);
    }
    void start_reaching(const test::LoopbackListener& place) {
        start({{"127.0.0.1", place.port()}});
    }
    void reboot() {
        kernel = {};
        clock.boot = 10 * TG_SECOND;
    }
    /// Some ticks, so that connections have time to be accepted.
    void tick() {
        using namespace std::chrono_literals;
        for (int i = 0; i < 20; ++i) {
            follower->tick();
            std::this_thread::sleep_for(1ms);
        }
    }
    [[nodiscard]] std::string in_force() const {
        const auto& names = agent->warden().policy()->rule_names;
        return names.size() < 2 ? "" : names[1];
    }
    [[nodiscard]] State state() const { return agent->policy_file()->state; }
    [[nodiscard]] std::string problem() const { return agent->policy_file()->problem; }
    void change_by_hand() {
        Proposal proposal;
        proposal.stages = {{"lo", policy::Stage::learn}};
        proposal.change = "learn";
        proposal.confirm_within = std::chrono::seconds{0};
        ASSERT_TRUE(agent->change(proposal));
    }

    test::TemporaryFolder folder;
    std::filesystem::path file = folder.path() / "policy.yaml";
    test::FakeClock clock;
    test::FakeKernel kernel;
    test::FakeGate* gate = nullptr;  ///< the agent's
    std::set<std::string> peers;
    std::unique_ptr<Agent> agent;
    std::unique_ptr<PolicyFollower> follower;
};

TEST_F(PolicyFollowerTest, TheFirstTextIsInForceAtOnceAndConfirmed) {
    write_rule("ssh");
    start();
    EXPECT_EQ(in_force(), "ssh");
    EXPECT_EQ(state(), State::in_force);
    EXPECT_FALSE(agent->warden().state().pending);
    EXPECT_EQ(agent->warden().stage_of("lo"), policy::Stage::enforce);
    EXPECT_THAT(agent->warnings(), IsEmpty());
}

TEST_F(PolicyFollowerTest, AChangedTextComesIntoForceWithTheNews) {
    write_rule("ssh");
    start();
    write_rule("mail");
    EXPECT_EQ(in_force(), "ssh");
    follower->take_news();
    EXPECT_EQ(in_force(), "mail");
    EXPECT_TRUE(agent->changes().last_successful);
}

// Case C14
TEST_F(PolicyFollowerTest, AnInvalidTextIsRefusedAndTheOneBeforeStays) {
    write_rule("ssh");
    start();
    write("apiVersion: tollgate/v1\nkind: Policy\nspec: {mode: enforce, failsave: []}\n");
    follower->take_news();
    EXPECT_EQ(in_force(), "ssh");
    EXPECT_EQ(state(), State::refused);
    EXPECT_THAT(problem(), HasSubstr("policy.yaml:3:"));
    EXPECT_THAT(agent->warnings(), testing::Contains(HasSubstr("failsave")));
    EXPECT_FALSE(agent->changes().last_successful);
    EXPECT_EQ(agent->changes().refused, 1U);
    tick();
    EXPECT_EQ(agent->changes().refused, 1U);
}

TEST_F(PolicyFollowerTest, ARefusalEndsWhenTheTextInForceIsBack) {
    write_rule("ssh");
    start();
    write("nonsense");
    follower->take_news();
    write_rule("ssh");
    follower->take_news();
    EXPECT_EQ(state(), State::in_force);
    EXPECT_TRUE(agent->changes().last_successful);
    EXPECT_THAT(agent->warnings(), IsEmpty());
}

TEST_F(PolicyFollowerTest, AFileThatIsMissingAtTheStartLeavesTheAgentLearning) {
    start();
    EXPECT_EQ(state(), State::refused);
    EXPECT_THAT(problem(), HasSubstr("No such file"));
    EXPECT_EQ(agent->warden().stage_of("lo"), policy::Stage::learn);
    write_rule("ssh");
    follower->take_news();
    EXPECT_EQ(in_force(), "ssh");
}

TEST_F(PolicyFollowerTest, ARestartWithAnInvalidFileGoesOnWithThePolicyInForce) {
    write_rule("ssh");
    start();
    write("nonsense");
    start();
    EXPECT_EQ(in_force(), "ssh");
    EXPECT_EQ(agent->warden().stage_of("lo"), policy::Stage::enforce);
    EXPECT_EQ(state(), State::refused);
}

TEST_F(PolicyFollowerTest, WhatIsDoneByHandStaysUntilTheFileChanges) {
    write_rule("ssh");
    start();
    change_by_hand();
    tick();
    EXPECT_EQ(state(), State::replaced);
    start();
    EXPECT_EQ(agent->warden().stage_of("lo"), policy::Stage::learn);
    EXPECT_EQ(state(), State::replaced);
    write_rule("mail");
    follower->take_news();
    EXPECT_EQ(agent->warden().stage_of("lo"), policy::Stage::enforce);
}

TEST_F(PolicyFollowerTest, WhatIsDoneByHandStaysHoweverOftenItWasDone) {
    write_rule("ssh");
    start();
    for (std::size_t i = 0; i <= kHistoryMax; ++i) {
        change_by_hand();
    }
    start();
    EXPECT_EQ(agent->warden().stage_of("lo"), policy::Stage::learn);
    EXPECT_EQ(state(), State::replaced);
}

TEST_F(PolicyFollowerTest, AStateOfAVersionThatDidNotNoteTheFileIsTakenFromTheHistory) {
    write_rule("ssh");
    start();
    change_by_hand();
    const auto path = folder.path() / "state/state.json";
    auto json = nlohmann::json::parse(std::ifstream{path});
    ASSERT_EQ(json.erase("followed"), 1U);
    std::ofstream{path} << json;
    start();
    EXPECT_EQ(agent->warden().stage_of("lo"), policy::Stage::learn);
    EXPECT_EQ(state(), State::replaced);
}

TEST_F(PolicyFollowerTest, WhatTheKernelDoesNotTakeIsTriedAgainAfterSomeSeconds) {
    write_rule("ssh");
    start();
    write_rule("mail");
    gate->fails = "switch_to";
    follower->take_news();
    tick();
    EXPECT_EQ(in_force(), "ssh");
    EXPECT_EQ(state(), State::waiting);
    EXPECT_THAT(problem(), HasSubstr("is tried again"));
    EXPECT_EQ(agent->changes().refused, 1U);
    gate->fails.clear();
    tick();
    EXPECT_EQ(in_force(), "ssh") << "not at once";
    clock.advance(10);
    tick();
    EXPECT_EQ(in_force(), "mail");
    EXPECT_EQ(state(), State::in_force);
    EXPECT_TRUE(agent->changes().last_successful);
}

TEST_F(PolicyFollowerTest, APolicyWhoseInterfacesWentWhileItWaitedIsRefusedUntilTheyAreBack) {
    write_rule("ssh");
    start();
    const GateForTunnels tunnels = agent->gate_for_tunnels();
    ASSERT_TRUE(tunnels.open("wg0"));
    ASSERT_TRUE(tunnels.attach("wg0"));
    ASSERT_TRUE(agent->open());
    write(test::policy_yaml("mail") + "  applyTo: {interfaces: [wg0]}\n");
    follower->take_news();
    ASSERT_EQ(state(), State::waiting);
    tunnels.detach("wg0");
    change_by_hand();
    tick();
    EXPECT_EQ(state(), State::refused);
    EXPECT_THAT(problem(), HasSubstr("none of this agent's interfaces"));
    ASSERT_TRUE(tunnels.attach("wg0"));
    follower->read();
    EXPECT_EQ(in_force(), "mail");
}

TEST_F(PolicyFollowerTest, ATextWaitsWhileTheGateIsOpen) {
    write_rule("ssh");
    start();
    ASSERT_TRUE(agent->open());
    write_rule("mail");
    follower->take_news();
    EXPECT_EQ(state(), State::waiting);
    EXPECT_EQ(agent->warden().stage_of("lo"), policy::Stage::open);
    change_by_hand();
    tick();
    EXPECT_EQ(in_force(), "mail");
}

TEST_F(PolicyFollowerTest, ATextWaitsWhileAnotherChangeIsNotConfirmed) {
    write_rule("ssh");
    start();
    Proposal proposal;
    proposal.stages = {{"lo", policy::Stage::audit}};
    proposal.change = "audit";
    ASSERT_TRUE(agent->change(proposal));
    write_rule("mail");
    follower->take_news();
    EXPECT_EQ(state(), State::waiting);
    ASSERT_TRUE(agent->confirm(std::nullopt, {}));
    tick();
    EXPECT_EQ(in_force(), "mail");
}

TEST_F(PolicyFollowerTest, APeerThatNoTunnelHasIsRefusedUntilOneHas) {
    write(test::policy_yaml("camera", "enforce", ", remote: {peer: nvr}"));
    start();
    EXPECT_EQ(state(), State::refused);
    EXPECT_THAT(problem(), HasSubstr("nvr"));
    peers = {"nvr"};
    follower->read();
    EXPECT_EQ(in_force(), "camera");
}

TEST_F(PolicyFollowerTest, IsConfirmedOnceEveryPlaceHasAcceptedANewConnection) {
    const test::LoopbackListener place;
    write_rule("ssh");
    start_reaching(place);
    tick();
    EXPECT_EQ(in_force(), "ssh");
    EXPECT_EQ(state(), State::in_force);
    EXPECT_FALSE(agent->warden().state().pending);
}

TEST_F(PolicyFollowerTest, DoesNotBeginWhilePlacesCannotBeReachedAnyway) {
    test::LoopbackListener place;
    place.close();
    write_rule("ssh");
    start_reaching(place);
    tick();
    EXPECT_EQ(in_force(), "");
    EXPECT_EQ(state(), State::waiting);
    EXPECT_THAT(problem(), HasSubstr("127.0.0.1:" + std::to_string(place.port())));
    place.listen();
    tick();
    EXPECT_EQ(in_force(), "ssh");
}

/// The gate is fake: that the place stops listening in the moment of the change stands for a policy
/// that cuts it off.
class CutOff : public PolicyFollowerTest {
  protected:
    void SetUp() override {
        write_rule("ssh");
        start_reaching(place);
        tick();
        write_rule("mail");
        follower->take_news();
        while (in_force() != "mail") {
            follower->tick();
        }
        place.close();
        tick();
    }
    test::LoopbackListener place;
};

TEST_F(CutOff, APolicyIsNotConfirmedAndHasADeadlineInTheKernel) {
    EXPECT_EQ(in_force(), "mail");
    EXPECT_EQ(state(), State::confirming);
    EXPECT_EQ(*agent->warden().deadline_ns(), clock.boot + 30 * TG_SECOND);
}

TEST_F(CutOff, APolicyIsTakenBackAndNotTriedAgain) {
    clock.advance(31);
    agent->tick();
    place.listen();
    tick();
    EXPECT_EQ(in_force(), "ssh");
    EXPECT_EQ(state(), State::reverted);
    EXPECT_FALSE(agent->changes().last_successful);
    start_reaching(place);
    tick();
    EXPECT_EQ(in_force(), "ssh");
    EXPECT_EQ(state(), State::reverted);
}

TEST_F(CutOff, ATextThatIsRefusedMeanwhileStaysRefused) {
    write("nonsense");
    follower->take_news();
    tick();
    EXPECT_EQ(state(), State::refused);
    place.listen();
    tick();
    EXPECT_FALSE(agent->warden().state().pending) << "the one before is confirmed all the same";
    EXPECT_EQ(in_force(), "mail");
    EXPECT_EQ(state(), State::refused);
    EXPECT_THAT(problem(), HasSubstr("policy.yaml:1:"));
}

TEST_F(CutOff, APolicyWhoseConfirmationARebootInterruptedIsTriedAgain) {
    reboot();
    start_reaching(place);
    tick();
    EXPECT_EQ(in_force(), "ssh");
    EXPECT_EQ(state(), State::waiting) << "the place cannot be reached even without it";
    place.listen();
    tick();
    EXPECT_EQ(in_force(), "mail");
    EXPECT_EQ(state(), State::in_force);
}

TEST_F(CutOff, APolicyThatNobodyWasThereToConfirmIsTriedAgain) {
    clock.advance(500);
    place.listen();
    start_reaching(place);
    tick();
    EXPECT_EQ(in_force(), "mail");
    EXPECT_EQ(state(), State::in_force);
    start_reaching(place);
    tick();
    EXPECT_EQ(state(), State::in_force);
}

TEST_F(CutOff, APolicyThatIsTriedAgainAndCutsOffIsTakenBackForGood) {
    reboot();
    place.listen();
    start_reaching(place);
    while (in_force() != "mail") {
        follower->tick();
    }
    place.close();
    clock.advance(31);
    agent->tick();
    place.listen();
    start_reaching(place);
    tick();
    EXPECT_EQ(in_force(), "ssh");
    EXPECT_EQ(state(), State::reverted);
}

TEST_F(CutOff, TheNextAgentConfirmsWhenThePlaceIsBack) {
    start_reaching(place);
    tick();
    EXPECT_EQ(state(), State::confirming);
    place.listen();
    tick();
    EXPECT_EQ(state(), State::in_force);
    EXPECT_FALSE(agent->warden().state().pending);
}

}  // namespace
}  // namespace tollgate::agent
