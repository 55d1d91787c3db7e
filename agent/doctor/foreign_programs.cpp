// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <set>

#include <dirent.h>
#include <linux/if_link.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include "agent/doctor/bpf_call.hpp"
#include "agent/doctor/bpf_objects.hpp"
#include "agent/doctor/interface_facts.hpp"
#include "agent/system/file.hpp"
#include "agent/system/interface.hpp"
#include "agent/system/netlink.hpp"

namespace tollgate::agent {
namespace {

namespace fs = std::filesystem;

// linux/bpf.h and linux/pkt_cls.h of kernels younger than the headers of Debian 12.
constexpr std::uint32_t kTcxIngress = 46;  // BPF_TCX_INGRESS
constexpr std::uint32_t kTcxEgress = 47;   // BPF_TCX_EGRESS

struct Found {
    const char* hook;
    std::uint32_t program;
};

void add(std::vector<Found>& found, const char* hook, std::uint32_t program) {
    const bool known = std::ranges::any_of(
        found, [&](const Found& other) { return other.hook == hook && other.program == program; });
    if (program != 0 && !known) {
        found.push_back({hook, program});
    }
}

void find_xdp(unsigned index, std::vector<Found>& found) {
    ifinfomsg body{};
    body.ifi_index = static_cast<int>(index);
    netlink::Request request{RTM_GETLINK, 0, body};
    netlink::Answer buffer{};
    const auto answer = netlink::ask(request, buffer, "look at the XDP hook");
    if (!answer) {
        return;
    }
    const auto xdp = netlink::find(netlink::attributes_of<ifinfomsg>(*answer), IFLA_XDP);
    for (const auto type :
         {IFLA_XDP_PROG_ID, IFLA_XDP_DRV_PROG_ID, IFLA_XDP_SKB_PROG_ID, IFLA_XDP_HW_PROG_ID}) {
        add(found, "XDP", netlink::find_number(xdp, static_cast<std::uint16_t>(type)).value_or(0));
    }
}

void find_tcx(unsigned index, std::uint32_t type, const char* hook, std::vector<Found>& found) {
    std::array<std::uint32_t, 64> programs{};
    bpf_attr attributes{};
    attributes.query.target_fd = index;
    attributes.query.attach_type = type;
    attributes.query.prog_ids = bpf_address(programs.data());
    attributes.query.prog_cnt = static_cast<__u32>(programs.size());
    if (bpf_call(BPF_PROG_QUERY, attributes) != 0) {
        return;  // before 6.6 there is no tcx
    }
    for (std::size_t i = 0; i < std::min<std::size_t>(attributes.query.prog_cnt, programs.size());
         ++i) {
        add(found, hook, programs.at(i));
    }
}

/// Filters of kind "bpf" at the clsact qdisc.
void find_filters(unsigned index,
                  std::uint32_t parent,
                  const char* hook,
                  std::vector<Found>& found) {
    tcmsg body{};
    body.tcm_ifindex = static_cast<int>(index);
    body.tcm_parent = parent;
    const auto visit = [&](std::span<const std::byte> message) {
        if (message.size() >= NLMSG_ALIGN(sizeof(tcmsg))) {
            const auto options =
                netlink::find(message.subspan(NLMSG_ALIGN(sizeof(tcmsg))), TCA_OPTIONS);
            add(found, hook, netlink::find_number(options, TCA_BPF_ID).value_or(0));
        }
    };
    static_cast<void>(netlink::list({RTM_GETTFILTER, NLM_F_DUMP, body}, visit));
}

/// The maps of our gate, whatever its version: whoever uses one is ours.
std::set<std::uint32_t> maps_of_gate(const fs::path& pin_dir) {
    std::set<std::uint32_t> maps;
    for (const fs::path& version : entries_of(pin_dir).value_or(std::vector<fs::path>{})) {
        for (const fs::path& pin : entries_of(version).value_or(std::vector<fs::path>{})) {
            std::error_code error;
            if (fs::is_regular_file(pin, error)) {
                maps.insert(pinned_map_id(pin).value_or(0));
            }
        }
    }
    maps.erase(0);
    return maps;
}

struct Owner {
    std::string_view beginning;
    const char* owner;
};
constexpr std::array kOwners{Owner{"cil_", "Cilium"},
                             Owner{"bpf_lxc", "Cilium"},
                             Owner{"calico", "Calico"},
                             Owner{"xdp_dispatcher", "libxdp"},
                             Owner{"xdpfilt_", "xdp-filter"},
                             Owner{"sd_", "systemd"},
                             Owner{"suricata", "Suricata"},
                             Owner{"xdp_gate", "another Tollgate"},
                             Owner{"tc_", "another Tollgate"}};

bool names_program(const fs::path& fdinfo, const std::string& line_wanted) {
    std::ifstream file{fdinfo};
    for (std::string line; std::getline(file, line);) {
        if (line == line_wanted) {
            return true;
        }
    }
    return false;
}

/// A process that holds the program or its link open: "cilium-agent (pid 812)".
std::string process_with(std::uint32_t program) {
    const std::string line = "prog_id:\t" + std::to_string(program);
    for (const fs::path& process : entries_of("/proc").value_or(std::vector<fs::path>{})) {
        const std::string pid = process.filename();
        if (pid.find_first_not_of("0123456789") != std::string::npos) {
            continue;
        }
        for (const fs::path& entry :
             entries_of(process / "fdinfo").value_or(std::vector<fs::path>{})) {
            if (names_program(entry, line)) {
                std::string name;
                std::getline(std::ifstream{process / "comm"}, name);
                return name.append(" (pid ").append(pid).append(")");
            }
        }
    }
    return {};
}

std::string owner_of(const BpfProgram& program) {
    if (std::string process = process_with(program.id); !process.empty()) {
        return process;
    }
    for (const Owner& owner : kOwners) {
        if (program.name.starts_with(owner.beginning)) {
            return owner.owner;
        }
    }
    return {};
}

bool is_ours(const BpfProgram& program, const std::set<std::uint32_t>& maps) {
    return std::ranges::any_of(program.map_ids,
                               [&](std::uint32_t map) { return maps.contains(map); });
}

}  // namespace

Result<std::vector<HookedProgram>> foreign_programs(const std::string& interface,
                                                    const fs::path& pin_dir) {
    const auto index = interface_index(interface);
    if (!index) {
        return Failure{index.error()};
    }
    std::vector<Found> found;
    find_xdp(*index, found);
    find_tcx(*index, kTcxIngress, "TC ingress", found);
    find_tcx(*index, kTcxEgress, "TC egress", found);
    find_filters(*index, TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS), "TC ingress", found);
    find_filters(*index, TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS), "TC egress", found);

    const auto links = bpf_links();
    const std::set<std::uint32_t> maps = maps_of_gate(pin_dir);
    std::vector<HookedProgram> foreign;
    for (const Found& hooked : found) {
        const auto program = bpf_program(hooked.program);
        if (!program) {
            return Failure{program.error()};
        }
        if (is_ours(*program, maps)) {
            continue;
        }
        HookedProgram entry{hooked.hook, program->id, program->name, owner_of(*program), {}};
        for (const BpfLink& link : links.value_or(std::vector<BpfLink>{})) {
            if (link.program_id == program->id) {
                entry.link = link.id;
            }
        }
        foreign.push_back(std::move(entry));
    }
    return foreign;
}

}  // namespace tollgate::agent
