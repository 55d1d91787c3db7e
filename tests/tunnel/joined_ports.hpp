// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <poll.h>

#include <gtest/gtest.h>

#include "agent/tunnel/tun_port.hpp"
#include "tests/support/netns.hpp"

namespace tollgate::test {

/// Moves packets between two ports as a tunnel would, without one.
class NullForwarder {
  public:
    NullForwarder(agent::Port& one, agent::Port& other) : ports_{&one, &other} {
        thread_ = std::thread{[this] {
            run();
        }};
    }
    ~NullForwarder() { stop(); }
    NullForwarder(const NullForwarder&) = delete;
    NullForwarder& operator=(const NullForwarder&) = delete;

    void stop() {
        stopped_ = true;
        if (thread_.joinable()) {
            thread_.join();
        }
    }
    /// How many packets the hosts gave that stood for more than one.
    [[nodiscard]] int joined() const { return joined_; }

  private:
    static constexpr std::size_t kBatch = 64;

    void run() {
        while (!stopped_) {
            std::array<pollfd, 2> ready{pollfd{ports_[0]->descriptor(), POLLIN, 0},
                                        pollfd{ports_[1]->descriptor(), POLLIN, 0}};
            ::poll(ready.data(), ready.size(), 10);
            forward(*ports_[0], *ports_[1]);
            forward(*ports_[1], *ports_[0]);
        }
    }

    void forward(agent::Port& from, agent::Port& to) {
        while (const auto packet = from.receive()) {
            joined_ += packet->count() > 1 ? 1 : 0;
            for (std::size_t at = 0; at < packet->count(); at += kBatch) {
                std::vector<std::vector<std::byte>> segments;
                for (std::size_t i = at; i < std::min(at + kBatch, packet->count()); ++i) {
                    segments.emplace_back(packet->size(i));
                    packet->write(i, segments.back());
                }
                const std::vector<crypto::MutableBytes> views(segments.begin(), segments.end());
                to.send(views);
            }
        }
    }

    std::array<agent::Port*, 2> ports_;
    std::atomic<bool> stopped_ = false;
    std::atomic<int> joined_ = 0;
    std::thread thread_;
};

/// Two hosts, each with a TUN device, and nothing between them but a forwarder.
///
///     left: tun0 198.51.100.1, 2001:db8::1 ── right: tun0 198.51.100.2, 2001:db8::2
class JoinedPorts : public RootTest {
  protected:
    void SetUp() override {
        RootTest::SetUp();
        if (IsSkipped() || HasFatalFailure()) {
            return;
        }
        left = std::make_unique<NetworkNamespace>("left");
        right = std::make_unique<NetworkNamespace>("right");
        left_port = open(*left);
        right_port = open(*right);
        give_addresses(*left, "1");
        give_addresses(*right, "2");
    }

    [[nodiscard]] static std::unique_ptr<agent::TunPort> open(const NetworkNamespace& where) {
        const Inside there{where};
        return agent::TunPort::open({.name = "tun0"}).value();
    }

    static void give_addresses(const NetworkNamespace& where, const std::string& host) {
        const Inside there{where};
        run_command({"sysctl", "-qw", "net.ipv6.conf.tun0.disable_ipv6=0"});
        where.ip({"addr", "add", "198.51.100." + host + "/24", "dev", "tun0"});
        where.ip({"-6", "addr", "add", "2001:db8::" + host + "/64", "dev", "tun0", "nodad"});
    }

    std::unique_ptr<NetworkNamespace> left;
    std::unique_ptr<NetworkNamespace> right;
    std::unique_ptr<agent::TunPort> left_port;
    std::unique_ptr<agent::TunPort> right_port;
};

}  // namespace tollgate::test
