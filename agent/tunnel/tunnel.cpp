// SPDX-License-Identifier: MIT
#include "agent/tunnel/tunnel.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <sys/epoll.h>

#include <fmt/format.h>

#include "agent/report/log.hpp"
#include "agent/tunnel/aead_choice.hpp"
#include "agent/tunnel/tun_port.hpp"
#include "agent/tunnel/xsk_link.hpp"

namespace tollgate::agent {

namespace {

// The loop looks at the clock at least so often: epoll does not count the time that the machine
// sleeps.
constexpr std::chrono::milliseconds kWaitMax{10'000};

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

std::string backend_text(const Link& link) {
    return fmt::format("{} ({})", link.name(), link.reason());
}

std::chrono::milliseconds wait_until(crypto::Instant next, crypto::Instant now) {
    if (next <= now) {
        return std::chrono::milliseconds{0};
    }
    if (next - now >= kWaitMax) {
        return kWaitMax;
    }
    return std::chrono::ceil<std::chrono::milliseconds>(next - now);
}

}  // namespace

Result<std::unique_ptr<Tunnel>> Tunnel::start(const TunnelOptions& options,
                                              const Clock& clock,
                                              std::unique_ptr<TunnelGate> gate) {
    auto loop = EventLoop::create();
    if (!loop) {
        return Failure{loop.error()};
    }
    auto timestamps = HandshakeClock::open(options.state_dir / ("handshake-time-" + options.name));
    if (!timestamps) {
        return Failure{timestamps.error()};
    }
    std::unique_ptr<Tunnel> tunnel{
        new Tunnel{options, clock, std::move(*loop), std::move(*timestamps)}};
    if (const auto opened = tunnel->open(std::move(gate)); !opened) {
        return Failure{opened.error()};
    }
    tunnel->thread_ = std::thread{[raw = tunnel.get()] {
        raw->run();
    }};
    return tunnel;
}

Tunnel::~Tunnel() {
    if (thread_.joinable()) {
        tasks_->call([this] { return stopping_ = true; });
        thread_.join();
    }
}

Result<void> Tunnel::open(std::unique_ptr<TunnelGate> gate) {
    auto tasks = TaskQueue::create();
    if (!tasks) {
        return Failure{tasks.error()};
    }
    tasks_ = std::move(*tasks);
    if (!gate) {
        gate = std::make_unique<NoTunnelGate>();
    }
    auto link = open_link(options_.backend, *gate);
    if (!link) {
        return Failure{link.error()};
    }
    first_backend_ = backend_text(**link);
    auto port = TunPort::open({options_.name, options_.mtu, false, options_.before_up});
    if (!port) {
        return Failure{port.error()};
    }
    auto choice = choose_aead(options_.aead);
    if (!choice) {
        return Failure{choice.error()};
    }
    aead_reason_ = std::move(choice->reason);
    device_ =
        std::make_unique<Device>(Device::Parts{std::move(*link),
                                               std::move(*port),
                                               std::move(choice->aead),
                                               [this](auto wall) { return timestamps_.next(wall); },
                                               std::move(gate)});
    if (auto watched = loop_.watch(tasks_->fd(), EPOLLIN, [this](auto) { tasks_->run_waiting(); });
        !watched) {
        return watched;
    }
    if (auto watched = loop_.watch(device_->port_descriptor(),
                                   EPOLLIN,
                                   [this](auto) { device_->port_is_readable(now()); });
        !watched) {
        return watched;
    }
    if (auto watched = watch_link(); !watched) {
        return watched;
    }
    auto uapi = UapiSocket::open(loop_,
                                 options_.uapi_dir,
                                 options_.name,
                                 {[this](const DeviceChange& change) { return apply_here(change); },
                                  [this] {
                                      return device_->state();
                                  }});
    if (!uapi) {
        return Failure{uapi.error()};
    }
    uapi_ = std::move(*uapi);
    return {};
}

Result<void> Tunnel::watch_link() {
    for (const int descriptor : std::exchange(watched_, device_->link_descriptors())) {
        loop_.forget(descriptor);
    }
    for (const int descriptor : watched_) {
        auto watched = loop_.watch(descriptor, EPOLLIN, [this, descriptor](auto) {
            device_->link_is_readable(descriptor, now());
        });
        if (!watched) {
            return watched;
        }
    }
    return {};
}

void Tunnel::refresh_link() {
    if (!device_->refresh_link()) {
        return;
    }
    const auto watched = watch_link();
    log(watched ? LogLevel::info : LogLevel::error,
        "tunnel.backend_changed",
        {{"interface", options_.name},
         {"backend", backend_text(device_->link())},
         {"error", watched ? "" : watched.error().message()}});
}

int Tunnel::apply(const DeviceChange& change) {
    return tasks_->call([this, &change] { return apply_here(change); }).value_or(ESHUTDOWN);
}

void Tunnel::set_peer_names(PeerNames names) {
    tasks_->call([this, &names] {
        device_->set_peer_names(std::move(names));
        return true;
    });
}

DeviceState Tunnel::state() {
    // A task is copied; the state, with its keys, is not.
    DeviceState state;
    tasks_->call([this, &state] {
        state = device_->state();
        return true;
    });
    return state;
}

std::vector<PeerContact> Tunnel::contacts(const std::vector<crypto::PublicKey>& peers) {
    std::vector<PeerContact> contacts;
    tasks_->call([this, &peers, &contacts] {
        for (const crypto::PublicKey& key : peers) {
            PeerContact& contact = contacts.emplace_back();
            if (const Peer* peer = device_->peers().find(key)) {
                contact = {peer->endpoint, peer->timers.unanswered()};
            }
        }
        return true;
    });
    contacts.resize(peers.size());
    return contacts;
}

int Tunnel::set_up(bool up) {
    const auto done = tasks_->call([this, up] {
        device_->set_up(up, now());
        return true;
    });
    return done ? 0 : ESHUTDOWN;
}

Result<void> Tunnel::keep_interface() {
    return tasks_->call([this] { return device_->keep_port(); })
        .value_or(failure(ESHUTDOWN, fmt::format("keep the interface {}", options_.name)));
}

std::future<std::optional<TunnelCounters>> Tunnel::counters() {
    return tasks_->begin([this] {
        TunnelCounters counters = device_->counters(now());
        counters.name = options_.name;
        return counters;
    });
}

TunnelStatus Tunnel::status() {
    TunnelStatus status =
        tasks_->call([this] { return device_->status(); }).value_or(TunnelStatus{});
    status.name = options_.name;
    status.cipher_reason = aead_reason_;
    return status;
}

int Tunnel::apply_here(const DeviceChange& change) {
    const int error = device_->apply(change, now());
    if (change.listen_port && !watch_link()) {
        return EIO;
    }
    return error;
}

Now Tunnel::now() const {
    return {crypto::Instant{clock_.boot_ns()},
            std::chrono::sys_time<std::chrono::nanoseconds>{
                std::chrono::nanoseconds{clock_.wall_ns()}}};
}

void Tunnel::run() {
    while (!stopping_) {
        refresh_link();
        const Now before = now();
        const crypto::Instant next = device_->work(before);
        if (!loop_.run_once(wait_until(next, before.boot))) {
            break;
        }
    }
}

}  // namespace tollgate::agent
