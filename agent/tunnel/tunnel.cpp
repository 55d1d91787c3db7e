// SPDX-License-Identifier: MIT
#include "agent/tunnel/tunnel.hpp"

#include <cerrno>
#include <utility>

#include <fmt/format.h>

#include "agent/tunnel/standstill.hpp"

namespace tollgate::agent {

Result<std::unique_ptr<Tunnel>> Tunnel::start(const TunnelOptions& options,
                                              const Clock& clock,
                                              std::unique_ptr<TunnelGate> gate) {
    auto timestamps = HandshakeClock::open(HandshakeClock::file_of(options.state_dir, options.name),
                                           options.store_time);
    if (!timestamps) {
        return Failure{timestamps.error()};
    }
    std::unique_ptr<Tunnel> tunnel{new Tunnel{options, clock, std::move(*timestamps)}};
    if (const auto opened = tunnel->open(std::move(gate)); !opened) {
        return Failure{opened.error()};
    }
    if (const auto ready = options.before_threads ? options.before_threads() : Result<void>{};
        !ready) {
        return Failure{ready.error()};
    }
    if (const auto started = tunnel->start_threads(); !started) {
        return Failure{started.error()};
    }
    return tunnel;
}

// The first one first: it may be waiting for the others.
Tunnel::~Tunnel() {
    for (const auto& thread : threads_) {
        thread->stop();
    }
}

Result<void> Tunnel::open(std::unique_ptr<TunnelGate> gate) {
    if (!gate) {
        gate = std::make_unique<NoTunnelGate>();
    }
    auto opened = open_workers(options_, *gate);
    if (!opened) {
        return Failure{opened.error()};
    }
    aead_reason_ = std::move(opened->aead_reason);
    threads_reason_ = std::move(opened->threads_reason);
    first_backend_ = backend_text(*opened->workers.front().link);
    device_ =
        std::make_unique<Device>(Device::Parts{std::move(opened->workers),
                                               [this](auto wall) { return next_timestamp(wall); },
                                               std::move(gate),
                                               std::move(opened->steering)});
    return open_threads().and_then([this] { return open_uapi(); });
}

Result<void> Tunnel::open_threads() {
    for (std::size_t number = 0; number < device_->workers(); ++number) {
        auto thread = WorkerThread::create(options_.name, number, clock_);
        if (!thread) {
            return Failure{thread.error()};
        }
        if (auto taken = (*thread)->take(device_->worker(number)); !taken) {
            return taken;
        }
        if (number != 0) {
            others_.push_back(&(*thread)->tasks());
        }
        threads_.push_back(std::move(*thread));
    }
    return {};
}

// The first one last: whoever asks it for something makes it wait for all others.
Result<void> Tunnel::start_threads() {
    for (auto thread = threads_.rbegin(); thread != threads_.rend(); ++thread) {
        if (auto started = (*thread)->start(); !started) {
            return started;
        }
    }
    return {};
}

Result<void> Tunnel::open_uapi() {
    auto uapi =
        UapiSocket::open(first().loop(),
                         options_.uapi_dir,
                         options_.name,
                         {[this](const DeviceChange& change) { return change_by_wg(change); },
                          [this] {
                              const Standstill others{others_};
                              return device_->state();
                          }});
    if (!uapi) {
        return Failure{uapi.error()};
    }
    uapi_ = std::move(*uapi);
    return {};
}

// All threads begin handshakes; the file is written once in ten minutes.
crypto::Tai64n Tunnel::next_timestamp(std::chrono::sys_time<std::chrono::nanoseconds> wall) {
    const std::lock_guard lock{timestamps_mutex_};
    return timestamps_.next(wall);
}

template <typename Work>
auto Tunnel::begin(Work work) -> std::future<std::optional<decltype(work())>> {
    return first().tasks().begin([this, work = std::move(work)]() mutable {
        const Standstill others{others_};
        return work();
    });
}

int Tunnel::apply(const DeviceChange& change) {
    return begin([this, &change] { return apply_here(change); }).get().value_or(ESHUTDOWN);
}

void Tunnel::set_peer_names(PeerNames names) {
    begin([this, &names] {
        device_->set_peer_names(std::move(names));
        return true;
    }).wait();
}

DeviceState Tunnel::state() {
    // A task is copied; the state, with its keys, is not.
    DeviceState state;
    begin([this, &state] {
        state = device_->state();
        return true;
    }).wait();
    return state;
}

std::vector<PeerContact> Tunnel::contacts(const std::vector<crypto::PublicKey>& peers) {
    std::vector<PeerContact> contacts;
    begin([this, &peers, &contacts] {
        for (const crypto::PublicKey& key : peers) {
            PeerContact& contact = contacts.emplace_back();
            if (const Peer* peer = device_->peers().find(key)) {
                contact = {peer->endpoint, peer->timers.unanswered()};
            }
        }
        return true;
    }).wait();
    contacts.resize(peers.size());
    return contacts;
}

int Tunnel::set_up(bool up) {
    const auto done = begin([this, up] {
                          device_->set_up(up, first().now());
                          return true;
                      }).get();
    return done ? 0 : ESHUTDOWN;
}

Result<void> Tunnel::keep_interface() {
    return begin([this] { return device_->keep_port(); })
        .get()
        .value_or(failure(ESHUTDOWN, fmt::format("keep the interface {}", options_.name)));
}

std::future<std::optional<TunnelCounters>> Tunnel::counters() {
    return begin([this] {
        TunnelCounters counters = device_->counters(first().now());
        counters.name = options_.name;
        counters.threads_reason = threads_reason_;
        return counters;
    });
}

TunnelStatus Tunnel::status() {
    TunnelStatus status =
        begin([this] { return device_->status(); }).get().value_or(TunnelStatus{});
    status.name = options_.name;
    status.threads_reason = threads_reason_;
    status.cipher_reason = aead_reason_;
    return status;
}

RunningTunnel::Choices Tunnel::choices() const {
    return {fmt::format("{} ({})", threads_.size(), threads_reason_), first_backend_, aead_reason_};
}

int Tunnel::change_by_wg(const DeviceChange& change) {
    const Standstill others{others_};
    const int error = apply_here(change);
    if (options_.changed_by_wg) {
        options_.changed_by_wg(options_.name, error);
    }
    return error;
}

int Tunnel::apply_here(const DeviceChange& change) {
    const int error = device_->apply(change, first().now());
    if (!change.listen_port) {
        return error;
    }
    for (const auto& thread : threads_) {
        if (!thread->watch_link()) {
            return EIO;
        }
    }
    return error;
}

}  // namespace tollgate::agent
