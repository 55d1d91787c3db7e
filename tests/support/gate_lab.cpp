// SPDX-License-Identifier: MIT
#include "tests/support/gate_lab.hpp"

#include <utility>

#include <netinet/in.h>
#include <unistd.h>

#include <fmt/format.h>

#include "agent/system/boot_clock.hpp"
#include "policy/compile.hpp"

namespace tollgate::test {

policy::CompiledPolicy policy_for_port(std::uint16_t port) {
    policy::Policy policy;
    policy.name = "lab";
    policy.default_action = {policy::Action::drop, policy::Action::pass};
    policy::Rule rule;
    rule.name = "udp-in";
    rule.services = {{.protocol = IPPROTO_UDP, .first = port, .last = port}};
    policy.rules = {rule};
    return policy::compile(policy, {}).value();
}

PinDir::PinDir() {
    static int made = 0;
    path_ = fmt::format("/sys/fs/bpf/tollgate-test-{}-{}", ::getpid(), ++made);
}

PinDir::~PinDir() {
    const auto removed = agent::cleanup(path_, false);
    EXPECT_TRUE(removed) << removed.error().message();
    EXPECT_FALSE(std::filesystem::exists(path_));
}

void GateLab::SetUp() {
    RootTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) {
        return;
    }
    peer = std::make_unique<NetworkNamespace>("peer");
    host = std::make_unique<NetworkNamespace>("host");
    connect({*peer, "eth0", "192.0.2.1/24"}, {*host, "eth0", "192.0.2.2/24"});
    inside = std::make_unique<Inside>(*host);
}

void GateLab::TearDown() {
    gate.reset();
    inside.reset();
}

void GateLab::open(agent::GateOptions options) {
    options.pin_dir = pins.path();
    auto opened = agent::Gate::open(options);
    ASSERT_TRUE(opened) << opened.error().message();
    gate = *std::move(opened);
}

Result<void> GateLab::load(const policy::CompiledPolicy& policy,
                           tg_stage stage,
                           std::uint64_t deadline_ns) {
    agent::NewGeneration next;
    next.policy = &policy;
    next.stage.fill(static_cast<std::uint8_t>(stage));
    next.deadline_ns = deadline_ns;
    next.number = ++number;
    next.boot_minus_wall_ns = agent::boot_minus_wall_ns();
    return gate->switch_to(next);
}

Result<agent::Attachment> GateLab::attach() {
    return gate->attach("eth0", 0);
}

agent::Attachment GateLab::protect(agent::GateOptions options) {
    open(std::move(options));
    const auto loaded = load(policy_for_port(kOpenPort));
    EXPECT_TRUE(loaded) << loaded.error().message();
    auto attached = attach();
    EXPECT_TRUE(attached) << attached.error().message();
    return attached ? *std::move(attached) : agent::Attachment{};
}

bool GateLab::reaches(std::uint16_t port) const {
    const UdpSocket server{*host, port};
    const UdpSocket client{*peer, 0};
    EXPECT_TRUE(client.send("192.0.2.2", port, "hello"));
    return server.receive() == "hello";
}

}  // namespace tollgate::test
