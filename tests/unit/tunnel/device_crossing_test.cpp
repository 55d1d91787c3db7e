// SPDX-License-Identifier: MIT
// Handshakes that meet under way, and initiations that come in another order than they were sent.
#include <algorithm>
#include <chrono>
#include <random>
#include <vector>

#include <gmock/gmock.h>

#include <tollgate/abi/wireguard.h>

#include "agent/tunnel/device.hpp"
#include "tests/support/tunnel_lab.hpp"

namespace tollgate::test {
namespace {

using namespace std::chrono_literals;
using ::testing::SizeIs;

/// Two hosts that know where the other is, and a wire on which every datagram takes its time.
class SlowLab : public TunnelLab {
  public:
    SlowLab() { right.add_peer(left, true); }

    std::uint32_t below(std::uint32_t bound) {
        return static_cast<std::uint32_t>(random_() % bound);
    }
    void pass_slowly(std::chrono::nanoseconds time, bool is_lossy) {
        const auto end = *clock + time;
        while (*clock < end) {
            *clock += 20ms;
            left.work();
            right.work();
            send_off(left, right, is_lossy);
            send_off(right, left, is_lossy);
            deliver();
        }
    }
    /// Long enough for either to have no key, and to have given up asking for one.
    void forget() {
        under_way_.clear();
        for (int minute = 0; minute < 15; ++minute) {
            *clock += 60s;
            left.work();
            right.work();
            left.link->sent.clear();
            right.link->sent.clear();
        }
    }
    /// Whether a packet passes in each direction, on a wire that loses nothing.
    bool passes_both_ways() {
        pass_slowly(1s, false);
        constexpr std::size_t kPayload = 77;
        left.send(right.inner, kPayload);
        right.send(left.inner, kPayload);
        settle();
        const bool to_right = has(right, inner_packet(left.inner, right.inner, kPayload));
        const bool to_left = has(left, inner_packet(right.inner, left.inner, kPayload));
        return to_right && to_left;
    }
    /// The same, after losses: the last confirmation of a keypair may be among them, and then what
    /// is sent is lost until the sender, who gets no answer, begins anew (paper, 6.5: 15 s).
    bool passes_again() {
        for (int second = 0; second < 18; ++second) {
            if (passes_both_ways()) {
                return true;
            }
        }
        return false;
    }

  private:
    static bool has(TunnelHost& host, const Datagram& packet) {
        const bool found = std::ranges::count(host.port->received, packet) == 1;
        host.port->received.clear();
        return found;
    }

    struct UnderWay {
        std::chrono::nanoseconds arrives;
        TunnelHost* to;
        agent::Endpoint from;
        Datagram bytes;
    };

    void send_off(TunnelHost& from, TunnelHost& to, bool is_lossy) {
        for (; !from.link->sent.empty(); from.link->sent.pop_front()) {
            if (!is_lossy || below(4) != 0) {
                under_way_.push_back({*clock + below(300) * 1ms,
                                      &to,
                                      from.endpoint,
                                      std::move(from.link->sent.front().bytes)});
            }
        }
    }
    void deliver() {
        std::vector<UnderWay> waiting;
        std::swap(waiting, under_way_);
        for (UnderWay& one : waiting) {
            if (one.arrives <= *clock) {
                one.to->receive(one.bytes, one.from);
            } else {
                under_way_.push_back(std::move(one));
            }
        }
    }

    std::mt19937 random_{17};  // NOLINT(cert-msc32-c,cert-msc51-cpp): the same each time
    std::vector<UnderWay> under_way_;
};

// Case W17
TEST(DeviceCrossing, OfAThousandBeginningsAtOnceEachLeadsToAKeypairInTwoSeconds) {
    SlowLab lab;
    for (int run = 0; run < 1000; ++run) {
        lab.left.send(lab.right.inner);
        lab.pass_slowly(lab.below(6) * 20ms, false);
        lab.right.send(lab.left.inner);
        lab.pass_slowly(1s, false);
        ASSERT_TRUE(lab.passes_both_ways()) << run;
        lab.forget();
    }
}

// Case W17
TEST(DeviceCrossing, LossesOnlyTakeAnotherTry) {
    SlowLab lab;
    for (int run = 0; run < 50; ++run) {
        lab.left.send(lab.right.inner);
        lab.right.send(lab.left.inner);
        lab.pass_slowly(20s, true);
        lab.pass_slowly(12s, false);
        ASSERT_TRUE(lab.passes_again()) << run;
        lab.forget();
    }
}

// Case W04
TEST(DeviceCrossing, OnlyALaterInitiationIsAnswered) {
    TunnelLab lab;
    std::vector<Datagram> initiations;
    lab.wire = [&](TunnelHost& /*from*/, Datagram& datagram) {
        initiations.push_back(datagram);
        return false;
    };
    lab.left.send("10.0.0.2");
    lab.settle();
    lab.pass(12s);
    ASSERT_THAT(initiations, SizeIs(3));

    const auto answers_to = [&](std::size_t which) {
        *lab.clock += 50ms;
        const auto before = lab.right.device->handshakes().responses_sent;
        lab.right.receive(initiations.at(which), lab.left.endpoint);
        return lab.right.device->handshakes().responses_sent - before;
    };
    EXPECT_EQ(answers_to(1), 1U);
    EXPECT_EQ(answers_to(0), 0U) << "an earlier one";
    EXPECT_EQ(answers_to(1), 0U) << "the same one";
    EXPECT_EQ(answers_to(2), 1U);
    lab.wire = {};
    lab.settle();
    EXPECT_THAT(lab.right.port->received, SizeIs(1)) << "the answer to the last one counts";
    EXPECT_EQ(answers_to(2), 0U);
    lab.left.send("10.0.0.2");
    lab.settle();
    EXPECT_THAT(lab.right.port->received, SizeIs(2)) << "the keypair stays";
}

}  // namespace
}  // namespace tollgate::test
