// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace tollgate::agent {

enum class MetricKind : std::uint8_t { gauge, counter };

/// Every metric of the agent: X(enumerator, name, kind, labels, help). The exposition, the
/// reference (docs/metrics.md) and the enumeration come from this list. No label ever carries a
/// remote address.
#define TOLLGATE_METRICS(X)                                                                     \
    X(build_info, "tollgate_build_info", gauge, "version", "Version of the running agent.")     \
    X(mode,                                                                                     \
      "tollgate_mode",                                                                          \
      gauge,                                                                                    \
      "interface, mode",                                                                        \
      "Stage of an interface; 1 for the one in force.")                                         \
    X(confirm_deadline,                                                                         \
      "tollgate_enforce_confirm_deadline_timestamp_seconds",                                    \
      gauge,                                                                                    \
      "interface",                                                                              \
      "When the pending change reverts itself; absent when nothing is pending.")                \
    X(xdp_attached,                                                                             \
      "tollgate_xdp_attached",                                                                  \
      gauge,                                                                                    \
      "interface, attach_mode",                                                                 \
      "Whether the ingress program is attached, by attach mode.")                               \
    X(tc_attached,                                                                              \
      "tollgate_tc_attached",                                                                   \
      gauge,                                                                                    \
      "interface, direction",                                                                   \
      "Whether a TC program is attached, by direction.")                                        \
    X(packets,                                                                                  \
      "tollgate_packets_total",                                                                 \
      counter,                                                                                  \
      "interface, direction, verdict",                                                          \
      "Packets that crossed the gate, by verdict.")                                             \
    X(bytes,                                                                                    \
      "tollgate_bytes_total",                                                                   \
      counter,                                                                                  \
      "interface, direction, verdict",                                                          \
      "Bytes of frames that crossed the gate, by verdict.")                                     \
    X(drops,                                                                                    \
      "tollgate_drops_total",                                                                   \
      counter,                                                                                  \
      "interface, direction, reason",                                                           \
      "Packets dropped, by reason.")                                                            \
    X(would_drop,                                                                               \
      "tollgate_audit_would_drop_packets_total",                                                \
      counter,                                                                                  \
      "interface, direction, reason",                                                           \
      "Packets passed that the stage enforce would drop.")                                      \
    X(rule_packets,                                                                             \
      "tollgate_rule_packets_total",                                                            \
      counter,                                                                                  \
      "rule, action",                                                                           \
      "Packets under a rule since it was loaded; all rules past the 200th are _other.")         \
    X(rule_bytes,                                                                               \
      "tollgate_rule_bytes_total",                                                              \
      counter,                                                                                  \
      "rule, action",                                                                           \
      "Bytes under a rule since it was loaded; all rules past the 200th are _other.")           \
    X(flows, "tollgate_flows", gauge, "table", "Entries in a table of the data path.")          \
    X(flows_limit, "tollgate_flows_limit", gauge, "table", "Room in a table of the data path.") \
    X(flow_inserts, "tollgate_flow_inserts_total", counter, "table", "Flows created.")          \
    X(flows_promoted,                                                                           \
      "tollgate_flows_promoted_total",                                                          \
      counter,                                                                                  \
      "",                                                                                       \
      "Half-open flows that became established.")                                               \
    X(map_errors, "tollgate_map_errors_total", counter, "", "Updates that the kernel refused.") \
    X(policy_generation,                                                                        \
      "tollgate_policy_generation",                                                             \
      gauge,                                                                                    \
      "",                                                                                       \
      "Number of the generation in force.")                                                     \
    X(policy_rules, "tollgate_policy_rules", gauge, "action", "Rules in force.")                \
    X(reload_successful,                                                                        \
      "tollgate_policy_last_reload_successful",                                                 \
      gauge,                                                                                    \
      "",                                                                                       \
      "Whether the last change of policy succeeded.")                                           \
    X(reload_time,                                                                              \
      "tollgate_policy_last_reload_success_timestamp_seconds",                                  \
      gauge,                                                                                    \
      "",                                                                                       \
      "Time of the last change of policy that succeeded.")                                      \
    X(learn_candidates,                                                                         \
      "tollgate_learn_candidates",                                                              \
      gauge,                                                                                    \
      "state",                                                                                  \
      "Candidates of the learner, by decision.")                                                \
    X(learn_overflow,                                                                           \
      "tollgate_learn_overflow_total",                                                          \
      counter,                                                                                  \
      "",                                                                                       \
      "New services that the kernel had no room for.")                                          \
    X(learn_readiness,                                                                          \
      "tollgate_learn_readiness",                                                               \
      gauge,                                                                                    \
      "",                                                                                       \
      "How much of the traffic the learner has seen, from 0 to 100.")                           \
    X(resolved,                                                                                 \
      "tollgate_fqdn_resolutions_total",                                                        \
      counter,                                                                                  \
      "result",                                                                                 \
      "Addresses admitted by DNS answers, and answers that admitted nothing.")                  \
    X(events_sent, "tollgate_events_sent_total", counter, "", "Events sent by the data path.")  \
    X(events_lost,                                                                              \
      "tollgate_events_lost_total",                                                             \
      counter,                                                                                  \
      "ring",                                                                                   \
      "Events lost because the ring was full.")                                                 \
    X(drops_unreported,                                                                         \
      "tollgate_drops_unreported_total",                                                        \
      counter,                                                                                  \
      "",                                                                                       \
      "Dropped packets that no event tells of: over the event rate, or in a lost event.")       \
    X(reattachments,                                                                            \
      "tollgate_reattachments_total",                                                           \
      counter,                                                                                  \
      "",                                                                                       \
      "Programs put back after they were detached by force.")                                   \
    X(heartbeat,                                                                                \
      "tollgate_agent_heartbeat_timestamp_seconds",                                             \
      gauge,                                                                                    \
      "",                                                                                       \
      "When the agent's loop last turned.")                                                     \
    X(agent_errors,                                                                             \
      "tollgate_agent_errors_total",                                                            \
      counter,                                                                                  \
      "component",                                                                              \
      "Operations of the agent that failed.")                                                   \
    X(process_cpu, "process_cpu_seconds_total", counter, "", "User and system CPU time.")       \
    X(process_memory, "process_resident_memory_bytes", gauge, "", "Resident memory.")           \
    X(process_virtual, "process_virtual_memory_bytes", gauge, "", "Virtual memory.")            \
    X(process_fds, "process_open_fds", gauge, "", "Open file descriptors.")                     \
    X(process_max_fds, "process_max_fds", gauge, "", "Limit of open file descriptors.")         \
    X(process_start, "process_start_time_seconds", gauge, "", "When the process started.")

enum class Metric : std::uint8_t {
#define X(id, name, kind, labels, help) id,
    TOLLGATE_METRICS(X)
#undef X
};

struct MetricDescription {
    Metric metric{};
    std::string_view name;
    MetricKind kind{};
    std::string_view labels;  ///< names, ", " between them; empty: none
    std::string_view help;
};

/// All metrics, in the order of the list.
[[nodiscard]] std::span<const MetricDescription> metric_descriptions();

/// One scrape: samples are added, then the text is taken.
class Metrics {
  public:
    Metrics();
    ~Metrics();
    Metrics(Metrics&&) noexcept;
    Metrics& operator=(Metrics&&) noexcept;

    /// @param labels  values in the order of MetricDescription::labels; missing ones are empty
    void add(Metric metric, std::initializer_list<std::string_view> labels, double value);

    /// Reads /proc/self and getrusage; what cannot be read is left out.
    void add_process();

    /// In the text format 0.0.4; metrics without a sample are left out.
    [[nodiscard]] std::string text() const;

  private:
    struct Families;
    std::unique_ptr<Families> families_;
};

}  // namespace tollgate::agent
