// SPDX-License-Identifier: MIT
#include "agent/control/tunnel_metrics.hpp"

#include <string>

#include <gmock/gmock.h>

namespace tollgate::agent {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TunnelCounters tunnel() {
    TunnelCounters counters;
    counters.name = "wg0";
    counters.backend = "udp";
    counters.cipher = "openssl";
    return counters;
}

std::string page_of(TunnelCounters counters, std::uint64_t late = 0) {
    TunnelControl::Scrape scrape;
    scrape.tunnels.push_back(std::move(counters));
    scrape.late = late;
    MetricsPage page;
    add_tunnels(scrape, page);
    return page.to_text();
}

PeerCounters camera() {
    PeerCounters peer;
    peer.name = "camera";
    peer.received = {3, 300};
    peer.sent = {2, 200};
    return peer;
}

TEST(TunnelMetrics, NamePeersAsConfigured) {
    TunnelCounters counters = tunnel();
    counters.peers.push_back(camera());
    const std::string page = page_of(counters);
    const std::string labels = R"({interface="wg0",peer="camera"})";
    EXPECT_THAT(page, HasSubstr("tollgate_tunnel_receive_packets_total" + labels + " 3\n"));
    EXPECT_THAT(page, HasSubstr("tollgate_tunnel_transmit_bytes_total" + labels + " 200\n"));
    EXPECT_THAT(page, HasSubstr("tollgate_tunnel_peer_up" + labels + " 0\n"));
}

TEST(TunnelMetrics, APeerThatWasNeverSeenHasNoTimeOfAHandshake) {
    TunnelCounters counters = tunnel();
    counters.peers.push_back(camera());
    EXPECT_THAT(page_of(counters), Not(HasSubstr("last_handshake_timestamp")));
    counters.peers[0].last_handshake = std::chrono::seconds{1'700'000'000};
    EXPECT_THAT(page_of(counters),
                HasSubstr(R"(last_handshake_timestamp_seconds{interface="wg0",peer="camera"} 17)"));
}

TEST(TunnelMetrics, SumUpThePeersThatAreTooMany) {
    TunnelCounters counters = tunnel();
    counters.peers.push_back(camera());
    counters.peers_up = 4;
    counters.others = 9;
    counters.other = camera();
    counters.other.name = "_other";
    const std::string page = page_of(counters);
    EXPECT_THAT(page, HasSubstr(R"(tollgate_tunnel_peers{interface="wg0",state="up"} 4)"));
    EXPECT_THAT(page, HasSubstr(R"(tollgate_tunnel_peers{interface="wg0",state="quiet"} 6)"));
    EXPECT_THAT(page, HasSubstr(R"(receive_bytes_total{interface="wg0",peer="_other"} 300)"));
    EXPECT_THAT(page, Not(HasSubstr(R"(peer_up{interface="wg0",peer="_other"})")));
}

TEST(TunnelMetrics, KeepTheRolesOfHandshakesApart) {
    TunnelCounters counters = tunnel();
    counters.handshakes.finished = 5;
    counters.handshakes.finished_as_initiator = 2;
    counters.handshakes.bad_mac1 = 7;
    counters.handshakes.responses.bad_mac1 = 1;
    counters.handshakes.durations.add(0.01);
    const std::string page = page_of(counters);
    const auto sample = [](const std::string& role, const std::string& result) {
        return R"(handshakes_total{interface="wg0",role=")" + role + R"(",result=")" + result +
               "\"} ";
    };
    EXPECT_THAT(page, HasSubstr(sample("initiator", "ok") + "2\n"));
    EXPECT_THAT(page, HasSubstr(sample("responder", "ok") + "3\n"));
    EXPECT_THAT(page, HasSubstr(sample("initiator", "bad_mac") + "1\n"));
    EXPECT_THAT(page, HasSubstr(sample("responder", "bad_mac") + "6\n"));
    EXPECT_THAT(page, HasSubstr("handshake_duration_seconds_count{interface=\"wg0\"} 1\n"));
}

TEST(TunnelMetrics, CountLossesByReason) {
    TunnelCounters counters = tunnel();
    counters.ingress.wrong_source = 4;
    counters.egress.no_peer = 6;
    const std::string page = page_of(counters, 2);
    EXPECT_THAT(page, HasSubstr(R"(direction="ingress",reason="wrong_source"} 4)"));
    EXPECT_THAT(page, HasSubstr(R"(direction="egress",reason="no_peer"} 6)"));
    EXPECT_THAT(page, HasSubstr("late"));
    EXPECT_THAT(page, HasSubstr(" 2\n"));
}

TEST(TunnelMetrics, TellOfEachSocketOfAfXdp) {
    TunnelCounters counters = tunnel();
    XskQueueCounters queue;
    queue.interface = "eth0";
    queue.is_zero_copy = true;
    queue.received.frames = 70;
    queue.received.batches.add(6);
    queue.received.batches.add(64);
    queue.sent.wakeups = 5;
    queue.drops.rx_ring_full = 9;
    counters.queues.push_back(queue);
    queue.queue = 1;
    counters.queues.push_back(queue);
    const std::string page = page_of(counters);
    EXPECT_THAT(page, HasSubstr(R"(xsk_receive_packets_total{interface="eth0",queue="0"} 70)"));
    EXPECT_THAT(page, HasSubstr(R"(interface="eth0",queue="1",reason="rx_ring_full"} 9)"));
    EXPECT_THAT(page, HasSubstr(R"(interface="eth0",queue="1",kind="transmit"} 5)"));
    EXPECT_THAT(page, HasSubstr(R"(xsk_zero_copy{interface="eth0",queue="0"} 1)"));
    const std::string batches = R"(xsk_batch_packets_bucket{interface="eth0",direction="ingress",)";
    EXPECT_THAT(page, HasSubstr(batches + R"(le="4"} 0)"));
    EXPECT_THAT(page, HasSubstr(batches + R"(le="63"} 2)"));
    EXPECT_THAT(page, HasSubstr(batches + R"(le="+Inf"} 4)"));
}

}  // namespace
}  // namespace tollgate::agent
