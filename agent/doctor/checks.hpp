// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <tollgate/result.hpp>

#include "agent/doctor/host_facts.hpp"
#include "agent/doctor/interface_facts.hpp"
#include "agent/doctor/scratch.hpp"

/// The judgement on what was found. Pure: facts in, a line for people out.
namespace tollgate::agent {

enum class Health : std::uint8_t { ok, warn, fail, unknown };
/// "ok", "warn", "fail", "unknown"
[[nodiscard]] const char* label(Health health);

struct Check {
    std::string name;  ///< one of kCheckNames, and what it is about: "driver eth0"
    Health health = Health::ok;
    std::string detail;
    std::string fix{};  ///< a command that mends it, with a remark behind '#'; "": nothing to do
};

/// All checks of `tollgate doctor`, in its order.
struct CheckName {
    std::string_view name;
    std::string_view question;
};
inline constexpr std::array kCheckNames{
    CheckName{"agent", "does the agent answer?"},
    CheckName{"gate", "without the agent: is the gate in the kernel?"},
    CheckName{"privileges", "may this program see everything?"},
    CheckName{"kernel", "is the kernel new enough?"},
    CheckName{"features", "has it the kinds of maps and programs that the gate needs?"},
    CheckName{"jit", "are BPF programs compiled?"},
    CheckName{"bpffs", "is a BPF file system where the gate is pinned?"},
    CheckName{"unprivileged-bpf", "may everybody load BPF programs?"},
    CheckName{"confinement", "does lockdown or AppArmor hold the agent back?"},
    CheckName{"clock", "is the time right? Expiry and handshakes need it"},
    CheckName{"capabilities", "has the agent the capabilities that it needs?"},
    CheckName{"memlock", "may the agent lock memory for AF_XDP?"},
    CheckName{"xdp", "does native XDP work? Tried on a scratch interface"},
    CheckName{"xdp-socket", "does AF_XDP work? Tried on a scratch interface"},
    CheckName{"driver", "has the driver of an interface native XDP and zero-copy?"},
    CheckName{"offload", "is an offload on that XDP does not go with?"},
    CheckName{"owners", "whose other BPF programs are on an interface?"},
    CheckName{"mtu", "does a tunnel's MTU fit the way to its peers?"},
    CheckName{"memory", "does the flow table fit the memory?"},
    CheckName{"interface", "is an interface attached, and how?"},
    CheckName{"stage", "does an interface enforce?"},
    CheckName{"state", "has the state folder room?"},
    CheckName{"warning", "what else the agent complains of"},
    CheckName{"pending", "is a change waiting for its confirmation?"},
    CheckName{"table", "is a table nearly full?"},
    CheckName{"ssh", "does the policy let you in?"},
    CheckName{"dns", "does the policy let names be looked up?"},
    CheckName{"dhcp", "does the policy let addresses be leased?"},
    CheckName{"scrape", "does the policy let the metrics be read?"},
};

[[nodiscard]] Check judge_kernel(const KernelFacts& facts);
[[nodiscard]] Check judge_features(const Result<std::vector<std::string>>& missing);
[[nodiscard]] Check judge_jit(const KernelFacts& facts);
[[nodiscard]] Check judge_bpffs(const KernelFacts& facts);
[[nodiscard]] Check judge_unprivileged_bpf(const KernelFacts& facts);
/// @param agent  nullptr: none runs
[[nodiscard]] Check judge_confinement(const KernelFacts& facts, const ProcessFacts* agent);
[[nodiscard]] Check judge_clock(const ClockFacts& facts);

/// @param xsk  a tunnel uses AF_XDP, or may
[[nodiscard]] Check judge_capabilities(const ProcessFacts& agent, bool xsk);
[[nodiscard]] Check judge_memlock(const ProcessFacts& agent, const KernelFacts& kernel);

[[nodiscard]] Check judge_xdp(const Result<ScratchTrial>& trial);
[[nodiscard]] Check judge_xdp_socket(const Result<ScratchTrial>& trial);
[[nodiscard]] Check judge_driver(const std::string& interface, const Result<DriverFacts>& facts);
[[nodiscard]] Check judge_offload(const std::string& interface, const DriverFacts& facts);
[[nodiscard]] Check judge_owners(const std::string& interface,
                                 const Result<std::vector<HookedProgram>>& foreign);

/// A tunnel, and the least that the ways to its peers take. 0: no way is known.
struct TunnelMtu {
    std::string tunnel;
    std::uint32_t mtu = 0;
    std::string endpoint;
    std::uint32_t way = 0;
};
[[nodiscard]] Check judge_mtu(const TunnelMtu& tunnel);
/// @param flows, embryos  room in the tables
[[nodiscard]] Check judge_memory(std::uint64_t flows,
                                 std::uint64_t embryos,
                                 const KernelFacts& kernel);

}  // namespace tollgate::agent
