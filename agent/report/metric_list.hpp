// SPDX-License-Identifier: MIT
#pragma once

/// Every metric that the agent serves: the one list behind /metrics and docs/metrics.md.
///
///   X(enumerator, name, type, labels, help)
#define TOLLGATE_METRICS(X)                                                                        \
    X(build, "tollgate_build_info", gauge, "version, kernel, libbpf", "Always 1; what runs here.") \
    X(mode,                                                                                        \
      "tollgate_mode",                                                                             \
      gauge,                                                                                       \
      "interface, mode",                                                                           \
      "1 for the stage that the interface is in, 0 for the others.")                               \
    X(confirm_deadline,                                                                            \
      "tollgate_enforce_confirm_deadline_timestamp_seconds",                                       \
      gauge,                                                                                       \
      "",                                                                                          \
      "When an unconfirmed change reverts; absent when nothing waits.")                            \
    X(xdp_attached,                                                                                \
      "tollgate_xdp_attached",                                                                     \
      gauge,                                                                                       \
      "interface, link, attach_mode",                                                              \
      "1 for the way in which ingress is attached: native, generic, tc or none; link is clear or " \
      "tunnel.")                                                                                   \
    X(tc_attached,                                                                                 \
      "tollgate_tc_attached",                                                                      \
      gauge,                                                                                       \
      "interface, direction",                                                                      \
      "1 if egress is attached at TC.")                                                            \
    X(reattachments,                                                                               \
      "tollgate_interface_reattachments_total",                                                    \
      counter,                                                                                     \
      "",                                                                                          \
      "Times that a detached gate was put back.")                                                  \
    X(packets,                                                                                     \
      "tollgate_packets_total",                                                                    \
      counter,                                                                                     \
      "interface, direction, verdict",                                                             \
      "Packets by verdict, pass or drop; every frame counts once.")                                \
    X(bytes,                                                                                       \
      "tollgate_bytes_total",                                                                      \
      counter,                                                                                     \
      "interface, direction, verdict",                                                             \
      "Bytes of frames by verdict.")                                                               \
    X(drops,                                                                                       \
      "tollgate_drops_total",                                                                      \
      counter,                                                                                     \
      "interface, direction, reason",                                                              \
      "Packets dropped, by reason (docs/packet-path.md).")                                         \
    X(would_drops,                                                                                 \
      "tollgate_audit_would_drop_packets_total",                                                   \
      counter,                                                                                     \
      "interface, direction, reason",                                                              \
      "Packets that passed only because of the stage, by the reason enforce would give.")          \
    X(rule_packets,                                                                                \
      "tollgate_rule_packets_total",                                                               \
      counter,                                                                                     \
      "rule, action",                                                                              \
      "Packets of the flows of a rule since the policy came into force.")                          \
    X(rule_bytes,                                                                                  \
      "tollgate_rule_bytes_total",                                                                 \
      counter,                                                                                     \
      "rule, action",                                                                              \
      "Bytes of the flows of a rule since the policy came into force.")                            \
    X(flows, "tollgate_flows", gauge, "table", "Entries in use in a table of the data path.")      \
    X(flows_limit, "tollgate_flows_limit", gauge, "table", "Entries that the table has room for.") \
    X(flow_inserts,                                                                                \
      "tollgate_flow_inserts_total",                                                               \
      counter,                                                                                     \
      "table",                                                                                     \
      "Flows that were entered into a table.")                                                     \
    X(flow_evictions,                                                                              \
      "tollgate_flow_evictions_total",                                                             \
      counter,                                                                                     \
      "table",                                                                                     \
      "Entries that the kernel threw out of a full table, dead ones too, since the first scrape; " \
      "exact at rest, else late by what came during the scrape.")                                  \
    X(map_errors,                                                                                  \
      "tollgate_map_errors_total",                                                                 \
      counter,                                                                                     \
      "",                                                                                          \
      "Updates of tables that the kernel refused.")                                                \
    X(policy_generation,                                                                           \
      "tollgate_policy_generation",                                                                \
      gauge,                                                                                       \
      "",                                                                                          \
      "Number of the policy generation in force.")                                                 \
    X(policy_rules,                                                                                \
      "tollgate_policy_rules",                                                                     \
      gauge,                                                                                       \
      "source, action",                                                                            \
      "Rules in force by origin (learned, written) and action.")                                   \
    X(policy_rules_expired,                                                                        \
      "tollgate_policy_rules_expired",                                                             \
      gauge,                                                                                       \
      "",                                                                                          \
      "Rules that have expired.")                                                                  \
    X(policy_last_successful,                                                                      \
      "tollgate_policy_last_reload_successful",                                                    \
      gauge,                                                                                       \
      "",                                                                                          \
      "1 unless the last change was refused or reverted.")                                         \
    X(policy_last_success,                                                                         \
      "tollgate_policy_last_reload_success_timestamp_seconds",                                     \
      gauge,                                                                                       \
      "",                                                                                          \
      "When a policy last came into force.")                                                       \
    X(policy_apply_duration,                                                                       \
      "tollgate_policy_apply_duration_seconds",                                                    \
      histogram,                                                                                   \
      "",                                                                                          \
      "Time to load a policy into the data path and switch to it.")                                \
    X(learn_candidates,                                                                            \
      "tollgate_learn_candidates",                                                                 \
      gauge,                                                                                       \
      "state",                                                                                     \
      "Candidates by decision: pending, approved, rejected.")                                      \
    X(learn_new_candidates,                                                                        \
      "tollgate_learn_new_candidates_total",                                                       \
      counter,                                                                                     \
      "",                                                                                          \
      "Candidates that were found; decided ones count, too.")                                      \
    X(learn_overflow,                                                                              \
      "tollgate_learn_overflow_total",                                                             \
      counter,                                                                                     \
      "",                                                                                          \
      "New services for which there was no room.")                                                 \
    X(fqdn_resolutions,                                                                            \
      "tollgate_fqdn_resolutions_total",                                                           \
      counter,                                                                                     \
      "result",                                                                                    \
      "DNS answers: addresses admitted, answers to no query of ours, answers not readable.")       \
    X(fqdn_addresses, "tollgate_fqdn_addresses", gauge, "", "Addresses admitted for a name now.")  \
    X(events_lost,                                                                                 \
      "tollgate_events_lost_total",                                                                \
      counter,                                                                                     \
      "ring",                                                                                      \
      "Events that did not fit into the ring buffer.")                                             \
    X(flow_log_records,                                                                            \
      "tollgate_flow_log_records_total",                                                           \
      counter,                                                                                     \
      "sink, result",                                                                              \
      "Records of the flow log, written or lost; lost in the queue: no sink has them.")            \
    X(flow_log_waiting,                                                                            \
      "tollgate_flow_log_waiting_records",                                                         \
      gauge,                                                                                       \
      "sink",                                                                                      \
      "Records that wait in the queue, or in a sink for the other side.")                          \
    X(flow_log_errors,                                                                             \
      "tollgate_flow_log_errors_total",                                                            \
      counter,                                                                                     \
      "sink",                                                                                      \
      "Times that a sink of the flow log could not write.")                                        \
    X(flow_log_sink_up,                                                                            \
      "tollgate_flow_log_sink_up",                                                                 \
      gauge,                                                                                       \
      "sink",                                                                                      \
      "0: something keeps a sink of the flow log from writing now; status says what.")             \
    X(flow_log_unseen,                                                                             \
      "tollgate_flow_log_unseen_total",                                                            \
      counter,                                                                                     \
      "what",                                                                                      \
      "What no record tells of: flows between two looks, ends of flows, dropped packets.")         \
    X(heartbeat,                                                                                   \
      "tollgate_agent_heartbeat_timestamp_seconds",                                                \
      gauge,                                                                                       \
      "",                                                                                          \
      "When the agent's loop last went round.")                                                    \
    X(agent_errors,                                                                                \
      "tollgate_agent_errors_total",                                                               \
      counter,                                                                                     \
      "component",                                                                                 \
      "Failures that the agent went on after.")                                                    \
    X(tunnel_build,                                                                                \
      "tollgate_tunnel_info",                                                                      \
      gauge,                                                                                       \
      "interface, backend, backend_reason, cipher",                                                \
      "Always 1; what carries a tunnel and why, and what encrypts it.")                            \
    X(tunnel_threads,                                                                              \
      "tollgate_tunnel_threads",                                                                   \
      gauge,                                                                                       \
      "interface, reason",                                                                         \
      "Threads that carry a tunnel, and why so many.")                                             \
    X(tunnel_link_drops,                                                                           \
      "tollgate_tunnel_link_drops_total",                                                          \
      counter,                                                                                     \
      "interface, direction, reason",                                                              \
      "Datagrams of the tunnel that the host had no room for, or AF_XDP frames that are none.")    \
    X(tunnel_xsk_datagrams,                                                                        \
      "tollgate_tunnel_xsk_datagrams_total",                                                       \
      counter,                                                                                     \
      "interface, direction",                                                                      \
      "Datagrams of the tunnel that went past the network stack (AF_XDP).")                        \
    X(xsk_receive_packets,                                                                         \
      "tollgate_xsk_receive_packets_total",                                                        \
      counter,                                                                                     \
      "interface, queue",                                                                          \
      "Frames that an AF_XDP socket was given.")                                                   \
    X(xsk_transmit_packets,                                                                        \
      "tollgate_xsk_transmit_packets_total",                                                       \
      counter,                                                                                     \
      "interface, queue",                                                                          \
      "Frames that an AF_XDP socket was given to send.")                                           \
    X(xsk_drops,                                                                                   \
      "tollgate_xsk_drops_total",                                                                  \
      counter,                                                                                     \
      "interface, queue, reason",                                                                  \
      "Frames that the kernel lost at an AF_XDP socket: XDP_STATISTICS.")                          \
    X(xsk_zero_copy,                                                                               \
      "tollgate_xsk_zero_copy",                                                                    \
      gauge,                                                                                       \
      "interface, queue",                                                                          \
      "1 if the interface itself reads and writes the frames of the socket, 0 if the kernel "      \
      "copies.")                                                                                   \
    X(xsk_wakeups,                                                                                 \
      "tollgate_xsk_wakeups_total",                                                                \
      counter,                                                                                     \
      "interface, queue, kind",                                                                    \
      "System calls that woke the kernel, to receive or to transmit.")                             \
    X(xsk_batch,                                                                                   \
      "tollgate_xsk_batch_packets",                                                                \
      histogram,                                                                                   \
      "interface, direction",                                                                      \
      "Frames that were taken or given at once.")                                                  \
    X(tunnel_up, "tollgate_tunnel_up", gauge, "interface", "1 unless the tunnel was put down.")    \
    X(tunnel_peers,                                                                                \
      "tollgate_tunnel_peers",                                                                     \
      gauge,                                                                                       \
      "interface, state",                                                                          \
      "All peers: up, or quiet for longer than 180 s.")                                            \
    X(tunnel_peer_up,                                                                              \
      "tollgate_tunnel_peer_up",                                                                   \
      gauge,                                                                                       \
      "interface, peer",                                                                           \
      "1 while keys of a handshake of the last 180 s are in use.")                                 \
    X(tunnel_last_handshake,                                                                       \
      "tollgate_tunnel_peer_last_handshake_timestamp_seconds",                                     \
      gauge,                                                                                       \
      "interface, peer",                                                                           \
      "When the last handshake finished; absent if there was none.")                               \
    X(tunnel_receive_packets,                                                                      \
      "tollgate_tunnel_receive_packets_total",                                                     \
      counter,                                                                                     \
      "interface, peer",                                                                           \
      "Authentic data messages of the peer.")                                                      \
    X(tunnel_receive_bytes,                                                                        \
      "tollgate_tunnel_receive_bytes_total",                                                       \
      counter,                                                                                     \
      "interface, peer",                                                                           \
      "Bytes of datagrams from the peer: what wg calls transfer.")                                 \
    X(tunnel_transmit_packets,                                                                     \
      "tollgate_tunnel_transmit_packets_total",                                                    \
      counter,                                                                                     \
      "interface, peer",                                                                           \
      "Data messages sent to the peer.")                                                           \
    X(tunnel_transmit_bytes,                                                                       \
      "tollgate_tunnel_transmit_bytes_total",                                                      \
      counter,                                                                                     \
      "interface, peer",                                                                           \
      "Bytes of datagrams to the peer: what wg calls transfer.")                                   \
    X(tunnel_endpoint_changes,                                                                     \
      "tollgate_tunnel_endpoint_changes_total",                                                    \
      counter,                                                                                     \
      "interface, peer",                                                                           \
      "Times that the peer was found at another address or port.")                                 \
    X(tunnel_handshakes,                                                                           \
      "tollgate_tunnel_handshakes_total",                                                          \
      counter,                                                                                     \
      "interface, role, result",                                                                   \
      "Handshakes by our role and what became of them.")                                           \
    X(tunnel_handshake_duration,                                                                   \
      "tollgate_tunnel_handshake_duration_seconds",                                                \
      histogram,                                                                                   \
      "interface",                                                                                 \
      "From our initiation to the response that it got.")                                          \
    X(tunnel_decrypt_failures,                                                                     \
      "tollgate_tunnel_decrypt_failures_total",                                                    \
      counter,                                                                                     \
      "interface, reason",                                                                         \
      "Data messages that are no packet of a peer, by reason.")                                    \
    X(tunnel_drops,                                                                                \
      "tollgate_tunnel_drops_total",                                                               \
      counter,                                                                                     \
      "interface, direction, reason",                                                              \
      "Inner packets that were dropped, by reason.")                                               \
    X(tunnel_refused_indices,                                                                      \
      "tollgate_tunnel_refused_indices_total",                                                     \
      counter,                                                                                     \
      "interface",                                                                                 \
      "Receiver indices that the gate had no room for: what comes to them is dropped.")            \
    X(tunnel_late_scrapes,                                                                         \
      "tollgate_tunnel_late_scrapes_total",                                                        \
      counter,                                                                                     \
      "",                                                                                          \
      "Times that a tunnel did not answer in time and a scrape was without it.")                   \
    X(dns_answers,                                                                                 \
      "tollgate_dns_answers_total",                                                                \
      counter,                                                                                     \
      "result",                                                                                    \
      "DNS answers for learning names: read, unreadable, lost (no process to read them, or too "   \
      "many), refused (the process cannot be right).")                                             \
    X(process_up,                                                                                  \
      "tollgate_process_up",                                                                       \
      gauge,                                                                                       \
      "process",                                                                                   \
      "1 if a part of the agent that is a process of its own runs.")                               \
    X(process_restarts,                                                                            \
      "tollgate_process_restarts_total",                                                           \
      counter,                                                                                     \
      "process",                                                                                   \
      "Times that such a process was started again.")                                              \
    X(sandbox_landlock,                                                                            \
      "tollgate_sandbox_landlock_abi",                                                             \
      gauge,                                                                                       \
      "process",                                                                                   \
      "ABI of Landlock that such a process is confined by; 0: the kernel has none.")               \
    X(process_cpu, "process_cpu_seconds_total", counter, "", "User and system CPU time.")          \
    X(process_resident, "process_resident_memory_bytes", gauge, "", "Resident memory.")            \
    X(process_virtual, "process_virtual_memory_bytes", gauge, "", "Virtual memory.")               \
    X(process_fds, "process_open_fds", gauge, "", "Open file descriptors.")                        \
    X(process_max_fds, "process_max_fds", gauge, "", "Limit of open file descriptors.")            \
    X(process_start, "process_start_time_seconds", gauge, "", "When the process started.")
