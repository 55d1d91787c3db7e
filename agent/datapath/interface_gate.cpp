// SPDX-License-Identifier: MIT
#include "agent/datapath/interface_gate.hpp"

#include <algorithm>
#include <array>
#include <cerrno>

#include <linux/bpf.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include <fmt/format.h>

#include "agent/datapath/attach_tc.hpp"
#include "agent/datapath/bpf_links.hpp"
#include "agent/system/file.hpp"
#include "agent/system/interface.hpp"

namespace tollgate::agent {

namespace {

namespace fs = std::filesystem;

constexpr std::array kProgramArrays{"xdp_calls", "tc_calls"};

constexpr std::array kDirections{std::pair{TG_INGRESS, "ingress"}, std::pair{TG_EGRESS, "egress"}};

// "xdp_calls_123": of programs that are not yet, or no longer, the ones attached.
bool is_numbered_array(const fs::path& pin) {
    const std::string name = pin.filename().string();
    return std::any_of(kProgramArrays.begin(), kProgramArrays.end(), [&](const std::string& array) {
        return name.rfind(array + "_", 0) == 0;
    });
}

bool is_alive(const FileDescriptor& link, unsigned ifindex) {
    const auto state = link_state(link.get());
    return state && state->ifindex == ifindex;
}

}  // namespace

Result<InterfaceGate> InterfaceGate::attach(const Target& target,
                                            const InterfacePins& pins,
                                            std::shared_ptr<const GateObject> object,
                                            const GateOptions& options) {
    const bool was_attached = is_attached(pins);
    InterfaceGate gate{target, pins, std::move(object)};
    if (auto pinned = gate.pin_program_arrays(); !pinned) {
        return Failure{pinned.error()};
    }
    auto attached =
        gate.attach_egress(options).and_then([&] { return gate.attach_ingress(options); });
    if (!attached) {
        if (!was_attached) {
            static_cast<void>(remove_interface(pins));
        }
        return Failure{attached.error()};
    }
    return gate.settle_program_arrays().map([&] { return std::move(gate); });
}

Result<void> InterfaceGate::attach_egress(const GateOptions& options) {
    auto attached =
        attach_tc(target_, TG_EGRESS, object_->program("tc_egress"), pins_, options.force_clsact);
    if (!attached) {
        return Failure{attached.error()};
    }
    egress_ = attached->hook;
    egress_link_ = std::move(attached->link);
    egress_adopted_ = attached->adopted;
    // What another kind of hook held until now.
    return egress_ == TcHook::tcx ? remove_filter(target_.ifindex, TG_EGRESS, pins_)
                                  : end_link(link_pin(pins_, TG_EGRESS));
}

Result<void> InterfaceGate::attach_ingress(const GateOptions& options) {
    const fs::path pin = link_pin(pins_, TG_INGRESS);
    if (target_.link == TG_LINK_CLEAR && !options.force_tc) {
        auto xdp = attach_xdp(target_, object_->program("xdp_gate"), pin, options);
        if (!xdp) {
            return Failure{xdp.error()};
        }
        fallback_reason_ = xdp->fallback_reason;
        if (xdp->link) {
            ingress_ = xdp->mode;
            ingress_link_ = std::move(xdp->link);
            ingress_adopted_ = xdp->adopted;
            return remove_filter(target_.ifindex, TG_INGRESS, pins_);
        }
        if (options.lowest != AttachMode::tc) {
            return failure(
                EOPNOTSUPP,
                fmt::format("attach to {} ({}; xdpMode excludes the next rung, auto takes it)",
                            target_.name,
                            fallback_reason_));
        }
    } else if (target_.link == TG_LINK_CLEAR) {
        fallback_reason_ = "TC is configured";
    }
    auto tc =
        attach_tc(target_, TG_INGRESS, object_->program("tc_ingress"), pins_, options.force_clsact);
    if (!tc) {
        return Failure{tc.error()};
    }
    ingress_ = AttachMode::tc;
    ingress_hook_ = tc->hook;
    ingress_link_ = std::move(tc->link);
    ingress_adopted_ = tc->adopted;
    return ingress_hook_ == TcHook::tcx ? remove_filter(target_.ifindex, TG_INGRESS, pins_)
                                        : end_link(pin);
}

// Until both hooks run the new programs, the old ones and their arrays are needed: the new arrays
// are pinned under names of their own first.
Result<void> InterfaceGate::pin_program_arrays() const {
    const auto id = program_id(object_->program("tc_egress"));
    if (!id) {
        return Failure{id.error()};
    }
    for (const char* name : kProgramArrays) {
        const fs::path pin = pins_.folder / fmt::format("{}_{}", name, *id);
        if (auto pinned = replace_pin(object_->map_fd(name), pin); !pinned) {
            return pinned;
        }
    }
    return {};
}

Result<void> InterfaceGate::settle_program_arrays() const {
    for (const char* name : kProgramArrays) {
        if (auto pinned = replace_pin(object_->map_fd(name), pins_.folder / name); !pinned) {
            return pinned;
        }
    }
    for (const fs::path& entry : entries_of(pins_.folder).value_or(std::vector<fs::path>{})) {
        if (is_numbered_array(entry)) {
            ::unlink(entry.c_str());
        }
    }
    return {};
}

Result<bool> InterfaceGate::restore_pin(tg_direction direction) const {
    const FileDescriptor& link = direction == TG_INGRESS ? ingress_link_ : egress_link_;
    const int program = object_->program(direction == TG_INGRESS ? "tc_ingress" : "tc_egress");
    const TcHook hook = direction == TG_INGRESS ? ingress_hook_ : egress_;
    const bool filters = hook == TcHook::clsact;
    const fs::path pin = filters ? filter_pin(pins_, direction) : link_pin(pins_, direction);
    const bool lost = filters ? has_lost_filter_pin(target_.ifindex, direction, program, pins_)
                              : is_alive(link, target_.ifindex) && ::access(pin.c_str(), F_OK) != 0;
    if (!lost) {
        return false;
    }
    ::mkdir(pins_.folder.c_str(), 0700);  // it may be there; if not, pinning says so
    return replace_pin(filters ? program : link.get(), pin).map([] { return true; });
}

Result<bool> InterfaceGate::restore_pins() const {
    const auto ingress = restore_pin(TG_INGRESS);
    const auto egress = restore_pin(TG_EGRESS);
    if (!ingress || !egress) {
        return ingress ? egress : ingress;
    }
    if (!*ingress && !*egress) {
        return false;
    }
    return settle_program_arrays().map([] { return true; });
}

Attachment InterfaceGate::attachment() const {
    Attachment now{.interface = target_.name,
                   .ifindex = target_.ifindex,
                   .zone = pins_.zone,
                   .link = target_.link,
                   .adopted = ingress_adopted_ && egress_adopted_,
                   .fallback_reason = fallback_reason_};
    const bool ingress_lives = ingress_hook_ == TcHook::clsact
                                   ? has_filter(target_.ifindex, TG_INGRESS, pins_)
                                   : is_alive(ingress_link_, target_.ifindex);
    const bool egress_lives = egress_ == TcHook::clsact
                                  ? has_filter(target_.ifindex, TG_EGRESS, pins_)
                                  : is_alive(egress_link_, target_.ifindex);
    now.ingress = ingress_lives ? ingress_ : AttachMode::none;
    now.egress = egress_lives ? egress_ : TcHook::none;
    return now;
}

bool is_attached(const InterfacePins& pins) {
    const unsigned ifindex = interface_index(pins.interface).value_or(0);
    return std::ranges::any_of(kDirections, [&](const auto& direction) {
        const auto link = open_pin(link_pin(pins, direction.first));
        const auto state = link && link->has_value() ? link_state((*link)->get()) : LinkState{};
        return (state && state->ifindex != 0) ||
               (ifindex != 0 && has_filter(ifindex, direction.first, pins));
    });
}

std::vector<std::string> attached_programs(const InterfacePins& pins) {
    std::vector<std::string> attached;
    const unsigned ifindex = interface_index(pins.interface).value_or(0);
    for (const auto& [direction, label] : kDirections) {
        const auto link = open_pin(link_pin(pins, direction));
        if (link && link->has_value()) {
            attached.push_back(fmt::format("link on {} of {}", label, pins.interface));
        }
        if (ifindex != 0 && has_filter(ifindex, direction, pins)) {
            attached.push_back(fmt::format("clsact filter on {} of {}", label, pins.interface));
        }
    }
    return attached;
}

Result<void> remove_interface(const InterfacePins& pins) {
    // Without the interface there are no filters either.
    const unsigned ifindex = interface_index(pins.interface).value_or(0);
    for (const auto& [direction, label] : kDirections) {
        const auto ended = end_link(link_pin(pins, direction));
        auto removed = ended && ifindex != 0 ? remove_filter(ifindex, direction, pins) : ended;
        if (!removed) {
            return removed;
        }
    }
    if (auto removed = ifindex != 0 ? remove_clsact(ifindex, pins) : Result<void>{}; !removed) {
        return removed;
    }
    std::error_code error;
    fs::remove_all(pins.folder, error);
    return error ? failure(error.value(), fmt::format("remove {}", pins.folder.string()))
                 : Result<void>{};
}

}  // namespace tollgate::agent
