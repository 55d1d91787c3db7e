// SPDX-License-Identifier: MIT
#include "agent/control/control_api.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

#include <fmt/format.h>

#include "agent/control/doctor.hpp"
#include "agent/control/json_processes.hpp"
#include "agent/control/live_flows.hpp"
#include "agent/control/trace.hpp"
#include "agent/control/tunnel_calls.hpp"
#include "agent/core/coverage.hpp"
#include "agent/core/flow_records.hpp"

namespace tollgate::agent {

namespace {

constexpr std::chrono::milliseconds kFollowInterval{200};
constexpr std::size_t kFollowBatch = 1000;
constexpr std::uint64_t kFlowsShown = 100;
constexpr std::size_t kFlowsMax = 10'000;
constexpr auto kObserve = "GET /v1/observe";

HttpResponse response_of(const Answer<Json>& answer) {
    HttpResponse response;
    response.status = answer ? 200 : http_status(answer.error());
    // Names from captures and DNS may hold bytes that are no UTF-8.
    response.body = (answer ? *answer : error_json(answer.error()))
                        .dump(-1, ' ', false, Json::error_handler_t::replace) +
                    "\n";
    return response;
}

Unexpected<Refusal> unavailable() {
    return refuse(Refusal::Code::unavailable, "the agent is stopping");
}

Json candidates_json(Agent& agent, bool all) {
    Json json = envelope("Candidates");
    json["candidates"] = Json::array();
    std::size_t hidden = 0;
    agent.sweep();
    for (const policy::Candidate& candidate : agent.learning().learner().candidates()) {
        const bool covered = covers(agent.warden().policy()->policy, candidate.rule);
        if (covered && !all) {
            ++hidden;
        } else {
            json["candidates"].push_back(candidate_json(candidate, covered));
        }
    }
    json["hidden"] = hidden;
    return json;
}

std::size_t pending_of(policy::Learner& learner) {
    const auto candidates = learner.candidates();
    return static_cast<std::size_t>(
        std::ranges::count(candidates, policy::Decision::pending, &policy::Candidate::decision));
}

Json flows_json(Agent& agent, std::size_t last) {
    const RecordedTraffic traffic = agent.recorded_traffic();
    const policy::Policy& policy = agent.warden().policy()->policy;
    Json json = envelope("Flows");
    json["flows"] = Json::array();
    const std::size_t count = std::min(last, traffic.flows.size());
    for (std::size_t i = traffic.flows.size() - count; i < traffic.flows.size(); ++i) {
        json["flows"].push_back(flow_json(judge(policy, traffic, traffic.flows[i])));
    }
    return json;
}

Json blocklist_json(const PrefixSet& blocklist) {
    Json json = envelope("Blocklist");
    json["count"] = blocklist.prefixes().size();
    json["prefixes"] = Json::array();
    for (const Prefix& prefix : blocklist.prefixes()) {
        json["prefixes"].push_back(prefix.to_string());
    }
    return json;
}

std::string lines_of(Agent& agent, const std::vector<ObservedEvent>& events) {
    std::string lines;
    for (const ObservedEvent& event : events) {
        lines +=
            event_json(event, agent.interface_of(event.record.key.zone), *agent.warden().policy())
                .dump(-1, ' ', false, Json::error_handler_t::replace) +
            "\n";
    }
    return lines;
}

}  // namespace

ControlApi::ControlApi(TaskQueue& queue,
                       Agent& agent,
                       TunnelControl& tunnels,
                       ProcessList processes,
                       RoleGroups groups)
    : queue_{queue},
      agent_{agent},
      tunnels_{tunnels},
      processes_{std::move(processes)},
      desk_{queue, agent, tunnels},
      groups_{groups} {
    add_reading_calls();
    add_learning_calls();
    add_changing_calls();
    add_blocklist_calls();
    add_tunnel_calls();
}

ControlApi::Call ControlApi::in_loop(std::function<Answer<Json>(Agent&, const HttpRequest&)> work) {
    return [this, work = std::move(work)](const HttpRequest& request) -> Answer<Json> {
        auto answer = queue_.call([&] { return work(agent_, request); });
        return answer ? std::move(*answer) : Answer<Json>{unavailable()};
    };
}

ControlApi::Call ControlApi::with_change(std::function<Answer<Json>(const ChangeRequest&)> work) {
    return [work = std::move(work)](const HttpRequest& request) -> Answer<Json> {
        const auto change = read_change(request.body);
        return change ? work(*change) : Answer<Json>{Unexpected<Refusal>{change.error()}};
    };
}

void ControlApi::add_reading_calls() {
    calls_["GET /v1/status"] = in_loop([this](Agent& agent, const HttpRequest&) -> Answer<Json> {
        Json json = status_json(agent);
        json["processes"] = processes_json(processes_());
        return json;
    });
    calls_["GET /v1/policy"] =
        in_loop([](Agent& agent, const HttpRequest& request) -> Answer<Json> {
            const auto effective = read_number(request, "effective", 0);
            return effective ? Answer<Json>{policy_json(agent, *effective != 0)}
                             : Answer<Json>{Unexpected<Refusal>{effective.error()}};
        });
    calls_["GET /v1/policy/history"] =
        in_loop([](Agent& agent, const HttpRequest&) -> Answer<Json> {
            return history_json(agent.warden().state());
        });
    calls_["GET /v1/flows"] = in_loop([](Agent& agent, const HttpRequest& request) -> Answer<Json> {
        const auto last = read_number(request, "last", kFlowsShown);
        if (!last) {
            return Unexpected<Refusal>{last.error()};
        }
        return flows_json(agent,
                          static_cast<std::size_t>(std::min<std::uint64_t>(*last, kFlowsMax)));
    });
    calls_["GET /v1/flows/live"] =
        in_loop([](Agent& agent, const HttpRequest& request) -> Answer<Json> {
            const auto last = read_number(request, "last", kFlowsShown);
            return last ? Answer<Json>{live_flows_json(agent, *last)}
                        : Answer<Json>{Unexpected<Refusal>{last.error()}};
        });
    calls_["GET /v1/doctor"] =
        in_loop([](Agent& agent, const HttpRequest& request) -> Answer<Json> {
            const auto caller = read_session(request);
            return caller ? Answer<Json>{doctor_json(agent, *caller)}
                          : Answer<Json>{Unexpected<Refusal>{caller.error()}};
        });
    calls_["POST /v1/trace"] = in_loop(
        [](Agent& agent, const HttpRequest& request) { return trace(agent, request.body); });
    calls_["POST /v1/policy/diff"] =
        with_change([this](const ChangeRequest& change) { return desk_.diff(change); });
}

void ControlApi::add_learning_calls() {
    calls_["GET /v1/learn/status"] = in_loop([](Agent& agent, const HttpRequest&) -> Answer<Json> {
        agent.sweep();
        return learn_status_json(agent);
    });
    calls_["GET /v1/learn/candidates"] =
        in_loop([](Agent& agent, const HttpRequest& request) -> Answer<Json> {
            const auto all = read_number(request, "all", 0);
            return all ? Answer<Json>{candidates_json(agent, *all != 0)}
                       : Answer<Json>{Unexpected<Refusal>{all.error()}};
        });
    calls_["GET /v1/learn/export"] = [this](const HttpRequest&) {
        return desk_.exported();
    };
    for (const bool approve : {true, false}) {
        calls_[approve ? "POST /v1/learn/approve" : "POST /v1/learn/reject"] =
            in_loop([approve](Agent& agent, const HttpRequest& request) -> Answer<Json> {
                const auto decision = read_decision(request.body);
                if (!decision) {
                    return Unexpected<Refusal>{decision.error()};
                }
                policy::Learner& learner = agent.learning().learner();
                const std::size_t before = pending_of(learner);
                auto done = approve ? learner.approve(decision->ids, decision->by)
                                    : learner.reject(decision->ids, decision->by);
                if (!done) {
                    return refuse(Refusal::Code::not_found,
                                  done.error().message(),
                                  "see `tollgate learn review`");
                }
                const std::size_t decided = before - pending_of(learner);
                agent.learning().save();
                Json json = candidates_json(agent, true);
                json["decided"] = decided;
                return json;
            });
    }
}

void ControlApi::add_changing_calls() {
    calls_["POST /v1/learn/start"] =
        with_change([this](const ChangeRequest& change) { return desk_.start_learning(change); });
    calls_["POST /v1/policy/apply"] =
        with_change([this](const ChangeRequest& change) { return desk_.apply(change); });
    calls_["POST /v1/policy/rollback"] =
        with_change([this](const ChangeRequest& change) { return desk_.rollback(change); });
    calls_["POST /v1/enforce"] = with_change([this](const ChangeRequest& change) {
        return desk_.change_stage(policy::Stage::enforce, change);
    });
    calls_["POST /v1/audit"] = with_change([this](const ChangeRequest& change) {
        return desk_.change_stage(policy::Stage::audit, change);
    });
    calls_["POST /v1/confirm"] =
        with_change([this](const ChangeRequest& change) { return desk_.confirm(change); });
    calls_["POST /v1/open"] = [this](const HttpRequest&) {
        return desk_.open();
    };
}

void ControlApi::add_blocklist_calls() {
    calls_["GET /v1/blocklist"] = in_loop([](Agent& agent, const HttpRequest&) -> Answer<Json> {
        return blocklist_json(agent.blocklist());
    });
    for (const std::string verb : {"add", "remove", "load"}) {
        calls_["POST /v1/blocklist/" + verb] =
            in_loop([verb](Agent& agent, const HttpRequest& request) -> Answer<Json> {
                const auto prefixes = read_prefixes(request.body);
                if (!prefixes) {
                    return Unexpected<Refusal>{prefixes.error()};
                }
                if (prefixes->replace && verb != "load") {  // which is for admins only
                    return refuse(Refusal::Code::invalid, "`replace` is for /v1/blocklist/load");
                }
                auto changed = verb == "remove"    ? agent.unblock(prefixes->prefixes)
                               : prefixes->replace ? agent.replace_blocklist(prefixes->prefixes)
                                                   : agent.block(prefixes->prefixes);
                if (!changed) {
                    return Unexpected<Refusal>{changed.error()};
                }
                Json json = envelope("Blocklist");
                json["count"] = agent.blocklist().prefixes().size();
                json["changed"] = *changed;
                return json;
            });
    }
}

void ControlApi::add_tunnel_calls() {
    calls_["GET /v1/tunnels"] = [this](const HttpRequest&) {
        return show_tunnels(tunnels_);
    };
    calls_["POST /v1/tunnels/peers/add"] = [this](const HttpRequest& request) {
        return add_tunnel_peer(tunnels_, request.body);
    };
    calls_["POST /v1/tunnels/peers/remove"] = [this](const HttpRequest& request) {
        return remove_tunnel_peer(tunnels_, request.body);
    };
    for (const bool up : {true, false}) {
        calls_[up ? "POST /v1/tunnels/up" : "POST /v1/tunnels/down"] =
            [this, up](const HttpRequest& request) {
                return set_tunnel_up(tunnels_, request.body, up);
            };
    }
}

std::vector<std::string> ControlApi::calls() const {
    std::vector<std::string> names{kObserve};
    for (const auto& [name, call] : calls_) {
        names.push_back(name);
    }
    return names;
}

HttpResponse ControlApi::handle(const HttpRequest& request) {
    const std::string name = request.method + " " + request.path;
    const CallerRole needed = needed_role(name);
    if (role_of(request, groups_) < needed) {
        ++forbidden_;
        note_forbidden(request, needed);
        return response_of(refuse(Refusal::Code::forbidden,
                                  fmt::format("this takes {}", describe(needed)),
                                  "run the command with sudo"));
    }
    if (name == kObserve) {
        return observe(request);
    }
    const auto call = calls_.find(name);
    if (call == calls_.end()) {
        return response_of(refuse(Refusal::Code::not_found,
                                  fmt::format("no such call: {}", name),
                                  "the CLI and the agent may be of different versions"));
    }
    const Answer<Json> answer = call->second(request);
    if (needed != CallerRole::viewers) {
        note(request, answer);
    }
    return response_of(answer);
}

HttpResponse ControlApi::observe(const HttpRequest& request) {
    auto wanted = read_observe(request);
    if (!wanted) {
        return response_of(Unexpected<Refusal>{wanted.error()});
    }
    struct Page {
        std::string lines;
        std::uint64_t newest = 0;
        bool known_interface = true;
    };
    const auto page = queue_.call([&] {
        for (const ProtectedInterface& interface : agent_.watch().interfaces()) {
            if (interface.name == wanted->interface) {
                wanted->filter.zone = interface.zone;
            }
        }
        agent_.read_events();
        return Page{lines_of(agent_, agent_.events().after(0, wanted->filter, wanted->last)),
                    agent_.events().newest(),
                    wanted->interface.empty() || wanted->filter.zone.has_value()};
    });
    if (!page) {
        return response_of(unavailable());
    }
    if (!page->known_interface) {
        return response_of(refuse(Refusal::Code::not_found,
                                  fmt::format("{} is not protected", wanted->interface)));
    }
    HttpResponse response;
    response.content_type = "application/jsonl";
    response.body = page->lines;
    if (!wanted->follow) {
        return response;
    }
    // Counts itself out when the answer, and with it the last copy of this, is gone.
    if (followers_ >= kFollowersMax) {
        return response_of(refuse(Refusal::Code::unavailable, "too many others follow already"));
    }
    ++followers_;
    const std::shared_ptr<void> counted{nullptr, [this](void*) {
                                            --followers_;
                                        }};
    response.more = [this,
                     counted,
                     filter = wanted->filter,
                     seen = page->newest]() mutable -> std::optional<std::string> {
        std::this_thread::sleep_for(kFollowInterval);
        return queue_.call([&] {
            auto events = agent_.events().after(seen, filter, kFollowBatch);
            seen = agent_.events().newest();
            return lines_of(agent_, events);
        });
    };
    return response;
}

}  // namespace tollgate::agent
