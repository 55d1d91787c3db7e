// SPDX-License-Identifier: MIT
#include "agent/tunnel/worker_parts.hpp"

#include <optional>
#include <utility>

#include <fmt/format.h>

#include "agent/tunnel/aead_choice.hpp"
#include "agent/tunnel/tun_error.hpp"
#include "agent/tunnel/tun_port.hpp"
#include "agent/tunnel/udp_link.hpp"
#include "agent/tunnel/xsk_link.hpp"

namespace tollgate::agent {

namespace {

using Links = std::vector<std::unique_ptr<Link>>;
using Ports = std::vector<std::unique_ptr<Port>>;

/// @param wanted  "auto", "xsk", "udp"
Result<std::unique_ptr<Link>> open_link(const std::string& wanted, TunnelGate& gate) {
    auto udp = UdpLink::open({});
    if (!udp) {
        return Failure{udp.error()};
    }
    if (wanted == "udp") {
        return std::unique_ptr<Link>{std::move(*udp)};
    }
    auto xsk = XskLink::open(
        std::move(*udp), gate, wanted == "xsk" ? XskLink::Wish::any : XskLink::Wish::zero_copy);
    if (!xsk) {
        return Failure{xsk.error()};
    }
    return std::unique_ptr<Link>{std::move(*xsk)};
}

/// An AF_XDP socket has what comes in by one queue of an interface, of whichever peer.
Result<Links> open_links(const TunnelOptions& options, std::size_t count) {
    UdpLink::Options udp;
    if (options.backend == "auto") {
        udp.reason = fmt::format("AF_XDP is for one thread, not {}", options.threads);
    }
    auto group = UdpLink::open_group(udp, count);
    if (!group) {
        return Failure{group.error()};
    }
    Links links;
    for (auto& link : *group) {
        links.push_back(std::move(link));
    }
    return links;
}

Result<Ports> open_ports(const TunnelOptions& options,
                         const QueueSteering* steering,
                         std::size_t count) {
    using Queues = TunPort::Queues;
    Ports ports;
    TunPort::Options port{
        options.name, options.mtu, count > 1 ? Queues::first : Queues::one, options.before_up};
    while (ports.size() < count) {
        auto opened = TunPort::open(port);
        if (!opened) {
            return Failure{opened.error()};
        }
        if (ports.empty() && steering != nullptr) {
            if (auto steered = (*opened)->steer(steering->program()); !steered) {
                return Failure{steered.error()};
            }
        }
        ports.push_back(std::move(*opened));
        port.queues = Queues::further;
        port.before_up = {};
    }
    return ports;
}

/// What threads need of the host, apart from the network interface.
struct Wires {
    std::unique_ptr<QueueSteering> steering;  ///< null: there is one thread
    Links links;
};

Result<Wires> open_several(const TunnelOptions& options) {
    if (!options.make_steering) {
        return failure("no gate is loaded, which would tell them their packets");
    }
    auto steering = options.make_steering();
    if (!steering) {
        return Failure{steering.error()};
    }
    auto links = open_links(options, options.threads);
    if (!links) {
        return Failure{links.error()};
    }
    return Wires{std::move(*steering), std::move(*links)};
}

Result<Wires> open_one(const TunnelOptions& options, TunnelGate& gate) {
    auto link = open_link(options.backend, gate);
    if (!link) {
        return Failure{link.error()};
    }
    Wires one;
    one.links.push_back(std::move(*link));
    return one;
}

/// An interface for several queues that stayed is not given up for what may be over soon.
Failure refuse_interface(const TunnelOptions& options, const Error& not_several) {
    return failure(fmt::format("{} stayed as an interface for {} threads: {}",
                               options.name,
                               options.threads,
                               not_several.message()));
}

/// By UDP: the agent lets a tunnel that asks for several threads have no AF_XDP.
Result<Wires> open_one_instead(const TunnelOptions& options) {
    return open_links(options, 1).map([](Links links) { return Wires{nullptr, std::move(links)}; });
}

/// Once measured, the same for all.
Result<void> add_ciphers(OpenedWorkers& opened, const std::string& wanted) {
    auto choice = choose_aead(wanted);
    if (!choice) {
        return Failure{choice.error()};
    }
    opened.aead_reason = std::move(choice->reason);
    const std::string name{choice->aead->name()};
    for (Worker::Parts& worker : opened.workers) {
        worker.aead = std::move(choice->aead);
        if (choice = choose_aead(name); !choice) {
            return Failure{choice.error()};
        }
    }
    return {};
}

Result<void> add_inboxes(OpenedWorkers& opened) {
    for (std::size_t i = 1; i < opened.workers.size(); ++i) {
        auto inbox = InitiationInbox::create();
        if (!inbox) {
            return Failure{inbox.error()};
        }
        opened.workers[i].inbox = std::move(*inbox);
    }
    return {};
}

}  // namespace

Result<OpenedWorkers> open_workers(const TunnelOptions& options, TunnelGate& gate) {
    OpenedWorkers opened;
    opened.threads_reason = "as configured";
    auto wires = options.threads > 1 ? open_several(options) : open_one(options, gate);
    std::optional<Error> not_several;
    if (!wires && options.threads > 1) {
        not_several = wires.error();
        opened.threads_reason = fmt::format("not {}: {}", options.threads, not_several->message());
        wires = open_one_instead(options);
    }
    if (!wires) {
        return Failure{wires.error()};
    }
    auto ports = open_ports(options, wires->steering.get(), wires->links.size());
    if (!ports) {
        return not_several && ports.error().code == TunError::other_kind
                   ? refuse_interface(options, *not_several)
                   : Failure{ports.error()};
    }
    opened.steering = std::move(wires->steering);
    for (std::size_t i = 0; i < ports->size(); ++i) {
        Worker::Parts& worker = opened.workers.emplace_back();
        worker.link = std::move(wires->links[i]);
        worker.port = std::move((*ports)[i]);
    }
    auto ready = add_ciphers(opened, options.aead).and_then([&] { return add_inboxes(opened); });
    return ready.map([&] { return std::move(opened); });
}

}  // namespace tollgate::agent
