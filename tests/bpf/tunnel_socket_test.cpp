// SPDX-License-Identifier: MIT
// Messages that a tunnel takes from an AF_XDP socket.
#include <linux/if_xdp.h>
#include <sys/socket.h>

#include "tests/bpf/tunnel_fixture.hpp"

namespace tollgate::test {
namespace {

class TunnelSocket : public TunnelTest {
  protected:
    void SetUp() override {
        TunnelTest::SetUp();
        if (IsSkipped() || HasFatalFailure()) {
            return;
        }
        constexpr std::uint32_t kEntries = 8;
        socket = ::socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
        ASSERT_EQ(setsockopt(socket, SOL_XDP, XDP_RX_RING, &kEntries, sizeof kEntries), 0);
        put_receiver(receiver(kAcceptsData));
    }
    void TearDown() override {
        if (socket >= 0) {
            close(socket);
        }
    }

    /// Receives frames of test runs, which come by queue 0.
    void open_socket(std::uint32_t number = 3, std::uint32_t queue = 0) {
        programs.put(programs.object().maps.tunnel_sockets,
                     std::uint32_t{TG_TUNNEL_SOCKET(number, LoadedPrograms::kZone, queue)},
                     socket);
    }
    [[nodiscard]] int run(const Bytes& frame) const {
        return programs.run(programs.object().progs.xdp_gate, frame);
    }
    [[nodiscard]] Bytes data() const { return talk.udp(kIn, TunnelKeys::data(counter++)); }

    int socket = -1;
    mutable std::uint64_t counter = 0;
};

TEST_F(TunnelSocket, GetsTheMessagesThatPass) {
    EXPECT_EQ(run(data()), XDP_PASS) << "no socket yet";
    open_socket();
    const tg_interface_counters before = programs.counters(kIn);
    EXPECT_EQ(run(data()), XDP_REDIRECT);
    EXPECT_EQ(programs.counters(kIn).passed_packets - before.passed_packets, 1U);
    EXPECT_EQ(run(talk.udp(kIn, bytes_of(keys.sealed<tg_wg_initiation>()))), XDP_REDIRECT);
    EXPECT_EQ(run(talk.udp(kIn, Bytes(20))), XDP_DROP);
}

TEST_F(TunnelSocket, GetsNothingOnceItIsClosed) {
    open_socket();
    close(socket);
    socket = -1;
    EXPECT_EQ(run(data()), XDP_PASS);
}

TEST_F(TunnelSocket, GetsNothingOfOtherTunnelsAndQueues) {
    open_socket(2);
    open_socket(4);
    open_socket(3, 1);
    EXPECT_EQ(run(data()), XDP_PASS);
}

TEST_F(TunnelSocket, GetsNothingThatPassesByItsStageOnly) {
    open_socket();
    set_stage(TG_STAGE_AUDIT);
    EXPECT_EQ(run(talk.udp(kIn, Bytes(20))), XDP_PASS);
    EXPECT_EQ(run(data()), XDP_REDIRECT);
    set_stage(TG_STAGE_OPEN);
    EXPECT_EQ(run(data()), XDP_PASS) << "open looks at nothing";
}

TEST_F(TunnelSocket, GetsNoFrameThatItCouldNotRead) {
    open_socket();
    const Bytes datagram = test::udp(talk.ports(kIn), TunnelKeys::data());
    EthernetFields tagged = talk.link(kIn);
    tagged.tags = {{0x8100, 5}};
    EXPECT_EQ(run(ip_frame(talk.fields(kIn, IPPROTO_UDP), datagram, tagged)), XDP_PASS);
    IpFields with_options = talk.fields(kIn, IPPROTO_UDP);
    with_options.options = bytes({1, 1, 1, 1});
    EXPECT_EQ(run(ip_frame(with_options, datagram, talk.link(kIn))), XDP_PASS);
    EXPECT_EQ(run(ip_frame(talk.fields(kIn, IPPROTO_UDP), datagram, talk.link(kIn))), XDP_REDIRECT);
}

TEST_F(TunnelSocket, IsNotNeededOfTheKernel) {
    const GatePool::Gate without{gate__open()};
    bpf_map__set_autocreate(without->maps.tunnel_sockets, false);
    without->rodata->has_sockets = 0;
    EXPECT_EQ(gate__load(without.get()), 0);
}

}  // namespace
}  // namespace tollgate::test
