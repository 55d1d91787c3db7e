// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "agent/confine/supervised_process.hpp"
#include "agent/control/caller_role.hpp"
#include "agent/control/change_desk.hpp"
#include "agent/control/http_server.hpp"
#include "agent/core/agent.hpp"
#include "agent/system/task_queue.hpp"
#include "agent/tunnel/tunnel_control.hpp"

namespace tollgate::agent {

/// The calls of docs/control-api.md. Thread-safe: what the agent owns is only touched in its loop.
class ControlApi {
  public:
    static constexpr std::size_t kBodyBytesMax = (std::size_t{1} << 20) + (std::size_t{64} << 10);
    /// Each follower of events holds a thread; the other threads are kept for everybody else.
    static constexpr std::size_t kThreads = 8;
    static constexpr std::size_t kFollowersMax = 6;

    /// @param processes the agent's, asked in the loop
    /// @param groups    of operators and admins
    ControlApi(TaskQueue& queue,
               Agent& agent,
               TunnelControl& tunnels,
               ProcessList processes,
               RoleGroups groups);

    /// Checks the role of the caller and answers.
    [[nodiscard]] HttpResponse handle(const HttpRequest& request);
    /// Calls that were refused for want of a role, since the start. Thread-safe.
    [[nodiscard]] std::uint64_t forbidden() const { return forbidden_; }
    /// "GET /v1/status", every one that there is.
    [[nodiscard]] std::vector<std::string> calls() const;

  private:
    using Call = std::function<Answer<Json>(const HttpRequest&)>;
    /// "GET /v1/status"
    using Calls = std::map<std::string, Call>;

    void add_reading_calls();
    void add_learning_calls();
    void add_changing_calls();
    void add_blocklist_calls();
    void add_tunnel_calls();
    /// A call that is made in the loop.
    [[nodiscard]] Call in_loop(std::function<Answer<Json>(Agent&, const HttpRequest&)> work);
    /// A call with the body of a change.
    [[nodiscard]] static Call with_change(std::function<Answer<Json>(const ChangeRequest&)> work);
    [[nodiscard]] HttpResponse observe(const HttpRequest& request);
    /// A call that changes something, for the audit log.
    void note(const HttpRequest& request, const Answer<Json>& answer);
    /// A call that the caller has no right to. One record a minute: others must not be able to fill
    /// the log.
    void note_forbidden(const HttpRequest& request, CallerRole needed);

    TaskQueue& queue_;
    Agent& agent_;
    TunnelControl& tunnels_;
    ProcessList processes_;
    ChangeDesk desk_;
    Calls calls_;
    RoleGroups groups_;
    std::atomic<std::size_t> followers_ = 0;
    std::atomic<std::uint64_t> forbidden_ = 0;
    std::uint64_t forbidden_noted_ns_ = 0;  ///< of the loop, as
    std::uint64_t forbidden_unnoted_ = 0;
};

}  // namespace tollgate::agent
