// SPDX-License-Identifier: MIT
// A real tunnel in a real data process, with the loaded gate.
#include "agent/tunnel_process/confined_tunnel.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "agent/confine/confinement.hpp"
#include "agent/tunnel/tun_port.hpp"
#include "agent/tunnel_process/remote_tunnel.hpp"
#include "tests/support/gate_lab.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/tunnel_process/intruder.hpp"

namespace tollgate::test {
namespace {

using agent::DeviceChange;
using agent::tunnel_process::RemoteTunnel;
using ::testing::AnyOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;

std::string content(const std::string& path) {
    std::ifstream file{path};
    return {std::istreambuf_iterator<char>{file}, {}};
}

class ConfinedTunnel : public GateLab {
  protected:
    void SetUp() override {
        GateLab::SetUp();
        if (!IsSkipped() && !HasFatalFailure()) {
            open();
        }
    }
    void TearDown() override {
        tunnel.reset();
        GateLab::TearDown();
    }
    Result<void> start(const std::string& name = "wg0") {
        agent::TunnelOptions options;
        options.name = name;
        options.backend = wanted_backend;
        options.threads = wanted_threads;
        options.uapi_dir = folder.path() / "uapi";
        options.state_dir = folder.path();
        options.before_up = [&](const std::string& interface) {
            attached = interface;
            ++attachments;
            return attaching;
        };
        auto place = gate->tunnel_place(1);
        if (!place) {
            return Failure{place.error()};
        }
        auto started = RemoteTunnel::start(options, *std::move(place));
        if (!started) {
            return Failure{started.error()};
        }
        tunnel = *std::move(started);
        return {};
    }
    [[nodiscard]] std::map<std::string, std::string> status() const {
        std::ifstream file{"/proc/" + std::to_string(tunnel->pid()) + "/status"};
        std::map<std::string, std::string> found;
        for (std::string line; std::getline(file, line);) {
            const auto colon = line.find(":\t");
            found[line.substr(0, colon)] = line.substr(colon == std::string::npos ? 0 : colon + 2);
        }
        return found;
    }
    [[nodiscard]] static std::string ports_in_use() { return output_of({"ss", "-Huln"}); }
    /// Sooner or later: it is looked at once a second.
    [[nodiscard]] std::string end() const {
        for (int i = 0; i < 50; ++i) {
            if (const auto runs = tunnel->look_after(); !runs) {
                return runs.error().message();
            }
            ::usleep(20'000);
        }
        return "";
    }

    TemporaryFolder folder;
    std::string wanted_backend = "auto";
    std::size_t wanted_threads = 1;
    std::string attached;
    Result<void> attaching;
    int attachments = 0;
    std::unique_ptr<RemoteTunnel> tunnel;
};

TEST_F(ConfinedTunnel, HasNoRights) {
    ASSERT_TRUE(start());
    EXPECT_EQ(attached, "wg0");
    auto told = status();
    for (const char* const set : {"CapInh", "CapPrm", "CapEff", "CapAmb"}) {
        EXPECT_EQ(told[set], "0000000000000000") << set;
    }
    EXPECT_EQ(told["NoNewPrivs"], "1");
    EXPECT_EQ(told["Seccomp"], "2");
    EXPECT_THAT(told["Uid"], ::testing::Not(HasSubstr("\t0")));
    EXPECT_EQ(told["Groups"].find_first_not_of(' '), std::string::npos);
}

TEST_F(ConfinedTunnel, HasLimits) {
    const std::string score = "/proc/self/oom_score_adj";
    const std::string before = content(score);
    std::ofstream{score} << -500;  // as the service manager does for the agent
    const auto started = start();
    std::ofstream{score} << before;
    ASSERT_TRUE(started);
    const std::string process = "/proc/" + std::to_string(tunnel->pid());
    EXPECT_EQ(content(process + "/oom_score_adj"), "0\n");
    const std::string limits = content(process + "/limits");
    EXPECT_THAT(limits, ContainsRegex("Max open files +4096 +4096 "));
    EXPECT_THAT(limits, ContainsRegex("Max core file size +0 +0 "));
    if (agent::limits_memory() && sizeof(void*) > 4) {
        EXPECT_THAT(limits, ContainsRegex("Max address space +8589934592 +8589934592 "));
    }
}

TEST_F(ConfinedTunnel, EveryThreadHasNoRights) {
    ASSERT_TRUE(start());
    const std::filesystem::path tasks = "/proc/" + std::to_string(tunnel->pid()) + "/task";
    int threads = 0;
    for (const auto& task : std::filesystem::directory_iterator{tasks}) {
        std::ifstream file{task.path() / "status"};
        const std::string text{std::istreambuf_iterator<char>{file}, {}};
        EXPECT_THAT(text, HasSubstr("CapPrm:\t0000000000000000"));
        EXPECT_THAT(text, HasSubstr("Seccomp:\t2"));
        ++threads;
    }
    EXPECT_GE(threads, 2);
}

TEST_F(ConfinedTunnel, IsChangedAndTellsOfItself) {
    ASSERT_TRUE(start());
    DeviceChange change;
    change.private_key = crypto::generate_private_key();
    change.listen_port = 51820;
    change.fwmark = 7;
    agent::PeerChange& camera = change.peers.emplace_back();
    camera.public_key = crypto::public_key_of(crypto::generate_private_key());
    camera.allowed_ips = {{*Prefix::parse("10.1.0.0/16"), false}};
    ASSERT_EQ(tunnel->apply(change), 0);
    EXPECT_THAT(ports_in_use(), HasSubstr(":51820"));
    const agent::DeviceState state = tunnel->state();
    EXPECT_TRUE(*state.private_key == *change.private_key);
    EXPECT_EQ(state.listen_port, 51820);
    EXPECT_EQ(state.fwmark, 7U);
    ASSERT_EQ(state.peers.size(), 1U);
    EXPECT_EQ(state.peers[0].public_key, camera.public_key);
    change = {};
    change.listen_port = 51821;
    ASSERT_EQ(tunnel->apply(change), 0) << "its broker opens the sockets";
    EXPECT_THAT(ports_in_use(), HasSubstr(":51821"));
    EXPECT_EQ(tunnel->status().listen_port, 51821);
    EXPECT_EQ(tunnel->contacts({camera.public_key}).at(0).unanswered, 0U);
    EXPECT_EQ(tunnel->counters().get()->peers.size(), 1U);
    EXPECT_TRUE(tunnel->look_after());
}

// The sockets of a group are its own, and so is the next one's.
TEST_F(ConfinedTunnel, WithSeveralThreadsListensAnew) {
    wanted_threads = 3;
    ASSERT_TRUE(start());
    ASSERT_THAT(tunnel->choices().threads, HasSubstr("3 (as configured)"));
    const auto sockets_at = [](std::uint16_t port) {
        const std::string found = output_of({"ss", "-Huln", fmt::format("sport = :{}", port)});
        return std::count(found.begin(), found.end(), '\n');
    };
    DeviceChange change;
    change.private_key = crypto::generate_private_key();
    for (const std::uint16_t port : std::array<std::uint16_t, 3>{51820, 51821, 51820}) {
        change.listen_port = port;
        ASSERT_EQ(tunnel->apply(change), 0) << port;
        EXPECT_EQ(sockets_at(port), 6) << "IPv4 and IPv6";
        EXPECT_EQ(tunnel->status().listen_port, port);
    }
    EXPECT_EQ(sockets_at(51821), 0);
}

// As after a crash: what it has told the gate is forgotten, and the next one can begin.
TEST_F(ConfinedTunnel, ThatIsKilledLeavesNothingBehind) {
    ASSERT_TRUE(start());
    DeviceChange change;
    change.private_key = crypto::generate_private_key();
    change.listen_port = 51820;
    ASSERT_EQ(tunnel->apply(change), 0);
    ASSERT_EQ(::kill(tunnel->pid(), SIGKILL), 0);
    EXPECT_EQ(end(), "the process of wg0 was killed by SIGKILL");
    EXPECT_EQ(tunnel->apply(change), ESHUTDOWN);
    EXPECT_FALSE(tunnel->counters().get());
    tunnel.reset();
    EXPECT_THAT(ports_in_use(), ::testing::Not(HasSubstr(":51820")));
    EXPECT_TRUE(std::filesystem::is_empty(folder.path() / "uapi"));
    ASSERT_TRUE(start());
    EXPECT_EQ(tunnel->apply(change), 0);
}

TEST_F(ConfinedTunnel, EndsInOrder) {
    ASSERT_TRUE(start());
    ASSERT_TRUE(tunnel->keep_interface());
    tunnel.reset();
    EXPECT_TRUE(std::filesystem::is_empty(folder.path() / "uapi"));
    EXPECT_THAT(output_of({"ip", "link", "show", "wg0"}), HasSubstr("NO-CARRIER"));
    EXPECT_TRUE(agent::remove_tun("wg0"));
}

TEST_F(ConfinedTunnel, SaysWhyItDoesNotStart) {
    attaching = failure(EBUSY, "attach the gate to wg0");
    EXPECT_EQ(start().error().message(), "attach the gate to wg0: Device or resource busy");
    attaching = {};
    std::ofstream{folder.path() / "handshake-time-wg0"} << "yesterday";
    EXPECT_THAT(start().error().message(), HasSubstr("holds no time of handshakes"));
}

// One process that does not answer holds up nobody for ever.
TEST_F(ConfinedTunnel, ThatStandsStillIsGivenUp) {
    ASSERT_TRUE(start());
    ASSERT_EQ(::kill(tunnel->pid(), SIGSTOP), 0);
    EXPECT_EQ(tunnel->set_up(false), ESHUTDOWN);
    EXPECT_THAT(end(), HasSubstr("gave no answer"));
}

// Whoever has taken the process over gets nowhere.
// Case S05
TEST_F(ConfinedTunnel, WhatAnIntruderTriesIsRefused) {
    wanted_backend = "udp";
    std::set<std::string> tried;
    for (const Attempt& attempt : attempts()) {
        const auto started = start(attempt.name);
        ASSERT_FALSE(started) << attempt.name << " did not happen";
        EXPECT_EQ(std::exchange(attachments, 0), 1) << attempt.name;
        EXPECT_THAT(started.error().message(),
                    AnyOf(HasSubstr("was killed by SIGSYS"),
                          HasSubstr("exited with " + std::to_string(EPERM)),
                          HasSubstr("exited with " + std::to_string(EACCES))))
            << attempt.name;
        tried.insert(attempt.name);
    }
    EXPECT_GE(tried.size(), 23U);
}

}  // namespace
}  // namespace tollgate::test
