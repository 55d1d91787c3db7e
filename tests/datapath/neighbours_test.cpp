// SPDX-License-Identifier: MIT
// The gate among others: foreign programs, other agents, and what is left when it goes.
#include <atomic>
#include <cerrno>
#include <chrono>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/gate_lab.hpp"

namespace tollgate::test {
namespace {

using agent::AttachMode;
using ::testing::HasSubstr;

class Neighbours : public GateLab {
  protected:
    /// Everything of BPF and of networking in the host, without what changes by itself.
    [[nodiscard]] static std::string everything() {
        return output_of({"ip", "-d", "link", "show"}) + output_of({"bpftool", "net", "show"}) +
               output_of({"tc", "qdisc", "show"}) +
               output_of({"tc", "filter", "show", "dev", "eth0", "ingress"}) +
               output_of({"tc", "filter", "show", "dev", "eth0", "egress"});
    }

    /// The kernel notes the state of a new link within a second.
    static void wait_for_carrier() {
        for (int i = 0; i < 30 && everything().find("state DOWN") != std::string::npos; ++i) {
            std::this_thread::sleep_for(std::chrono::milliseconds{100});
        }
    }

    /// Puts somebody else's XDP program on eth0: ours of another pin folder, detached from it.
    void attach_foreign() {
        GateLab::open();
        ASSERT_TRUE(load(policy_for_port(kOpenPort)));
        ASSERT_TRUE(attach());
        kill();
    }
};

// Case F10
TEST_F(Neighbours, AForeignXdpProgramIsNamedAndKept) {
    attach_foreign();
    const PinDir mine;
    auto second = agent::Gate::open({.pin_dir = mine.path()}).value();
    const auto policy = policy_for_port(kClosedPort);
    ASSERT_TRUE(second->switch_to({.policy = &policy, .number = 1}));
    const auto refused = second->attach("eth0", 0);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code.value(), EBUSY);
    EXPECT_THAT(refused.error().message(), HasSubstr("xdp_gate"));
    EXPECT_THAT(refused.error().message(), HasSubstr("bpftool link detach id"));
    EXPECT_FALSE(reaches(kClosedPort));
    EXPECT_FALSE(std::filesystem::exists(mine.version() / "eth0-0"));
}

// Case F10
TEST_F(Neighbours, TcOnlyLeavesAForeignXdpProgramItsHook) {
    attach_foreign();
    const PinDir mine;
    auto second = agent::Gate::open({.pin_dir = mine.path(), .force_tc = true}).value();
    const auto policy = policy_for_port(kOpenPort);
    ASSERT_TRUE(second->switch_to({.policy = &policy, .number = 1}));
    const auto attached = second->attach("eth0", 0);
    ASSERT_TRUE(attached) << attached.error().message();
    EXPECT_EQ(attached->ingress, AttachMode::tc);
    EXPECT_TRUE(reaches(kOpenPort));
    second.reset();
}

// Case F10
TEST_F(Neighbours, AForeignClsactFilterSurvivesUs) {
    wait_for_carrier();
    ASSERT_EQ(run_command({"tc", "qdisc", "add", "dev", "eth0", "clsact"}), 0);
    ASSERT_EQ(run_command({"tc",
                           "filter",
                           "add",
                           "dev",
                           "eth0",
                           "egress",
                           "protocol",
                           "ip",
                           "prio",
                           "10",
                           "u32",
                           "match",
                           "u32",
                           "0",
                           "0",
                           "flowid",
                           "1:1"}),
              0);
    const auto before = everything();
    protect({.force_tc = true, .force_clsact = true});
    EXPECT_FALSE(reaches(kClosedPort));
    kill();
    ASSERT_TRUE(agent::cleanup(pins.path(), false));
    EXPECT_EQ(everything(), before);
}

TEST_F(Neighbours, AnIngressQdiscInThePlaceOfClsactIsNamedAndKept) {
    wait_for_carrier();
    ASSERT_EQ(run_command({"tc", "qdisc", "add", "dev", "eth0", "ingress"}), 0);
    const auto before = everything();
    const agent::GateOptions options{.force_clsact = true};
    open(options);
    ASSERT_TRUE(load(policy_for_port(kOpenPort)));
    const auto refused = attach();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code.value(), EBUSY);
    EXPECT_THAT(refused.error().message(), HasSubstr("`tc qdisc del dev eth0 ingress`"));
    EXPECT_EQ(everything(), before);
    ASSERT_EQ(run_command({"tc", "qdisc", "del", "dev", "eth0", "ingress"}), 0);
    ASSERT_TRUE(attach());
    EXPECT_FALSE(reaches(kClosedPort));
}

TEST_F(Neighbours, AFilterInAnIngressQdiscIsNotTakenForTheWayOut) {
    protect({.force_clsact = true});
    ASSERT_EQ(gate->attachments().at(0).egress, agent::TcHook::clsact);
    ASSERT_EQ(run_command({"tc", "qdisc", "del", "dev", "eth0", "clsact"}), 0);
    ASSERT_EQ(run_command({"tc", "qdisc", "add", "dev", "eth0", "ingress"}), 0);
    const auto pin = (pins.version() / "eth0-0/filter_egress").string();
    ASSERT_EQ(run_command({"tc",
                           "filter",
                           "add",
                           "dev",
                           "eth0",
                           "parent",
                           "ffff:fff3",
                           "handle",
                           "0x7467",
                           "pref",
                           "1",
                           "bpf",
                           "da",
                           "object-pinned",
                           pin}),
              0);
    EXPECT_EQ(gate->attachments().at(0).egress, agent::TcHook::none);
    EXPECT_EQ(attach().error().code.value(), EBUSY);
    EXPECT_EQ(gate->attachments().at(0).ingress, AttachMode::native);
    ASSERT_TRUE(gate->detach("eth0")) << "as an agent that did believe it has left it";
    EXPECT_EQ(output_of({"tc", "filter", "show", "dev", "eth0", "ingress"}), "");
}

// Case F26
TEST_F(Neighbours, CleanupRemovesExactlyWhatIsOurs) {
    wait_for_carrier();
    const auto before = everything();
    for (const auto& options : {agent::GateOptions{},
                                agent::GateOptions{.force_generic = true},
                                agent::GateOptions{.force_tc = true},
                                agent::GateOptions{.force_tc = true, .force_clsact = true}}) {
        protect(options);
        kill();
        const auto planned = agent::cleanup(pins.path(), true).value();
        EXPECT_FALSE(reaches(kClosedPort)) << "a dry run removes nothing";
        EXPECT_FALSE(planned.empty());
        EXPECT_EQ(agent::cleanup(pins.path(), false).value(), planned);
        EXPECT_TRUE(reaches(kClosedPort));
        EXPECT_EQ(everything(), before);
        EXPECT_FALSE(std::filesystem::exists(pins.path()));
    }
}

TEST_F(Neighbours, CleanupTouchesNothingOutsideABpfFileSystem) {
    const auto folder = std::filesystem::temp_directory_path() / pins.path().filename();
    std::filesystem::create_directories(folder / "v1");
    EXPECT_EQ(agent::cleanup(folder, false).error().code.value(), EINVAL);
    EXPECT_TRUE(std::filesystem::exists(folder / "v1"));
    EXPECT_EQ(agent::Gate::open({.pin_dir = folder}).error().code.value(), ENOENT);
    std::filesystem::remove_all(folder);
    EXPECT_TRUE(agent::cleanup(folder, false).value().empty());
}

TEST_F(Neighbours, TwoGatesInTwoNamespacesDoNotKnowEachOther) {
    protect();
    const PinDir other_pins;
    const NetworkNamespace other{"other"};
    connect({*peer, "eth1", "198.51.100.1/24"}, {other, "eth0", "198.51.100.2/24"});
    const Inside there{other};
    auto second = agent::Gate::open({.pin_dir = other_pins.path()}).value();
    const auto policy = policy_for_port(kClosedPort);
    ASSERT_TRUE(second->switch_to({.policy = &policy, .number = 9}));
    ASSERT_TRUE(second->attach("eth0", 0));
    const UdpSocket server{other, kClosedPort};
    const UdpSocket client{*peer, 0};
    ASSERT_TRUE(client.send("198.51.100.2", kClosedPort, "x"));
    EXPECT_EQ(server.receive(), "x");
    EXPECT_FALSE(reaches(kClosedPort));
    EXPECT_EQ(gate->generation().value().number, 1U);
    second.reset();
}

TEST_F(Neighbours, PinsOfADeletedNamespaceAreReplacedInANewOne) {
    protect();
    kill();
    inside.reset();
    host->remove();
    peer->remove();
    peer = std::make_unique<NetworkNamespace>("peer");
    host = std::make_unique<NetworkNamespace>("host");
    connect({*peer, "eth0", "192.0.2.1/24"}, {*host, "eth0", "192.0.2.2/24"});
    inside = std::make_unique<Inside>(*host);
    GateLab::open();
    EXPECT_TRUE(gate->adopted());
    const auto attached = attach();
    ASSERT_TRUE(attached) << attached.error().message();
    EXPECT_FALSE(attached->adopted);
    EXPECT_EQ(attached->ingress, AttachMode::native);
    EXPECT_FALSE(reaches(kClosedPort));
}

// Sends numbered datagrams to an allowed port until it is told to stop.
class Stream {
  public:
    Stream(const NetworkNamespace& from, std::uint16_t port)
        : socket_{from, 0}, thread_{[this, port] {
              while (!stopped_) {
                  sent_ += socket_.send("192.0.2.2", port, "x") ? 1 : 0;
                  std::this_thread::sleep_for(std::chrono::microseconds{50});
              }
          }} {}
    ~Stream() { stop(); }
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;

    /// @return how many were sent
    int stop() {
        stopped_ = true;
        if (thread_.joinable()) {
            thread_.join();
        }
        return sent_;
    }

  private:
    UdpSocket socket_;
    std::atomic<bool> stopped_ = false;
    std::atomic<int> sent_ = 0;
    std::thread thread_;
};

// Counts what arrives, all of it: what waits in the socket when it is stopped, too.
class Sink {
  public:
    Sink(const NetworkNamespace& where, std::uint16_t port)
        : socket_{where, port}, thread_{[this] {
              for (bool is_quiet = false; !is_quiet || !stopped_;) {
                  is_quiet = !socket_.receive(std::chrono::milliseconds{20});
                  received_ += is_quiet ? 0 : 1;
              }
          }} {}
    ~Sink() { stop(); }
    Sink(const Sink&) = delete;
    Sink& operator=(const Sink&) = delete;

    /// @return how many came
    int stop() {
        stopped_ = true;
        if (thread_.joinable()) {
            thread_.join();
        }
        return received_;
    }

  private:
    UdpSocket socket_;
    std::atomic<bool> stopped_ = false;
    std::atomic<int> received_ = 0;
    std::thread thread_;
};

// Case F01
TEST_F(Neighbours, ARestartingAgentLosesAndAdmitsNoPacket) {
    protect();
    Sink allowed{*host, kOpenPort};
    Sink forbidden{*host, kClosedPort};
    Stream good{*peer, kOpenPort};
    Stream bad{*peer, kClosedPort};
    for (int restart = 0; restart < 5; ++restart) {
        kill();
        GateLab::open();
        ASSERT_TRUE(attach().value().adopted);
    }
    const int sent = good.stop();
    EXPECT_GT(bad.stop(), 1000);
    EXPECT_GT(sent, 1000);
    std::this_thread::sleep_for(std::chrono::milliseconds{100});
    EXPECT_EQ(allowed.stop(), sent);
    EXPECT_EQ(forbidden.stop(), 0);
}

// Case C13
TEST_F(Neighbours, FiftySwapsLoseAndAdmitNoPacket) {
    protect();
    Sink allowed{*host, kOpenPort};
    Sink forbidden{*host, kClosedPort};
    Stream good{*peer, kOpenPort};
    Stream bad{*peer, kClosedPort};
    auto policy = policy_for_port(kOpenPort);
    for (int swap = 0; swap < 50; ++swap) {
        ASSERT_TRUE(load(policy));
    }
    const int sent = good.stop();
    EXPECT_GT(bad.stop(), 1000);
    std::this_thread::sleep_for(std::chrono::milliseconds{100});
    EXPECT_EQ(allowed.stop(), sent);
    EXPECT_EQ(forbidden.stop(), 0);
}

}  // namespace
}  // namespace tollgate::test
