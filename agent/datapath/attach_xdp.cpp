// SPDX-License-Identifier: MIT
#include "agent/datapath/attach_xdp.hpp"

#include <array>
#include <cerrno>
#include <cstring>

#include <linux/bpf.h>
#include <linux/if_link.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <fmt/format.h>

#include "agent/datapath/bpf_links.hpp"
#include "agent/datapath/pin_folder.hpp"

namespace tollgate::agent {

namespace {

struct Rung {
    AttachMode mode;
    const char* name;
    std::uint32_t flag;
};
constexpr std::array kRungs{Rung{AttachMode::native, "native", XDP_FLAGS_DRV_MODE},
                            Rung{AttachMode::generic, "generic", XDP_FLAGS_SKB_MODE}};

bool is_wanted(AttachMode mode, const GateOptions& options) {
    return mode <= options.lowest && !(mode == AttachMode::native && options.force_generic);
}

bpf_xdp_query_opts query(unsigned ifindex) {
    bpf_xdp_query_opts answer{};
    answer.sz = sizeof answer;
    if (bpf_xdp_query(static_cast<int>(ifindex), 0, &answer) != 0) {
        answer = {};
    }
    return answer;
}

// Any program that is attached, in whatever mode.
std::uint32_t attached_program(const bpf_xdp_query_opts& xdp) {
    for (const std::uint32_t id : {xdp.prog_id, xdp.drv_prog_id, xdp.skb_prog_id, xdp.hw_prog_id}) {
        if (id != 0) {
            return id;
        }
    }
    return 0;
}

Failure refuse_foreign(const Target& target, std::uint32_t id) {
    const std::string name = program_name(id);
    const auto link = link_of_program(id);
    const std::string remove = link ? fmt::format("bpftool link detach id {}", *link)
                                    : fmt::format("ip link set dev {} xdp off", target.name);
    return failure(
        EBUSY,
        fmt::format("{} already runs the XDP program {} (id {}), which this Tollgate did "
                    "not attach: stop its owner, or remove it with \"{}\", or leave XDP "
                    "to it with --xdp-mode tc",
                    target.name,
                    name.empty() ? "of someone else" : name,
                    id,
                    remove));
}

// Tries native, then generic.
Result<XdpAttachment> attach_new(const Target& target, int program, const GateOptions& options) {
    XdpAttachment attachment;
    for (const auto& [mode, name, flag] : kRungs) {
        if (!is_wanted(mode, options)) {
            continue;
        }
        bpf_link_create_opts how{};
        how.sz = sizeof how;
        how.flags = flag;
        attachment.link.reset(
            bpf_link_create(program, static_cast<int>(target.ifindex), BPF_XDP, &how));
        if (attachment.link) {
            attachment.mode = mode;
            return attachment;
        }
        const int error = errno;
        if (!another_rung_may_do(error)) {
            return failure(error, fmt::format("attach xdp_gate to {}", target.name));
        }
        attachment.fallback_reason += fmt::format("{}{} XDP: {}",
                                                  attachment.fallback_reason.empty() ? "" : "; ",
                                                  name,
                                                  std::generic_category().message(error));
    }
    return attachment;
}

Result<XdpAttachment> adopt(FileDescriptor link, int program, AttachMode mode) {
    if (bpf_link_update(link.get(), program, nullptr) != 0) {
        return failure(errno, "update the XDP link of an earlier agent");
    }
    return XdpAttachment{
        .mode = mode, .link = std::move(link), .adopted = true, .fallback_reason = {}};
}

}  // namespace

bool another_rung_may_do(int error) {
    return error != EPERM && error != ENODEV && error != EBUSY && error != EEXIST;
}

AttachMode xdp_mode(unsigned ifindex) {
    switch (query(ifindex).attach_mode) {
        case XDP_ATTACHED_DRV:
        case XDP_ATTACHED_HW:
            return AttachMode::native;
        case XDP_ATTACHED_SKB:
            return AttachMode::generic;
        default:
            return AttachMode::none;
    }
}

Result<XdpAttachment> attach_xdp(const Target& target,
                                 int program,
                                 const std::filesystem::path& pin,
                                 const GateOptions& options) {
    auto live = open_live_link(pin, BPF_LINK_TYPE_XDP, target.ifindex);
    if (!live) {
        return Failure{live.error()};
    }
    if (live->has_value()) {
        const AttachMode mode = xdp_mode(target.ifindex);
        if (is_wanted(mode, options)) {
            return adopt(std::move(**live), program, mode);
        }
        // Native and generic exclude each other: the old link has to go first.
        bpf_link_detach((*live)->get());
    }
    if (const std::uint32_t foreign = attached_program(query(target.ifindex)); foreign != 0) {
        return refuse_foreign(target, foreign);
    }
    auto attachment = attach_new(target, program, options);
    if (attachment && attachment->link) {
        if (auto pinned = replace_link(attachment->link.get(), pin); !pinned) {
            return Failure{pinned.error()};
        }
    }
    if (attachment && options.force_generic) {
        attachment->fallback_reason = "generic XDP is configured";
    }
    return attachment;
}

}  // namespace tollgate::agent
