// SPDX-License-Identifier: MIT
#include "agent/datapath/attach_tc.hpp"

#include <algorithm>
#include <array>
#include <cerrno>

#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <fmt/format.h>

#include "agent/datapath/bpf_links.hpp"
#include "agent/datapath/libbpf_messages.hpp"
#include "agent/datapath/tc_filters.hpp"

namespace tollgate::agent {

namespace {

namespace fs = std::filesystem;

// Where our clsact filter stands: first, and under a handle that nobody takes by chance ("tg").
constexpr std::uint32_t kPriority = 1;
constexpr std::uint32_t kHandle = 0x7467;

constexpr const char* label(tg_direction direction) {
    return direction == TG_INGRESS ? "ingress" : "egress";
}

bpf_tc_hook hook_of(unsigned ifindex, bpf_tc_attach_point point) {
    bpf_tc_hook hook{};
    hook.sz = sizeof hook;
    hook.ifindex = static_cast<int>(ifindex);
    hook.attach_point = point;
    return hook;
}

bpf_tc_hook hook_of(unsigned ifindex, tg_direction direction) {
    return hook_of(ifindex, direction == TG_INGRESS ? BPF_TC_INGRESS : BPF_TC_EGRESS);
}

bpf_tc_opts our_filter() {
    bpf_tc_opts filter{};
    filter.sz = sizeof filter;
    filter.handle = kHandle;
    filter.priority = kPriority;
    return filter;
}

// The program in our place, whoever put it there; 0: none.
std::uint32_t program_in_our_place(unsigned ifindex, tg_direction direction) {
    const LibbpfMessages silence;
    const bpf_tc_hook hook = hook_of(ifindex, direction);
    bpf_tc_opts filter = our_filter();
    return bpf_tc_query(&hook, &filter) == 0 ? filter.prog_id : 0;
}

std::uint32_t pinned_program(const fs::path& pin) {
    const auto program = open_pin(pin);
    return program && program->has_value() ? program_id((*program)->get()).value_or(0) : 0;
}

// In whatever qdisc.
bool holds_our_filter(unsigned ifindex, tg_direction direction, const InterfacePins& pins) {
    const std::uint32_t present = program_in_our_place(ifindex, direction);
    return present != 0 && present == pinned_program(filter_pin(pins, direction));
}

fs::path clsact_mark(const InterfacePins& pins) {
    return pins.folder / "owns_clsact";
}

// Kernels that know tcx not at all, or not for this device.
bool lacks_tcx(int error) {
    return error == EINVAL || error == EOPNOTSUPP;
}

Result<FileDescriptor> attach_tcx(const Target& target, tg_direction direction, int program) {
    bpf_link_create_opts options{};
    options.sz = sizeof options;
    options.flags = kTcxFirst;
    const auto hook =
        static_cast<bpf_attach_type>(direction == TG_INGRESS ? kTcxIngress : kTcxEgress);
    FileDescriptor link{bpf_link_create(program, static_cast<int>(target.ifindex), hook, &options)};
    if (!link) {
        return failure(errno, fmt::format("attach to TC {} of {}", label(direction), target.name));
    }
    return link;
}

// The kernel takes filters for egress in an ingress qdisc, too, and runs them on the way in.
Result<void> check_clsact(const Target& target) {
    const auto kind = ingress_qdisc(target.ifindex);
    if (!kind) {
        return Failure{kind.error()};
    }
    return *kind == "clsact"
               ? Result<void>{}
               : failure(EBUSY,
                         fmt::format("{} has the qdisc \"{}\" where the gate needs clsact: `tc "
                                     "qdisc del dev {} ingress` removes it with its filters, which "
                                     "clsact takes as well",
                                     target.name,
                                     *kind,
                                     target.name));
}

// The mark comes first: a qdisc that we made and then died over is still known as ours.
Result<void> make_clsact(const Target& target, const InterfacePins& pins) {
    const LibbpfMessages silence;
    const bool marked = ::mkdir(clsact_mark(pins).c_str(), 0700) == 0;
    if (!marked && errno != EEXIST) {
        return failure(errno, fmt::format("make {}", clsact_mark(pins).string()));
    }
    bpf_tc_hook hook = hook_of(target.ifindex, BPF_TC_INGRESS);
    const int error = -bpf_tc_hook_create(&hook);
    if (error != 0 && marked) {
        ::rmdir(clsact_mark(pins).c_str());
    }
    if (error == EEXIST) {
        return check_clsact(target);
    }
    return error == 0 ? Result<void>{}
                      : failure(error, fmt::format("add the clsact qdisc to {}", target.name));
}

Result<TcAttachment> attach_clsact(const Target& target,
                                   tg_direction direction,
                                   int program,
                                   const InterfacePins& pins) {
    if (auto made = make_clsact(target, pins); !made) {
        return Failure{made.error()};
    }
    const fs::path pin = filter_pin(pins, direction);
    const std::uint32_t present = program_in_our_place(target.ifindex, direction);
    if (present != 0 && present != pinned_program(pin)) {
        return failure(
            EBUSY,
            fmt::format("TC {} of {} already has a filter that is not this Tollgate's at "
                        "priority {} handle {:#x}: program {} (id {}); if no other Tollgate runs, "
                        "`tc filter del dev {} {} pref {}` removes it",
                        label(direction),
                        target.name,
                        kPriority,
                        kHandle,
                        program_name(present),
                        present,
                        target.name,
                        label(direction),
                        kPriority));
    }
    const LibbpfMessages messages;
    const bpf_tc_hook hook = hook_of(target.ifindex, direction);
    bpf_tc_opts filter = our_filter();
    filter.prog_fd = program;
    filter.flags = BPF_TC_F_REPLACE;
    if (const int error = -bpf_tc_attach(&hook, &filter); error != 0) {
        return failure(error,
                       fmt::format("attach to TC {} of {} by clsact ({})",
                                   label(direction),
                                   target.name,
                                   messages.last_lines(1)));
    }
    if (auto pinned = replace_pin(program, pin); !pinned) {
        return Failure{pinned.error()};
    }
    return TcAttachment{.hook = TcHook::clsact, .link = {}, .adopted = present != 0};
}

}  // namespace

fs::path link_pin(const InterfacePins& pins, tg_direction direction) {
    return pins.folder / fmt::format("link_{}", label(direction));
}

fs::path filter_pin(const InterfacePins& pins, tg_direction direction) {
    return pins.folder / fmt::format("filter_{}", label(direction));
}

bool has_filter(unsigned ifindex, tg_direction direction, const InterfacePins& pins) {
    return holds_our_filter(ifindex, direction, pins) &&
           ingress_qdisc(ifindex).value_or("") == "clsact";
}

bool has_lost_filter_pin(unsigned ifindex,
                         tg_direction direction,
                         int program,
                         const InterfacePins& pins) {
    if (::access(filter_pin(pins, direction).c_str(), F_OK) == 0) {
        return false;
    }
    const std::uint32_t present = program_in_our_place(ifindex, direction);
    return present != 0 && present == program_id(program).value_or(0);
}

Result<void> remove_filter(unsigned ifindex, tg_direction direction, const InterfacePins& pins) {
    if (holds_our_filter(ifindex, direction, pins)) {
        const LibbpfMessages messages;
        const bpf_tc_hook hook = hook_of(ifindex, direction);
        const bpf_tc_opts filter = our_filter();
        if (const int error = -bpf_tc_detach(&hook, &filter); error != 0) {
            return failure(error,
                           fmt::format("remove the TC {} filter of {} ({})",
                                       label(direction),
                                       pins.interface,
                                       messages.last_lines(1)));
        }
    }
    return remove_pin(filter_pin(pins, direction));
}

Result<void> remove_clsact(unsigned ifindex, const InterfacePins& pins) {
    std::error_code ignored;
    if (!fs::exists(clsact_mark(pins), ignored)) {
        return {};
    }
    const auto filters = count_clsact_filters(ifindex);
    if (!filters) {
        return Failure{filters.error()};
    }
    if (*filters == 0) {
        const LibbpfMessages silence;
        bpf_tc_hook hook =
            hook_of(ifindex, static_cast<bpf_tc_attach_point>(BPF_TC_INGRESS | BPF_TC_EGRESS));
        const int error = -bpf_tc_hook_destroy(&hook);
        if (error != 0 && error != ENOENT && error != EINVAL) {
            return failure(error, fmt::format("remove the clsact qdisc of {}", pins.interface));
        }
    }
    ::rmdir(clsact_mark(pins).c_str());
    return {};
}

Result<TcAttachment> attach_tc(const Target& target,
                               tg_direction direction,
                               int program,
                               const InterfacePins& pins,
                               bool force_clsact) {
    const fs::path pin = link_pin(pins, direction);
    if (force_clsact) {
        return attach_clsact(target, direction, program, pins);
    }
    auto live = open_live_link(pin, kTcxLink, target.ifindex);
    if (!live) {
        return Failure{live.error()};
    }
    if (live->has_value()) {
        if (bpf_link_update((*live)->get(), program, nullptr) != 0) {
            return failure(errno, "update the TC link of an earlier agent");
        }
        return TcAttachment{.hook = TcHook::tcx, .link = std::move(**live), .adopted = true};
    }
    auto link = attach_tcx(target, direction, program);
    if (!link && lacks_tcx(link.error().code.value())) {
        return attach_clsact(target, direction, program, pins);
    }
    if (!link) {
        return Failure{link.error()};
    }
    if (auto pinned = replace_link(link->get(), pin); !pinned) {
        return Failure{pinned.error()};
    }
    return TcAttachment{.hook = TcHook::tcx, .link = *std::move(link), .adopted = false};
}

}  // namespace tollgate::agent
