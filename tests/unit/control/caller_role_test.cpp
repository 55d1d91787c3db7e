// SPDX-License-Identifier: MIT
#include "agent/control/caller_role.hpp"

#include <fstream>
#include <memory>
#include <set>
#include <sstream>

#include <gmock/gmock.h>

#include "agent/control/control_api.hpp"
#include "tests/support/fake_gate.hpp"
#include "tests/support/no_tunnels.hpp"
#include "tests/support/temporary_folder.hpp"

namespace tollgate::agent {
namespace {

using ::testing::HasSubstr;

constexpr gid_t kOperators = 1001;
constexpr gid_t kAdmins = 1002;
constexpr RoleGroups kGroups{kOperators, kAdmins};

HttpRequest asked_by(uid_t uid, std::vector<gid_t> groups) {
    HttpRequest request;
    request.uid = uid;
    request.groups = std::move(groups);
    return request;
}

TEST(CallerRole, IsByUserAndGroups) {
    EXPECT_EQ(role_of(asked_by(0, {}), kGroups), CallerRole::admins);
    EXPECT_EQ(role_of(asked_by(0, {}), RoleGroups{}), CallerRole::admins);
    EXPECT_EQ(role_of(asked_by(1000, {100}), kGroups), CallerRole::viewers);
    EXPECT_EQ(role_of(asked_by(1000, {100, kOperators}), kGroups), CallerRole::operators);
    EXPECT_EQ(role_of(asked_by(1000, {kAdmins}), kGroups), CallerRole::admins);
    EXPECT_EQ(role_of(asked_by(1000, {kOperators, kAdmins}), kGroups), CallerRole::admins);
    EXPECT_EQ(role_of(asked_by(1000, {kAdmins}), RoleGroups{}), CallerRole::viewers);
    EXPECT_EQ(role_of(HttpRequest{}, kGroups), CallerRole::none) << "nobody said who asks";
}

TEST(CallerRole, OfWhatIsNoCallIsAdmin) {
    EXPECT_EQ(needed_role("GET /v1/secrets"), CallerRole::admins);
    EXPECT_EQ(needed_role("PUT /v1/status"), CallerRole::admins);
    EXPECT_EQ(needed_role(""), CallerRole::admins);
}

TEST(CallerRole, NobodyButAdminsChangesWhatMayPassButForShuttingOut) {
    std::set<std::string_view> of_operators;
    for (const auto& [call, role] : call_roles()) {
        if (role == CallerRole::operators) {
            of_operators.insert(call);
        }
        const bool reads =
            call.starts_with("GET ") || call == "POST /v1/trace" || call == "POST /v1/policy/diff";
        EXPECT_EQ(role == CallerRole::viewers, reads) << call;
    }
    EXPECT_EQ(of_operators,
              (std::set<std::string_view>{"POST /v1/confirm",
                                          "POST /v1/learn/approve",
                                          "POST /v1/learn/reject",
                                          "POST /v1/blocklist/add"}));
}

TEST(CallerRole, IsDocumented) {
    std::stringstream page;
    page << std::ifstream{"docs/control-api.md"}.rdbuf();
    EXPECT_THAT(page.str(), HasSubstr(call_roles_table()));
}

/// The calls of an agent over a fake kernel. Nobody makes them: the queue is closed, and what is
/// let through finds that out.
class RoleMatrix : public testing::Test {
  protected:
    void SetUp() override {
        Options options;
        options.interfaces = {"lo"};
        options.state_dir = folder.path();
        auto started =
            Agent::start(options, std::make_unique<test::FakeGate>(kernel, clock), clock);
        ASSERT_TRUE(started) << started.error().error.message();
        agent = std::move(*started);
        queue = std::move(*TaskQueue::create());
        queue->close();
        api = std::make_unique<ControlApi>(
            *queue, *agent, tunnels, [] { return std::vector<ProcessStatus>{}; }, kGroups);
    }

    [[nodiscard]] int status(std::string_view call, HttpRequest request) const {
        request.method = call.substr(0, call.find(' '));
        request.path = call.substr(call.find(' ') + 1);
        request.body = "{}";
        return api->handle(request).status;
    }

    test::TemporaryFolder folder;
    test::FakeClock clock;
    test::FakeKernel kernel;
    test::NoTunnels tunnels;
    std::unique_ptr<Agent> agent;
    std::unique_ptr<TaskQueue> queue;
    std::unique_ptr<ControlApi> api;
};

// Case S08
TEST_F(RoleMatrix, HoldsForEveryCall) {
    const std::pair<CallerRole, HttpRequest> callers[] = {
        {CallerRole::none, HttpRequest{}},
        {CallerRole::viewers, asked_by(1000, {100})},
        {CallerRole::operators, asked_by(1000, {kOperators})},
        {CallerRole::admins, asked_by(1000, {kAdmins})},
        {CallerRole::admins, asked_by(0, {0})}};
    std::uint64_t refused = 0;
    for (const auto& [call, needed] : call_roles()) {
        for (const auto& [role, caller] : callers) {
            refused += role < needed ? 1 : 0;
            EXPECT_EQ(status(call, caller) == 403, role < needed) << call << " by " << label(role);
            EXPECT_NE(status(call, caller), 404) << call;
        }
    }
    EXPECT_EQ(api->forbidden(), 2 * refused) << "each was asked twice";
}

TEST_F(RoleMatrix, HasEveryCallThatThereIs) {
    std::set<std::string> known;
    for (const CallRole& call : call_roles()) {
        known.emplace(call.call);
    }
    const auto calls = api->calls();
    EXPECT_EQ(known, (std::set<std::string>{calls.begin(), calls.end()}));
}

TEST_F(RoleMatrix, SaysWhichRoleIsMissing) {
    HttpRequest request = asked_by(1000, {100});
    request.method = "POST";
    request.path = "/v1/confirm";
    EXPECT_THAT(api->handle(request).body,
                HasSubstr("the role operator: root, or a member of the group tollgate-operator or "
                          "tollgate-admin"));
}

}  // namespace
}  // namespace tollgate::agent
