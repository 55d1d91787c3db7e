// SPDX-License-Identifier: MIT
#include "agent/tunnel_process/remote_tunnel.hpp"

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include <poll.h>
#include <sys/socket.h>

#include <fmt/format.h>

#include "agent/report/log.hpp"
#include "agent/tunnel/uapi_socket.hpp"
#include "agent/tunnel_process/confined_tunnel.hpp"

namespace tollgate::agent::tunnel_process {

namespace {

constexpr std::chrono::seconds kStartPatience{30};

Result<std::pair<FileDescriptor, FileDescriptor>> make_broker_line() {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
        return failure(errno, "make the line of a data process to its broker");
    }
    return std::pair{FileDescriptor{ends[0]}, FileDescriptor{ends[1]}};
}

StartOrder order_of(const TunnelOptions& options) {
    StartOrder order;
    order.name = options.name;
    order.mtu = options.mtu;
    order.aead = options.aead;
    order.backend = options.backend;
    order.threads = options.threads;
    order.uapi_dir = options.uapi_dir.string();
    order.state_dir = options.state_dir.string();
    order.is_debug = is_logged(LogLevel::debug);
    return order;
}

// As open_workers(): several threads have UDP, also where there can be one only.
bool may_use_xdp(const TunnelOptions& options) {
    return options.backend != "udp" && options.threads == 1;
}

BrokerRights rights_of(const TunnelOptions& options, std::unique_ptr<TunnelSeat> seat) {
    BrokerRights rights;
    rights.seat = std::move(seat);
    if (options.before_up) {
        rights.attach = [attach = options.before_up, name = options.name] {
            return attach(name);
        };
    }
    rights.store_time = [file = HandshakeClock::file_of(options.state_dir, options.name)](
                            const crypto::Tai64n& time) {
        return HandshakeClock::write_time(file, time);
    };
    if (options.changed_by_wg) {
        rights.changed_by_wg = [tell = options.changed_by_wg, name = options.name](int error) {
            tell(name, error);
        };
    }
    rights.may_xdp = may_use_xdp(options);
    return rights;
}

}  // namespace

Result<std::unique_ptr<RemoteTunnel>> RemoteTunnel::start(const TunnelOptions& options,
                                                          std::optional<TunnelPlace> place) {
    auto line = make_broker_line();
    if (!line) {
        return Failure{line.error()};
    }
    auto process = ChildProcess::start({.role = std::string{kRole},
                                        .arguments = {options.name},
                                        .descriptors = {line->second.get()},
                                        .channel_type = SOCK_STREAM});
    if (!process) {
        return Failure{process.error()};
    }
    line->second.reset();
    const std::uint32_t number = place ? place->seat->number() : 0;
    Broker broker{std::move(line->first),
                  rights_of(options, place ? std::move(place->seat) : nullptr)};
    std::unique_ptr<RemoteTunnel> tunnel{
        new RemoteTunnel{options, *std::move(process), std::move(broker)}};
    const auto begun = tunnel->begin(options, place, number);
    return begun.map([&] { return std::move(tunnel); });
}

RemoteTunnel::RemoteTunnel(const TunnelOptions& options, ChildProcess process, Broker broker)
    : name_{options.name},
      uapi_dir_{options.uapi_dir},
      line_{std::make_shared<TunnelLine>(std::move(process))},
      broker_{std::move(broker)} {}

// The process asks its broker for things while it ends.
RemoteTunnel::~RemoteTunnel() {
    line_->hang_up();
    if (brokering_.joinable()) {
        brokering_.join();
    }
    static_cast<void>(UapiSocket::remove_left(uapi_dir_, name_));
}

Result<void> RemoteTunnel::begin(const TunnelOptions& options,
                                 const std::optional<TunnelPlace>& place,
                                 std::uint32_t number) {
    StartOrder order = order_of(options);
    std::vector<int> maps;
    if (place) {
        order.has_gate = true;
        order.zone = place->zone;
        order.number = number;
        interfaces_ = place->interfaces;
        keep_ = place->keep;
        told_version_ = interfaces_->version();
        order.interfaces = interfaces_->get();
        maps = place->maps.descriptors();
    }
    if (!line_->send(TunnelCall::start, encode(order), maps)) {
        return lost();
    }
    if (auto started = wait_for_start(); !started) {
        return broker_.attach_problem() ? Failure{*broker_.attach_problem()}
                                        : Failure{started.error()};
    }
    broker_.end_start();
    brokering_ = std::thread{[this] {
        while (broker_.serve()) {
        }
    }};
    return {};
}

Result<void> RemoteTunnel::wait_for_start() {
    const auto end = std::chrono::steady_clock::now() + kStartPatience;
    std::array<pollfd, 2> waiting{{{line_->fd(), POLLIN, 0}, {broker_.fd(), POLLIN, 0}}};
    while (std::chrono::steady_clock::now() < end) {
        if (::poll(waiting.data(), waiting.size(), 100) <= 0) {
            continue;
        }
        if (waiting[0].revents != 0) {
            StartReport report;
            if (!line_->receive(TunnelCall::start, report)) {
                return lost();
            }
            choices_ = {report.threads, report.backend, report.cipher};
            if (!report.error.is_error) {
                log(LogLevel::info,
                    "tunnel.confined",
                    {{"interface", name_}, {"pid", line_->pid()}, {"how", report.confinement}});
            }
            return report.error.result();
        }
        if (waiting[1].revents != 0 && !broker_.serve()) {
            line_->give_up("hung up");
            return lost();
        }
    }
    line_->give_up("took too long to start");
    return lost();
}

Failure RemoteTunnel::lost() const {
    return failure(fmt::format("the process of {} {}", name_, line_->end().value_or("is lost")));
}

Result<void> RemoteTunnel::look_after() {
    if (line_->end() || !line_->ask(TunnelCall::ping, {})) {
        return lost();
    }
    if (interfaces_ && interfaces_->version() != told_version_) {
        told_version_ = interfaces_->version();
        if (!line_->ask(TunnelCall::set_interfaces, encode(interfaces_->get()))) {
            return lost();
        }
    }
    return {};
}

int RemoteTunnel::apply(const DeviceChange& change) {
    int error = ESHUTDOWN;
    return line_->ask(TunnelCall::apply, encode(change), error) ? error : ESHUTDOWN;
}

void RemoteTunnel::set_peer_names(PeerNames names) {
    static_cast<void>(line_->ask(TunnelCall::set_peer_names, encode(names)));
}

DeviceState RemoteTunnel::state() {
    DeviceState state;
    return line_->ask(TunnelCall::state, {}, state) ? std::move(state) : DeviceState{};
}

std::vector<PeerContact> RemoteTunnel::contacts(const std::vector<crypto::PublicKey>& peers) {
    std::vector<PeerContact> contacts;
    if (!line_->ask(TunnelCall::contacts, encode(peers), contacts)) {
        contacts.clear();
    }
    contacts.resize(peers.size());
    return contacts;
}

TunnelStatus RemoteTunnel::status() {
    TunnelStatus status;
    return line_->ask(TunnelCall::status, {}, status) ? std::move(status) : TunnelStatus{};
}

int RemoteTunnel::set_up(bool up) {
    int error = ESHUTDOWN;
    return line_->ask(TunnelCall::set_up, encode(up), error) ? error : ESHUTDOWN;
}

Result<void> RemoteTunnel::keep_interface() {
    SentError error;
    if (!line_->ask(TunnelCall::keep_interface, {}, error)) {
        return lost();
    }
    return error.result();
}

// By a thread of its own; without one, where it is waited for.
std::future<std::optional<TunnelCounters>> RemoteTunnel::counters() {
    return std::async(std::launch::async | std::launch::deferred,
                      [line = line_, name = name_]() -> std::optional<TunnelCounters> {
                          TunnelCounters counters;
                          if (!line->ask(TunnelCall::counters, {}, counters)) {
                              return std::nullopt;
                          }
                          counters.name = name;
                          return counters;
                      });
}

}  // namespace tollgate::agent::tunnel_process
