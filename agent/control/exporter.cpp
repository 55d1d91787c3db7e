// SPDX-License-Identifier: MIT
#include "agent/control/exporter.hpp"

#include <array>
#include <string>

#include "agent/report/metrics.hpp"
#include "policy/notation.hpp"

namespace tollgate::agent {
namespace {

constexpr double kNanosecond = 1e-9;

double number(std::uint64_t value) {
    return static_cast<double>(value);
}

void add_counters(Metrics& metrics,
                  const std::string& interface,
                  std::string_view direction,
                  const tg_interface_counters& counters) {
    std::uint64_t dropped = 0;
    for (std::size_t i = 1; i < TG_DROP_REASON_COUNT; ++i) {
        const std::string_view reason = label(static_cast<DropReason>(i));
        dropped += counters.drops[i];
        metrics.add(Metric::drops, {interface, direction, reason}, number(counters.drops[i]));
        if (counters.would_drop[i] > 0) {
            const double packets = number(counters.would_drop[i]);
            metrics.add(Metric::would_drop, {interface, direction, reason}, packets);
        }
    }
    const double passed = number(counters.passed_packets);
    metrics.add(Metric::packets, {interface, direction, "pass"}, passed);
    metrics.add(Metric::packets, {interface, direction, "drop"}, number(dropped));
    metrics.add(Metric::bytes, {interface, direction, "pass"}, number(counters.passed_bytes));
    metrics.add(Metric::bytes, {interface, direction, "drop"}, number(counters.dropped_bytes));
}

void add_attachment(Metrics& metrics, const ProtectedInterface& interface) {
    const AttachMode mode = interface.attachment ? interface.attachment->ingress : AttachMode::none;
    const bool egress = interface.attachment && interface.attachment->egress != TcHook::none;
    for (const auto& [value, text] :
         {std::pair{AttachMode::native, "native"}, std::pair{AttachMode::generic, "generic"}}) {
        metrics.add(Metric::xdp_attached, {interface.name, text}, mode == value ? 1 : 0);
    }
    const bool tc_ingress = mode == AttachMode::tc;
    metrics.add(Metric::tc_attached, {interface.name, "ingress"}, tc_ingress ? 1 : 0);
    metrics.add(Metric::tc_attached, {interface.name, "egress"}, egress ? 1 : 0);
}

void add_interfaces(Metrics& metrics, Agent& agent) {
    constexpr std::array kStages{
        policy::Stage::learn, policy::Stage::audit, policy::Stage::enforce, policy::Stage::open};
    for (const ProtectedInterface& interface : agent.watch().interfaces()) {
        add_attachment(metrics, interface);
        const policy::Stage in_force = agent.warden().stage_of(interface.name);
        for (const policy::Stage stage : kStages) {
            metrics.add(
                Metric::mode, {interface.name, policy::to_text(stage)}, stage == in_force ? 1 : 0);
        }
        if (const auto& pending = agent.warden().state().pending) {
            const auto deadline = static_cast<double>(pending->deadline_wall_s);
            metrics.add(Metric::confirm_deadline, {interface.name}, deadline);
        }
        for (const auto& [direction, text] :
             {std::pair{TG_INGRESS, "ingress"}, std::pair{TG_EGRESS, "egress"}}) {
            if (const auto counters = agent.gate().interface_counters(interface.zone, direction)) {
                add_counters(metrics, interface.name, text, *counters);
            }
        }
    }
}

std::string_view action_of(const policy::Rule* rule) {
    return rule != nullptr && rule->rank == policy::Rank::deny ? "deny" : "allow";
}

void add_rules(Metrics& metrics, Agent& agent) {
    const LoadedPolicy& policy = *agent.warden().policy();
    const auto rules = static_cast<std::uint32_t>(policy.rule_names.size());
    const auto counters = agent.gate().rule_counters(rules);
    if (!counters) {
        return;
    }
    std::array<tg_rule_counters, 2> other{};
    std::array<std::uint64_t, 2> count{};
    for (std::uint32_t i = 1; i < counters->size(); ++i) {
        const std::string_view action = action_of(policy.rule(i));
        const std::size_t denies = action == "deny" ? 1 : 0;
        ++count[denies];
        if (i <= kRuleSeriesMax) {
            const std::string_view name = policy.rule_name(i);
            metrics.add(Metric::rule_packets, {name, action}, number((*counters)[i].packets));
            metrics.add(Metric::rule_bytes, {name, action}, number((*counters)[i].bytes));
            continue;
        }
        other[denies].packets += (*counters)[i].packets;
        other[denies].bytes += (*counters)[i].bytes;
    }
    for (const auto& [denies, action] : {std::pair{0U, "allow"}, std::pair{1U, "deny"}}) {
        metrics.add(Metric::policy_rules, {action}, number(count[denies]));
        if (rules > kRuleSeriesMax + 1) {
            metrics.add(Metric::rule_packets, {"_other", action}, number(other[denies].packets));
            metrics.add(Metric::rule_bytes, {"_other", action}, number(other[denies].bytes));
        }
    }
}

void add_gate(Metrics& metrics, Agent& agent) {
    for (const Gate::TableUse& table : agent.gate().tables()) {
        metrics.add(Metric::flows, {table.table}, number(table.used));
        metrics.add(Metric::flows_limit, {table.table}, number(table.limit));
    }
    const auto counters = agent.gate().gate_counters();
    if (!counters) {
        return;
    }
    metrics.add(Metric::flow_inserts, {"flows"}, number(counters->flows_created));
    metrics.add(Metric::flow_inserts, {"embryos"}, number(counters->embryos_created));
    metrics.add(Metric::flows_promoted, {}, number(counters->flows_promoted));
    metrics.add(Metric::map_errors, {}, number(counters->map_errors));
    metrics.add(Metric::learn_overflow, {}, number(counters->services_full));
    metrics.add(Metric::resolved, {"admitted"}, number(counters->resolved_addresses));
    metrics.add(Metric::resolved, {"unsolicited"}, number(counters->dns_unsolicited));
    metrics.add(Metric::resolved, {"malformed"}, number(counters->dns_malformed));
    metrics.add(Metric::events_sent, {}, number(counters->events_sent));
    metrics.add(Metric::events_lost, {"events"}, number(counters->events_lost));
    metrics.add(Metric::drops_unreported, {}, number(counters->drops_unreported));
}

void add_policy(Metrics& metrics, Agent& agent) {
    const Agent::Changes& changes = agent.changes();
    metrics.add(Metric::policy_generation, {}, agent.warden().in_force().number);
    metrics.add(Metric::reload_successful, {}, changes.last_successful ? 1 : 0);
    if (changes.last_success_wall_s != 0) {
        const auto time = static_cast<double>(changes.last_success_wall_s);
        metrics.add(Metric::reload_time, {}, time);
    }
    metrics.add(Metric::agent_errors, {"policy"}, number(changes.errors));
    metrics.add(Metric::reattachments, {}, number(agent.watch().reattachments()));
}

void add_learning(Metrics& metrics, Agent& agent) {
    policy::Learner& learner = agent.learning().learner();
    std::array<std::uint64_t, 3> states{};
    for (const policy::Candidate& candidate : learner.candidates()) {
        ++states.at(static_cast<std::size_t>(candidate.decision));
    }
    for (const auto& [state, text] : {std::pair{policy::Decision::pending, "pending"},
                                      std::pair{policy::Decision::approved, "approved"},
                                      std::pair{policy::Decision::rejected, "rejected"}}) {
        metrics.add(
            Metric::learn_candidates, {text}, number(states.at(static_cast<std::size_t>(state))));
    }
    metrics.add(Metric::learn_readiness, {}, learner.status().readiness.percent);
}

HttpResponse plain(int status, std::string body) {
    HttpResponse response;
    response.status = status;
    response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    response.body = std::move(body);
    return response;
}

}  // namespace

std::string metrics_text(Agent& agent) {
    Metrics metrics;
    metrics.add(Metric::build_info, {TOLLGATE_VERSION}, 1);
    add_interfaces(metrics, agent);
    add_rules(metrics, agent);
    add_gate(metrics, agent);
    add_policy(metrics, agent);
    add_learning(metrics, agent);
    metrics.add(Metric::heartbeat, {}, kNanosecond * static_cast<double>(agent.clock().wall_ns()));
    metrics.add_process();
    return metrics.text();
}

HttpHandler metrics_handler(Agent& agent, TaskQueue& queue) {
    return [&agent, &queue](const HttpRequest& request) {
        if (request.method != "GET") {
            return plain(405, "GET only\n");
        }
        if (request.path == "/metrics") {
            auto text = queue.call([&agent] { return metrics_text(agent); });
            return text ? plain(200, std::move(*text)) : plain(503, "stopping\n");
        }
        if (request.path == "/livez") {
            return queue.call([] { return true; }) ? plain(200, "ok\n") : plain(503, "stopping\n");
        }
        if (request.path == "/readyz") {
            const auto ready = queue.call([&agent] { return agent.watch().all_attached(); });
            return ready.value_or(false) ? plain(200, "ok\n") : plain(503, "not attached\n");
        }
        return plain(404, "only /metrics, /livez and /readyz are here\n");
    };
}

}  // namespace tollgate::agent
