// SPDX-License-Identifier: MIT
#include "agent/control/tunnel_metrics.hpp"

#include <map>
#include <string>
#include <utility>

namespace tollgate::agent {

namespace {

using Count = std::pair<std::string_view, std::uint64_t>;

constexpr double kNanosecond = 1e-9;

void add_traffic(std::string_view tunnel, const PeerCounters& peer, MetricsPage& page) {
    const std::string_view name = peer.name;
    const auto add = [&](Metric metric, std::uint64_t value) {
        page.add(metric, {{"interface", tunnel}, {"peer", name}}, value);
    };
    add(Metric::tunnel_receive_packets, peer.received.packets);
    add(Metric::tunnel_receive_bytes, peer.received.bytes);
    add(Metric::tunnel_transmit_packets, peer.sent.packets);
    add(Metric::tunnel_transmit_bytes, peer.sent.bytes);
    add(Metric::tunnel_endpoint_changes, peer.endpoint_changes);
}

void add_peer(std::string_view tunnel, const PeerCounters& peer, MetricsPage& page) {
    const std::string_view name = peer.name;
    page.add(
        Metric::tunnel_peer_up, {{"interface", tunnel}, {"peer", name}}, peer.is_up ? 1.0 : 0.0);
    if (peer.last_handshake.count() != 0) {
        page.add(Metric::tunnel_last_handshake,
                 {{"interface", tunnel}, {"peer", name}},
                 static_cast<double>(peer.last_handshake.count()) * kNanosecond);
    }
    add_traffic(tunnel, peer, page);
}

void add_handshakes(const TunnelCounters& tunnel, MetricsPage& page) {
    const HandshakeCounters& all = tunnel.handshakes;
    const HandshakeCounters::Responses& responses = all.responses;
    const auto add = [&](std::string_view role, std::initializer_list<Count> results) {
        for (const auto& [result, count] : results) {
            page.add(Metric::tunnel_handshakes,
                     {{"interface", tunnel.name}, {"role", role}, {"result", result}},
                     count);
        }
    };
    add("initiator",
        {{"ok", all.finished_as_initiator},
         {"timeout", all.unanswered},
         {"bad_mac", responses.bad_mac1},
         {"queue_full", responses.queue_full},
         {"rate_limited", responses.rate_limited},
         {"unknown_index", all.unknown_index},
         {"not_authentic", responses.not_authentic}});
    add("responder",
        {{"ok", all.finished - all.finished_as_initiator},
         {"bad_length", all.bad_length},
         {"bad_mac", all.bad_mac1 - responses.bad_mac1},
         {"no_stealth_mac", all.no_stealth_mac},
         {"cookie", all.cookies_sent},
         {"queue_full", all.queue_full - responses.queue_full},
         {"rate_limited", all.rate_limited - responses.rate_limited},
         {"unknown_peer", all.unknown_peer},
         {"replay", all.replayed},
         {"too_frequent", all.too_frequent},
         {"misdirected", all.misdirected},
         {"not_authentic", all.not_authentic - responses.not_authentic}});
    page.add(Metric::tunnel_handshake_duration, {{"interface", tunnel.name}}, all.durations);
}

void add_losses(const TunnelCounters& tunnel, MetricsPage& page) {
    const IngressCounters& in = tunnel.ingress;
    for (const auto& [reason, count] : {Count{"bad_length", in.bad_length},
                                        {"unknown_index", in.unknown_index},
                                        {"expired", in.expired},
                                        {"not_authentic", in.not_authentic},
                                        {"replay", in.replayed}}) {
        page.add(Metric::tunnel_decrypt_failures,
                 {{"interface", tunnel.name}, {"reason", reason}},
                 count);
    }
    const EgressCounters& out = tunnel.egress;
    const auto add = [&](std::string_view direction, std::initializer_list<Count> reasons) {
        for (const auto& [reason, count] : reasons) {
            page.add(Metric::tunnel_drops,
                     {{"interface", tunnel.name}, {"direction", direction}, {"reason", reason}},
                     count);
        }
    };
    add("ingress", {{"not_ip", in.not_ip}, {"wrong_source", in.wrong_source}});
    add("egress",
        {{"no_peer", out.no_peer},
         {"no_endpoint", out.no_endpoint},
         {"looping", out.looping},
         {"staged", out.staged_dropped},
         {"not_sent", out.not_sent},
         {"wrong_thread", out.wrong_worker}});
}

void add_link(const TunnelCounters& tunnel, MetricsPage& page) {
    const auto add = [&](std::string_view direction, std::string_view reason, std::uint64_t count) {
        page.add(Metric::tunnel_link_drops,
                 {{"interface", tunnel.name}, {"direction", direction}, {"reason", reason}},
                 count);
    };
    add("egress", "no_room", tunnel.link.no_room);
    add("ingress", "no_room", tunnel.link.overflowed);
    add("ingress", "malformed", tunnel.link.malformed);
    page.add(Metric::tunnel_xsk_datagrams,
             {{"interface", tunnel.name}, {"direction", "ingress"}},
             tunnel.link.xsk_received);
    page.add(Metric::tunnel_xsk_datagrams,
             {{"interface", tunnel.name}, {"direction", "egress"}},
             tunnel.link.xsk_sent);
}

void add_queue(const XskQueueCounters& queue, MetricsPage& page) {
    const std::string number = std::to_string(queue.queue);
    const MetricsPage::Labels labels{{"interface", queue.interface}, {"queue", number}};
    page.add(Metric::xsk_receive_packets, labels, queue.received.frames);
    page.add(Metric::xsk_transmit_packets, labels, queue.sent.frames);
    page.add(Metric::xsk_zero_copy, labels, queue.is_zero_copy ? 1.0 : 0.0);
    const XskDrops& drops = queue.drops;
    for (const auto& [reason, count] : {Count{"rx_dropped", drops.rx_dropped},
                                        {"rx_invalid", drops.rx_invalid},
                                        {"rx_ring_full", drops.rx_ring_full},
                                        {"rx_fill_empty", drops.rx_fill_empty},
                                        {"tx_invalid", drops.tx_invalid}}) {
        page.add(Metric::xsk_drops,
                 {{"interface", queue.interface}, {"queue", number}, {"reason", reason}},
                 count);
    }
    for (const auto& [kind, count] :
         {Count{"receive", queue.received.wakeups}, {"transmit", queue.sent.wakeups}}) {
        page.add(Metric::xsk_wakeups,
                 {{"interface", queue.interface}, {"queue", number}, {"kind", kind}},
                 count);
    }
}

// Of all queues of an interface together: a histogram has many series.
void add_batches(const std::vector<XskQueueCounters>& queues, MetricsPage& page) {
    std::map<std::string_view, std::pair<Batches, Batches>> interfaces;
    for (const XskQueueCounters& queue : queues) {
        auto& [received, sent] = interfaces[queue.interface];
        received += queue.received.batches;
        sent += queue.sent.batches;
    }
    for (const auto& [name, batches] : interfaces) {
        page.add(Metric::xsk_batch, {{"interface", name}, {"direction", "ingress"}}, batches.first);
        page.add(Metric::xsk_batch, {{"interface", name}, {"direction", "egress"}}, batches.second);
    }
}

void add_tunnel(const TunnelCounters& tunnel, MetricsPage& page) {
    page.add(Metric::tunnel_build,
             {{"interface", tunnel.name},
              {"backend", tunnel.backend},
              {"backend_reason", tunnel.backend_reason},
              {"cipher", tunnel.cipher}},
             1.0);
    page.add(Metric::tunnel_threads,
             {{"interface", tunnel.name}, {"reason", tunnel.threads_reason}},
             std::uint64_t{tunnel.threads});
    page.add(Metric::tunnel_up, {{"interface", tunnel.name}}, tunnel.is_up ? 1.0 : 0.0);
    const std::size_t all = tunnel.peers.size() + tunnel.others;
    page.add(Metric::tunnel_peers,
             {{"interface", tunnel.name}, {"state", "up"}},
             std::uint64_t{tunnel.peers_up});
    page.add(Metric::tunnel_peers,
             {{"interface", tunnel.name}, {"state", "quiet"}},
             std::uint64_t{all - tunnel.peers_up});
    for (const PeerCounters& peer : tunnel.peers) {
        add_peer(tunnel.name, peer, page);
    }
    if (tunnel.others != 0) {
        add_traffic(tunnel.name, tunnel.other, page);
    }
    page.add(Metric::tunnel_refused_indices, {{"interface", tunnel.name}}, tunnel.refused_indices);
    add_handshakes(tunnel, page);
    add_losses(tunnel, page);
    add_link(tunnel, page);
    for (const XskQueueCounters& queue : tunnel.queues) {
        add_queue(queue, page);
    }
}

}  // namespace

void add_tunnels(const TunnelControl::Scrape& scrape, MetricsPage& page) {
    std::vector<XskQueueCounters> queues;
    for (const TunnelCounters& tunnel : scrape.tunnels) {
        add_tunnel(tunnel, page);
        queues.insert(queues.end(), tunnel.queues.begin(), tunnel.queues.end());
    }
    add_batches(queues, page);
    page.add(Metric::tunnel_late_scrapes, {}, scrape.late);
}

}  // namespace tollgate::agent
