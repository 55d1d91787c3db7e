// SPDX-License-Identifier: MIT
#include "agent/datapath/bpf_links.hpp"

#include <cerrno>

#include <linux/bpf.h>

#include <bpf/bpf.h>

#include <fmt/format.h>

#include "agent/datapath/pin_folder.hpp"

namespace tollgate::agent {

Result<LinkState> link_state(int fd) {
    bpf_link_info kernel{};
    __u32 size = sizeof kernel;
    if (bpf_obj_get_info_by_fd(fd, &kernel, &size) != 0) {
        return failure(errno, "ask the kernel about a link");
    }
    // tcx has its interface in the same place as XDP.
    return LinkState{
        .type = kernel.type, .program_id = kernel.prog_id, .ifindex = kernel.xdp.ifindex};
}

Result<std::optional<FileDescriptor>> open_live_link(const std::filesystem::path& pin,
                                                     std::uint32_t type,
                                                     unsigned ifindex) {
    auto link = open_pin(pin);
    if (!link || !link->has_value()) {
        return link;
    }
    const auto state = link_state((*link)->get());
    if (!state || state->type != type || state->ifindex != ifindex) {
        return std::nullopt;
    }
    return link;
}

Result<void> replace_link(int fd, const std::filesystem::path& pin) {
    const auto old = open_pin(pin);
    return replace_pin(fd, pin).map([&] {
        if (old && old->has_value()) {
            bpf_link_detach((*old)->get());  // fails if its device is gone, which is as good
        }
    });
}

Result<void> end_link(const std::filesystem::path& pin) {
    const auto old = open_pin(pin);
    if (old && old->has_value()) {
        bpf_link_detach((*old)->get());
    }
    return remove_pin(pin);
}

std::string program_name(std::uint32_t program_id) {
    const FileDescriptor fd{bpf_prog_get_fd_by_id(program_id)};
    bpf_prog_info program{};
    __u32 size = sizeof program;
    return fd && bpf_obj_get_info_by_fd(fd.get(), &program, &size) == 0 ? program.name : "";
}

Result<std::uint32_t> program_id(int fd) {
    bpf_prog_info program{};
    __u32 size = sizeof program;
    if (bpf_obj_get_info_by_fd(fd, &program, &size) != 0) {
        return failure(errno, "ask the kernel about a program");
    }
    return program.id;
}

std::optional<std::uint32_t> link_of_program(std::uint32_t program_id) {
    std::uint32_t id = 0;
    while (bpf_link_get_next_id(id, &id) == 0) {
        const FileDescriptor link{bpf_link_get_fd_by_id(id)};
        const auto state = link_state(link.get());
        if (state && state->program_id == program_id) {
            return id;
        }
    }
    return std::nullopt;
}

}  // namespace tollgate::agent
