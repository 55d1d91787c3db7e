// SPDX-License-Identifier: MIT
#include <cerrno>
#include <system_error>

#include <fmt/format.h>

#include "agent/doctor/checks.hpp"

namespace tollgate::agent {
namespace {

std::string reason(int error) {
    return std::generic_category().message(error);
}

Check not_tried(const char* name, const Error& error) {
    const int code = error.code.value();
    if (code == EPERM) {
        return {name, Health::unknown, "not tried: needs root (CAP_SYS_ADMIN and CAP_NET_ADMIN)"};
    }
    return {name, Health::unknown, "not tried: " + error.message()};
}

std::string hook_words(const HookedProgram& program) {
    return fmt::format("{} runs {} (id {}){}",
                       program.hook,
                       program.name.empty() ? "a program without a name" : program.name,
                       program.id,
                       program.owner.empty() ? "" : " of " + program.owner);
}

std::string removal_of(const std::string& interface, const HookedProgram& program) {
    if (program.link) {
        return fmt::format("bpftool link detach id {}", *program.link);
    }
    if (program.hook == "XDP") {
        return fmt::format("ip link set dev {} xdp off", interface);
    }
    return fmt::format(
        "tc filter del dev {} {}", interface, program.hook == "TC ingress" ? "ingress" : "egress");
}

}  // namespace

Check judge_xdp(const Result<ScratchTrial>& trial) {
    if (!trial) {
        return not_tried("xdp", trial.error());
    }
    switch (trial->native_xdp) {
        case 0:
            return {"xdp", Health::ok, "native XDP works on a scratch interface"};
        case EPERM:
            return {"xdp", Health::unknown, "not tried: needs root (CAP_BPF)"};
        default:
            return {"xdp",
                    Health::fail,
                    "native XDP does not work on a scratch interface: " + reason(trial->native_xdp),
                    "tollgated --xdp-mode tc # or a kernel with CONFIG_BPF_SYSCALL and "
                    "CONFIG_NET_CLS_BPF"};
    }
}

Check judge_xdp_socket(const Result<ScratchTrial>& trial) {
    if (!trial) {
        return not_tried("xdp-socket", trial.error());
    }
    if (trial->xdp_socket == EAFNOSUPPORT) {
        return {"xdp-socket",
                Health::ok,
                "this kernel has no AF_XDP (CONFIG_XDP_SOCKETS): tunnels use UDP sockets"};
    }
    if (trial->xdp_socket != 0) {
        return {"xdp-socket",
                Health::unknown,
                "not tried: needs root (CAP_NET_RAW): " + reason(trial->xdp_socket)};
    }
    if (trial->memory == ENOBUFS || trial->memory == ENOMEM) {
        return {"xdp-socket",
                Health::warn,
                fmt::format("no memory may be locked for it: the limit is below {} KiB",
                            kScratchFrameBytes >> 10U),
                "ulimit -S -l hard # here, if root has more; for the agent LimitMEMLOCK=infinity"};
    }
    if (const int error = trial->memory != 0 ? trial->memory : trial->bind; error != 0) {
        return {
            "xdp-socket",
            Health::warn,
            "AF_XDP does not work on a scratch interface: " + reason(error),
            "sed -i 's/backend: xsk/backend: udp/' /etc/tollgate/tollgate.yaml # if a tunnel asks "
            "for it"};
    }
    return {"xdp-socket", Health::ok, "AF_XDP works on a scratch interface"};
}

Check judge_driver(const std::string& interface, const Result<DriverFacts>& facts) {
    const std::string name = "driver " + interface;
    if (!facts) {
        return {name, Health::unknown, "not checked: " + facts.error().message()};
    }
    const std::string driver = facts->name.empty() ? "the driver" : facts->name;
    if (!facts->xdp_features) {
        return {name,
                Health::unknown,
                driver + ": kernels before 6.3 do not say; attaching tells (check `interface`)"};
    }
    const std::uint64_t features = *facts->xdp_features;
    if ((features & kXdpBasic) == 0) {
        return {
            name,
            Health::warn,
            driver + " has no native XDP: packets are judged later and at a higher price",
            "apt-get install \"linux-image-$(dpkg --print-architecture)\" # if a newer kernel has "
            "it: docs/kernels-and-nics.md"};
    }
    return {name,
            Health::ok,
            fmt::format(
                "{}: native XDP{}",
                driver,
                (features & kXdpZeroCopy) != 0 ? ", AF_XDP with zero-copy" : ", AF_XDP copies")};
}

Check judge_offload(const std::string& interface, const DriverFacts& facts) {
    const std::string name = "offload " + interface;
    if (facts.lro) {
        return {name,
                Health::fail,
                "large receive offload is on: drivers refuse native XDP, and packets arrive joined",
                fmt::format("ethtool -K {} lro off", interface)};
    }
    return {name, Health::ok, "none that XDP does not go with"};
}

Check judge_owners(const std::string& interface,
                   const Result<std::vector<HookedProgram>>& foreign) {
    const std::string name = "owners " + interface;
    if (!foreign) {
        return foreign.error().code.value() == EPERM
                   ? Check{name, Health::unknown, "not checked: needs root (CAP_SYS_ADMIN)"}
                   : Check{name, Health::unknown, "not checked: " + foreign.error().message()};
    }
    if (foreign->empty()) {
        return {name, Health::ok, "no BPF programs of others"};
    }
    Check check{name, Health::warn, {}, {}};
    for (const HookedProgram& program : *foreign) {
        check.detail += (check.detail.empty() ? "" : "; ") + hook_words(program);
        check.health = program.hook == "XDP" ? Health::fail : check.health;
        if (check.fix.empty() || program.hook == "XDP") {
            check.fix = removal_of(interface, program);
        }
    }
    check.fix += check.health == Health::fail ? " # or leave XDP to it: xdpMode: tc"
                                              : " # only if nobody needs it";
    return check;
}

Check judge_mtu(const TunnelMtu& tunnel) {
    constexpr std::uint32_t kOverhead4 = 60;  // IPv4, UDP, header and tag of a message
    constexpr std::uint32_t kOverhead6 = 80;
    const std::string name = "mtu " + tunnel.tunnel;
    if (tunnel.way == 0) {
        return {name, Health::ok, fmt::format("{}; no way to a peer is known yet", tunnel.mtu)};
    }
    const std::uint32_t overhead = tunnel.endpoint.starts_with('[') ? kOverhead6 : kOverhead4;
    const std::uint32_t room = tunnel.way > overhead ? tunnel.way - overhead : 0;
    if (tunnel.mtu <= room) {
        return {name,
                Health::ok,
                fmt::format("{} fits the way to {} ({})", tunnel.mtu, tunnel.endpoint, tunnel.way)};
    }
    return {name,
            Health::warn,
            fmt::format("{} is too much for the way to {}, which takes datagrams of {}: full "
                        "packets are cut or lost",
                        tunnel.mtu,
                        tunnel.endpoint,
                        tunnel.way),
            fmt::format("ip link set dev {} mtu {} # to last: `mtu: auto` in tollgate.yaml",
                        tunnel.tunnel,
                        room)};
}

}  // namespace tollgate::agent
