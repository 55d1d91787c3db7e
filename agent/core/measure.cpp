// SPDX-License-Identifier: MIT
#include "agent/core/measure.hpp"

#include <algorithm>
#include <map>

#include <sys/utsname.h>

#include "agent/core/flow_log_feed.hpp"
#include "agent/datapath/requirements.hpp"
#include "policy/notation.hpp"

namespace tollgate::agent {

namespace {

void add_interface(Agent& agent, const ProtectedInterface& interface, MetricsPage& page) {
    using policy::Stage;
    for (const Stage stage : {Stage::learn, Stage::audit, Stage::enforce, Stage::open}) {
        const bool current = agent.warden().stage_of(interface.name) == stage;
        page.add(Metric::mode,
                 {{"interface", interface.name}, {"mode", policy::to_text(stage)}},
                 current ? 1.0 : 0.0);
    }
    if (!interface.is_there) {  // a tunnel that does not run: neither open nor shut
        return;
    }
    const Attachment attachment = interface.attachment.value_or(Attachment{});
    const std::pair<AttachMode, std::string_view> modes[] = {{AttachMode::native, "native"},
                                                             {AttachMode::generic, "generic"},
                                                             {AttachMode::tc, "tc"},
                                                             {AttachMode::none, "none"}};
    for (const auto& [mode, name] : modes) {
        page.add(Metric::xdp_attached,
                 {{"interface", interface.name},
                  {"link", interface.link == TG_LINK_TUNNEL ? "tunnel" : "clear"},
                  {"attach_mode", name}},
                 attachment.ingress == mode ? 1.0 : 0.0);
    }
    page.add(Metric::tc_attached,
             {{"interface", interface.name}, {"direction", "egress"}},
             attachment.egress == TcHook::none ? 0.0 : 1.0);
}

void add_counters(Agent& agent, const ProtectedInterface& interface, MetricsPage& page) {
    for (const tg_direction direction : {TG_INGRESS, TG_EGRESS}) {
        const auto counters = agent.gate().interface_counters(interface.zone, direction);
        if (!counters) {
            continue;
        }
        const std::string_view way = policy::to_text(static_cast<policy::Direction>(direction));
        const std::string_view name = interface.name;
        std::uint64_t dropped = 0;
        for (std::size_t i = 1; i < TG_DROP_REASON_COUNT; ++i) {
            const std::string_view reason = label(static_cast<DropReason>(i));
            dropped += counters->drops[i];
            page.add(Metric::drops,
                     {{"interface", name}, {"direction", way}, {"reason", reason}},
                     std::uint64_t{counters->drops[i]});
            page.add(Metric::would_drops,
                     {{"interface", name}, {"direction", way}, {"reason", reason}},
                     std::uint64_t{counters->would_drop[i]});
        }
        const auto add = [&](Metric metric, std::string_view verdict, std::uint64_t value) {
            page.add(
                metric, {{"interface", name}, {"direction", way}, {"verdict", verdict}}, value);
        };
        add(Metric::packets, "pass", counters->passed_packets);
        add(Metric::packets, "drop", dropped);
        add(Metric::bytes, "pass", counters->passed_bytes);
        add(Metric::bytes, "drop", counters->dropped_bytes);
    }
}

// Those that have series of their own first: of many rules the busiest, and up to half as many as
// there is room for that nothing has needed.
std::vector<std::uint32_t> in_order_of_interest(const std::vector<tg_rule_counters>& counters,
                                                std::size_t rules) {
    std::vector<std::uint32_t> order;
    for (std::uint32_t rule = 1; rule < std::min(rules, counters.size()); ++rule) {
        order.push_back(rule);
    }
    const auto idle = std::stable_partition(
        order.begin(), order.end(), [&](std::uint32_t rule) { return counters[rule].packets > 0; });
    std::stable_sort(order.begin(), idle, [&](std::uint32_t a, std::uint32_t b) {
        return counters[a].packets > counters[b].packets;
    });
    const std::size_t idle_shown =
        std::min<std::size_t>(static_cast<std::size_t>(order.end() - idle), kRuleSeriesMax / 2);
    const auto busy = static_cast<std::size_t>(idle - order.begin());
    if (busy + idle_shown > kRuleSeriesMax) {
        std::rotate(order.begin() + static_cast<std::ptrdiff_t>(kRuleSeriesMax - idle_shown),
                    idle,
                    idle + static_cast<std::ptrdiff_t>(idle_shown));
    }
    return order;
}

void add_rules(Agent& agent, MetricsPage& page) {
    const LoadedPolicy& policy = *agent.warden().policy();
    const auto size = static_cast<std::uint32_t>(policy.rule_names.size());
    const auto counters = agent.gate().rule_counters(size);
    if (!counters) {
        return;
    }
    const std::vector<std::uint32_t> order = in_order_of_interest(*counters, size);
    tg_rule_counters other{};
    for (std::size_t i = 0; i < order.size(); ++i) {
        const tg_rule_counters& count = (*counters)[order[i]];
        if (i >= kRuleSeriesMax) {
            other.packets += count.packets;
            other.bytes += count.bytes;
            continue;
        }
        const policy::Rule* rule = policy.rule(order[i]);
        const bool deny = rule != nullptr && rule->rank == policy::Rank::deny;
        const std::string_view action = deny ? "drop" : "pass";
        const std::string_view name = policy.rule_names[order[i]];
        page.add(Metric::rule_packets,
                 {{"rule", name}, {"action", action}},
                 std::uint64_t{count.packets});
        page.add(
            Metric::rule_bytes, {{"rule", name}, {"action", action}}, std::uint64_t{count.bytes});
    }
    if (order.size() > kRuleSeriesMax) {
        page.add(Metric::rule_packets,
                 {{"rule", "_other"}, {"action", "any"}},
                 std::uint64_t{other.packets});
        page.add(Metric::rule_bytes,
                 {{"rule", "_other"}, {"action", "any"}},
                 std::uint64_t{other.bytes});
    }
}

void add_policy(Agent& agent, MetricsPage& page) {
    const Warden& warden = agent.warden();
    std::map<std::pair<std::string_view, std::string_view>, std::uint64_t> rules;
    std::uint64_t expired = 0;
    const policy::WallTime now{std::chrono::seconds{agent.clock().wall_seconds()}};
    for (const policy::Rule& rule : warden.policy()->policy.rules) {
        ++rules[{rule.learned ? "learned" : "written",
                 rule.rank == policy::Rank::deny ? "drop" : "pass"}];
        expired += rule.expires && *rule.expires <= now ? 1 : 0;
    }
    for (const auto& [kind, count] : rules) {
        page.add(Metric::policy_rules, {{"source", kind.first}, {"action", kind.second}}, count);
    }
    page.add(Metric::policy_rules_expired, {}, expired);
    page.add(Metric::policy_generation, {}, std::uint64_t{warden.in_force().number});
    if (const auto& pending = warden.state().pending) {
        page.add(Metric::confirm_deadline, {}, static_cast<double>(pending->deadline_wall_s));
    }
    const Agent::Changes& changes = agent.changes();
    page.add(Metric::policy_last_successful, {}, changes.last_successful ? 1.0 : 0.0);
    if (changes.last_success_wall_s != 0) {
        page.add(Metric::policy_last_success, {}, static_cast<double>(changes.last_success_wall_s));
    }
    page.add(Metric::policy_apply_duration, {}, changes.durations);
}

void add_tables(Agent& agent, MetricsPage& page) {
    for (const Gate::TableUse& use : agent.gate().tables()) {
        page.add(Metric::flows, {{"table", use.table}}, use.used);
        page.add(Metric::flows_limit, {{"table", use.table}}, use.limit);
        if (use.evictions) {
            page.add(Metric::flow_evictions,
                     {{"table", use.table}},
                     agent.evictions(use.table, *use.evictions));
        }
        if (use.table == "resolved") {
            page.add(Metric::fqdn_addresses, {}, use.used);
        }
    }
    const auto counters = agent.gate().gate_counters();
    if (!counters) {
        return;
    }
    const auto add =
        [&](Metric metric, std::string_view key, std::string_view value, std::uint64_t count) {
            page.add(metric, {{key, value}}, count);
        };
    add(Metric::flow_inserts, "table", "flows", counters->flows_created + counters->flows_promoted);
    add(Metric::flow_inserts, "table", "embryos", counters->embryos_created);
    page.add(Metric::map_errors, {}, std::uint64_t{counters->map_errors});
    add(Metric::fqdn_resolutions, "result", "admitted", counters->resolved_addresses);
    add(Metric::fqdn_resolutions, "result", "unsolicited", counters->dns_unsolicited);
    add(Metric::fqdn_resolutions, "result", "malformed", counters->dns_malformed);
    add(Metric::events_lost, "ring", "events", counters->events_lost);
    page.add(Metric::learn_overflow,
             {},
             counters->services_full + agent.learning().learner().status().refused);
}

void add_candidates(Agent& agent, MetricsPage& page) {
    std::map<policy::Decision, std::uint64_t> states{{policy::Decision::pending, 0},
                                                     {policy::Decision::approved, 0},
                                                     {policy::Decision::rejected, 0}};
    for (const policy::Candidate& candidate : agent.learning().learner().candidates()) {
        ++states[candidate.decision];
    }
    for (const auto& [decision, count] : states) {
        page.add(Metric::learn_candidates, {{"state", policy::label(decision)}}, count);
    }
    page.add(Metric::learn_new_candidates, {}, agent.learning().learner().found());
}

void add_flow_log(const FlowLogFeed& feed, MetricsPage& page) {
    const FlowLogCounters log = feed.counters();
    page.add(Metric::flow_log_records, {{"sink", "queue"}, {"result", "lost"}}, log.lost);
    page.add(Metric::flow_log_waiting, {{"sink", "queue"}}, log.waiting);
    for (const FlowLogCounters::OfSink& sink : log.sinks) {
        const auto add = [&](std::string_view result, std::uint64_t records) {
            page.add(Metric::flow_log_records, {{"sink", sink.name}, {"result", result}}, records);
        };
        add("written", sink.counters.written);
        add("lost", sink.counters.lost);
        page.add(Metric::flow_log_waiting, {{"sink", sink.name}}, sink.counters.waiting);
        page.add(Metric::flow_log_errors, {{"sink", sink.name}}, sink.counters.errors);
        page.add(Metric::flow_log_sink_up, {{"sink", sink.name}}, sink.problem.empty() ? 1 : 0);
    }
    const FlowLogLosses& unseen = feed.losses();
    page.add(Metric::flow_log_unseen, {{"what", "flows"}}, unseen.flows);
    page.add(Metric::flow_log_unseen, {{"what", "ends"}}, unseen.ends);
    page.add(Metric::flow_log_unseen, {{"what", "drops"}}, unseen.drops);
}

void add_dns(const DnsCounts& dns, MetricsPage& page) {
    page.add(Metric::dns_answers, {{"result", "read"}}, dns.read);
    page.add(Metric::dns_answers, {{"result", "unreadable"}}, dns.unreadable);
    page.add(Metric::dns_answers, {{"result", "lost"}}, dns.lost);
    page.add(Metric::dns_answers, {{"result", "refused"}}, dns.refused);
}

}  // namespace

MetricsPage measure(Agent& agent) {
    MetricsPage page;
    utsname kernel{};
    ::uname(&kernel);
    page.add(
        Metric::build,
        {{"version", TOLLGATE_VERSION}, {"kernel", kernel.release}, {"libbpf", libbpf_version()}},
        1.0);
    for (const ProtectedInterface& interface : agent.watch().interfaces()) {
        add_interface(agent, interface, page);
        add_counters(agent, interface, page);
    }
    page.add(Metric::reattachments, {}, agent.watch().reattachments());
    add_policy(agent, page);
    add_rules(agent, page);
    add_tables(agent, page);
    add_candidates(agent, page);
    if (const DnsReader* dns = agent.dns()) {
        add_dns(dns->counts(), page);
    }
    if (const FlowLogFeed* feed = agent.flow_log()) {
        add_flow_log(*feed, page);
    }
    page.add(Metric::agent_errors, {{"component", "policy"}}, agent.changes().refused);
    page.add(Metric::agent_errors, {{"component", "events"}}, agent.changes().event_errors);
    page.add_process();
    return page;
}

}  // namespace tollgate::agent
