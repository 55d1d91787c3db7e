// SPDX-License-Identifier: MIT
#include "agent/core/interface_watch.hpp"

#include <algorithm>
#include <cerrno>

#include <fmt/format.h>

#include "agent/report/log.hpp"
#include "agent/system/interface.hpp"

namespace tollgate::agent {

namespace {

bool is_whole(const Attachment& attachment) {
    return attachment.ingress != AttachMode::none && attachment.egress != TcHook::none;
}

}  // namespace

StartResult<void> InterfaceWatch::attach(const std::string& name, std::uint8_t zone) {
    auto attached = gate_.attach(name, zone);
    if (!attached) {
        return Unexpected<StartError>{
            StartError{exit_code_of_attach(attached.error()), attached.error()}};
    }
    if (attached->ingress != AttachMode::native) {
        log(LogLevel::warn,
            "interface.fell_back",
            {{"interface", name}, {"reason", attached->fallback_reason}});
    }
    log(LogLevel::info,
        "interface.attached",
        {{"interface", name}, {"adopted", attached->adopted ? 1 : 0}});
    interfaces_.push_back({name, zone, std::move(*attached), {}});
    return {};
}

void InterfaceWatch::expect(const std::string& name, std::uint8_t zone) {
    interfaces_.push_back({name, zone, {}, fmt::format("there is no interface {}", name)});
    log(LogLevel::warn, "interface.awaited", {{"interface", name}});
    prepare(interfaces_.back());
}

void InterfaceWatch::prepare(const ProtectedInterface& interface) {
    if (interface.link == TG_LINK_TUNNEL) {
        return;
    }
    if (auto prepared = gate_.prepare(interface.zone); !prepared) {
        log(LogLevel::warn,
            "interface.unprepared",
            {{"interface", interface.name}, {"error", prepared.error().message()}});
    }
}

Result<void> InterfaceWatch::attach_tunnel(const std::string& name, std::uint8_t zone) {
    auto known = std::ranges::find(interfaces_, name, &ProtectedInterface::name);
    if (known != interfaces_.end() && known->link == TG_LINK_CLEAR) {
        return failure(EEXIST, fmt::format("{} is protected as an interface, too", name));
    }
    if (known == interfaces_.end()) {
        known = interfaces_.insert(known, {name, zone, {}, {}, TG_LINK_TUNNEL, false});
    }
    clear_away(*known);
    auto attached = gate_.attach_tunnel(name, zone);
    if (!attached) {
        known->reason = attached.error().message();
        return Failure{attached.error()};
    }
    log(LogLevel::info, "interface.attached", {{"interface", name}, {"tunnel", 1}});
    known->attachment = std::move(*attached);
    known->reason.clear();
    known->is_there = true;
    return {};
}

void InterfaceWatch::forget_tunnel(const std::string& name) {
    const auto known = std::ranges::find(interfaces_, name, &ProtectedInterface::name);
    if (known != interfaces_.end() && known->link == TG_LINK_TUNNEL) {
        detach(*known);
        interfaces_.erase(known);
    }
}

// The rest of a broken attachment must not be in the way of the new one.
void InterfaceWatch::clear_away(ProtectedInterface& interface) {
    if (interface.attachment) {
        detach(interface);
        interface.attachment.reset();
    }
}

void InterfaceWatch::detach(const ProtectedInterface& interface) {
    if (auto detached = gate_.detach(interface.name); !detached) {
        log(LogLevel::debug,
            "interface.detach_failed",
            {{"interface", interface.name}, {"error", detached.error().message()}});
    }
}

// Leaves `attachment` empty while the interface is not there.
bool InterfaceWatch::repair(ProtectedInterface& interface) {
    const bool is_tunnel = interface.link == TG_LINK_TUNNEL;
    const auto index = interface_index(interface.name);
    const bool is_missing = !index;
    if (interface.attachment) {
        log(LogLevel::warn, "interface.detached", {{"interface", interface.name}});
        if (!index || *index != interface.attachment->ifindex) {
            clear_away(interface);
        }
        interface.attachment.reset();  // the hook that is left goes on, and is taken over
        if (is_missing) {
            prepare(interface);  // it may come back
        }
    }
    interface.is_there = !is_tunnel || !is_missing;
    if (is_missing) {
        interface.reason = fmt::format("there is no interface {}", interface.name);
        return false;
    }
    auto attached = is_tunnel ? gate_.attach_tunnel(interface.name, interface.zone)
                              : gate_.attach(interface.name, interface.zone);
    if (!attached) {
        if (interface.reason != attached.error().message()) {
            interface.reason = attached.error().message();
            log(LogLevel::error,
                "interface.attach_failed",
                {{"interface", interface.name}, {"error", interface.reason}});
        }
        return false;
    }
    log(LogLevel::info, "interface.attached", {{"interface", interface.name}, {"again", 1}});
    interface.attachment = std::move(*attached);
    interface.reason.clear();
    ++reattachments_;
    return true;
}

void InterfaceWatch::attach_newcomers() {
    for (ProtectedInterface& interface : interfaces_) {
        const auto index = interface_index(interface.name);
        if (index && (!interface.attachment || interface.attachment->ifindex != *index)) {
            static_cast<void>(repair(interface));  // which says what went wrong
        }
    }
}

std::size_t InterfaceWatch::tick() {
    const std::vector<Attachment> now = gate_.attachments();
    std::size_t repaired = 0;
    for (ProtectedInterface& interface : interfaces_) {
        const auto found = std::find_if(now.begin(), now.end(), [&](const Attachment& attachment) {
            return attachment.interface == interface.name && is_whole(attachment);
        });
        const auto index = interface_index(interface.name);
        const bool intact = interface.attachment && found != now.end() && index &&
                            *index == interface.attachment->ifindex;
        if (intact && found->pins_restored) {
            log(LogLevel::warn, "interface.unpinned", {{"interface", interface.name}});
            ++reattachments_;
        }
        if (!intact && repair(interface)) {
            ++repaired;
        }
    }
    return repaired;
}

bool InterfaceWatch::all_attached() const {
    return std::none_of(interfaces_.begin(), interfaces_.end(), [](const auto& interface) {
        return interface.is_unprotected();
    });
}

}  // namespace tollgate::agent
