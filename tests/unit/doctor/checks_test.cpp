// SPDX-License-Identifier: MIT
#include "agent/doctor/checks.hpp"

#include <cerrno>

#include <linux/capability.h>

#include <gtest/gtest.h>

namespace tollgate::agent {
namespace {

KernelFacts good_kernel() {
    return {"6.1.0-28-amd64", 6, 1, 1, 2, true, "none", std::uint64_t{1} << 30U, false, false};
}

constexpr std::uint64_t bit(unsigned capability) {
    return std::uint64_t{1} << capability;
}
constexpr std::uint64_t kNeeded = bit(CAP_BPF) | bit(CAP_PERFMON) | bit(CAP_NET_ADMIN);

TEST(Doctor, HasNothingToSayOfAGoodKernel) {
    const KernelFacts kernel = good_kernel();
    for (const Check& check : {judge_kernel(kernel),
                               judge_jit(kernel),
                               judge_bpffs(kernel),
                               judge_unprivileged_bpf(kernel),
                               judge_confinement(kernel, nullptr),
                               judge_features(std::vector<std::string>{})}) {
        EXPECT_EQ(check.health, Health::ok) << check.name;
        EXPECT_EQ(check.fix, "") << check.name;
    }
}

TEST(Doctor, RefusesAKernelBefore510) {
    KernelFacts kernel = good_kernel();
    kernel.major = 5;
    kernel.minor = 9;
    EXPECT_EQ(judge_kernel(kernel).health, Health::fail);
    kernel.minor = 10;
    EXPECT_EQ(judge_kernel(kernel).health, Health::ok);
}

TEST(Doctor, WarnsOfRealTimeKernelsOnWhichOnePacketMayInterruptAnother) {
    KernelFacts kernel = good_kernel();
    kernel.realtime = true;
    kernel.major = 6;
    kernel.minor = 17;
    EXPECT_EQ(judge_kernel(kernel).health, Health::ok);
    kernel.minor = 18;
    EXPECT_EQ(judge_kernel(kernel).health, Health::warn);
    kernel.realtime = false;
    EXPECT_EQ(judge_kernel(kernel).health, Health::ok);
}

TEST(Doctor, WantsTheCompilerOnButOn32BitArmOff) {
    KernelFacts kernel = good_kernel();
    kernel.jit = 0;
    EXPECT_EQ(judge_jit(kernel).health, Health::warn);
    EXPECT_EQ(judge_jit(kernel).fix, "sysctl -w net.core.bpf_jit_enable=1");
    kernel.arm32 = true;
    EXPECT_EQ(judge_jit(kernel).health, Health::ok);
    kernel.jit = 1;
    EXPECT_EQ(judge_jit(kernel).health, Health::fail);
    EXPECT_EQ(judge_jit(kernel).fix, "sysctl -w net.core.bpf_jit_enable=0");
}

TEST(Doctor, NamesTheFeaturesThatAKernelLacks) {
    const Check check = judge_features(std::vector<std::string>{"ring buffers", "XDP programs"});
    EXPECT_EQ(check.health, Health::fail);
    EXPECT_NE(check.detail.find("ring buffers, XDP programs"), std::string::npos);
    EXPECT_EQ(judge_features(failure(EPERM, "make a BPF map")).health, Health::unknown);
}

TEST(Doctor, WhatCannotBeReadIsUnknownAndNotWrong) {
    const KernelFacts nothing;
    EXPECT_EQ(judge_jit(nothing).health, Health::unknown);
    EXPECT_EQ(judge_unprivileged_bpf(nothing).health, Health::unknown);
    EXPECT_EQ(judge_memory(1, 1, nothing).health, Health::unknown);
}

TEST(Doctor, DistrustsATimeBefore2024AndAClockThatNobodyKeeps) {
    EXPECT_EQ(judge_clock({1'704'067'199, true}).health, Health::fail);
    EXPECT_EQ(judge_clock({1'704'067'200, true}).health, Health::ok);
    EXPECT_EQ(judge_clock({1'704'067'200, false}).health, Health::warn);
    EXPECT_NE(judge_clock({0, true}).detail.find("1970"), std::string::npos);
}

TEST(Doctor, NamesTheCapabilitiesThatTheAgentLacks) {
    EXPECT_EQ(judge_capabilities({1, kNeeded | bit(CAP_NET_RAW), {}, {}}, true).health, Health::ok);
    EXPECT_EQ(
        judge_capabilities({1, bit(CAP_SYS_ADMIN) | bit(CAP_NET_ADMIN), {}, {}}, false).health,
        Health::ok);
    EXPECT_EQ(judge_capabilities({1, kNeeded, {}, {}}, false).health, Health::ok);
    EXPECT_EQ(judge_capabilities({1, kNeeded, {}, {}}, true).health, Health::warn);
    const Check check = judge_capabilities({1, bit(CAP_BPF) | bit(CAP_NET_ADMIN), {}, {}}, false);
    EXPECT_EQ(check.health, Health::fail);
    EXPECT_NE(check.detail.find("CAP_PERFMON"), std::string::npos);
}

TEST(Doctor, LockedMemoryMattersWithoutTheCapability) {
    constexpr std::uint64_t kLimit = 65536;
    EXPECT_EQ(judge_memlock({1, 0, {}, {}}, good_kernel()).health, Health::ok);
    EXPECT_EQ(judge_memlock({1, bit(CAP_IPC_LOCK), kLimit, {}}, good_kernel()).health, Health::ok);
    const Check check = judge_memlock({7, 0, kLimit, {}}, good_kernel());
    EXPECT_EQ(check.health, Health::warn);
    EXPECT_EQ(check.fix.substr(0, 17), "prlimit --pid 7 -");
    KernelFacts old = good_kernel();
    old.major = 5;
    old.minor = 10;
    EXPECT_EQ(judge_memlock({7, 0, kLimit, {}}, old).health, Health::fail);
}

TEST(Doctor, AnAppArmorProfileThatEnforcesIsNamed) {
    const ProcessFacts enforced{1, 0, {}, "tollgated (enforce)"};
    EXPECT_EQ(judge_confinement(good_kernel(), &enforced).health, Health::warn);
    const ProcessFacts complaining{1, 0, {}, "tollgated (complain)"};
    EXPECT_EQ(judge_confinement(good_kernel(), &complaining).health, Health::ok);
}

TEST(Doctor, SaysWhatAScratchInterfaceShowed) {
    EXPECT_EQ(judge_xdp(ScratchTrial{}).health, Health::ok);
    EXPECT_EQ(judge_xdp(ScratchTrial{.native_xdp = EINVAL}).health, Health::fail);
    EXPECT_EQ(judge_xdp(failure(EPERM, "x")).health, Health::unknown);
    EXPECT_EQ(judge_xdp_socket(ScratchTrial{}).health, Health::ok);
    EXPECT_EQ(judge_xdp_socket(ScratchTrial{.memory = ENOBUFS}).health, Health::warn);
    EXPECT_EQ(judge_xdp_socket(ScratchTrial{.xdp_socket = EAFNOSUPPORT}).health, Health::ok);
    EXPECT_EQ(judge_xdp_socket(ScratchTrial{.bind = EOPNOTSUPP}).health, Health::warn);
}

TEST(Doctor, KnowsADriverByWhatTheKernelSaysOfIt) {
    EXPECT_EQ(judge_driver("eth0", DriverFacts{"a", kXdpBasic, false}).health, Health::ok);
    EXPECT_EQ(judge_driver("eth0", DriverFacts{"a", 0, false}).health, Health::warn);
    EXPECT_EQ(judge_driver("eth0", DriverFacts{"a", {}, false}).health, Health::unknown);
    EXPECT_EQ(judge_offload("eth0", DriverFacts{"a", 0, true}).fix, "ethtool -K eth0 lro off");
    EXPECT_EQ(judge_offload("eth0", DriverFacts{"a", 0, false}).health, Health::ok);
}

TEST(Doctor, NamesTheOwnersOfOtherPrograms) {
    EXPECT_EQ(judge_owners("eth0", std::vector<HookedProgram>{}).health, Health::ok);
    const HookedProgram filter{"TC ingress", 7, "cil_from_netdev", "Cilium", {}};
    const Check shared = judge_owners("eth0", std::vector{filter});
    EXPECT_EQ(shared.health, Health::warn);
    EXPECT_EQ(shared.detail, "TC ingress runs cil_from_netdev (id 7) of Cilium");
    const Check taken =
        judge_owners("eth0", std::vector{filter, HookedProgram{"XDP", 9, "x", "", 3U}});
    EXPECT_EQ(taken.health, Health::fail);
    EXPECT_EQ(taken.fix.substr(0, 25), "bpftool link detach id 3 ");
}

TEST(Doctor, ATunnelFitsItsWayExactlyOrNotAtAll) {
    EXPECT_EQ(judge_mtu({"wg0", 1440, "192.0.2.1:51820", 1500}).health, Health::ok);
    EXPECT_EQ(judge_mtu({"wg0", 1441, "192.0.2.1:51820", 1500}).health, Health::warn);
    EXPECT_EQ(judge_mtu({"wg0", 1420, "[2001:db8::1]:51820", 1500}).health, Health::ok);
    EXPECT_EQ(judge_mtu({"wg0", 1421, "[2001:db8::1]:51820", 1500}).fix.substr(0, 29),
              "ip link set dev wg0 mtu 1420 ");
    EXPECT_EQ(judge_mtu({"wg0", 1420, "", 0}).health, Health::ok);
}

TEST(Doctor, TheFlowTableMayTakeAQuarterOfTheMemory) {
    KernelFacts kernel = good_kernel();
    EXPECT_EQ(judge_memory(65536, 16384, kernel).health, Health::ok);
    kernel.memory_bytes = std::uint64_t{32} << 20U;
    EXPECT_EQ(judge_memory(65536, 16384, kernel).health, Health::warn);
}

}  // namespace
}  // namespace tollgate::agent
