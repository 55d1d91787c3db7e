// SPDX-License-Identifier: MIT
#include "agent/tunnel/supervised_tunnel.hpp"

#include <algorithm>
#include <cerrno>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "agent/report/log.hpp"
#include "agent/system/interface.hpp"
#include "agent/system/routes.hpp"
#include "agent/tunnel/tun_error.hpp"
#include "agent/tunnel/tunnel_change.hpp"

namespace tollgate::agent {

namespace {

constexpr std::chrono::seconds kLookAgain{30};
constexpr std::uint32_t kMtuUsual = 1420;
constexpr std::uint32_t kMtuMin = 1280;  // IPv6 needs it
constexpr std::uint32_t kOverhead = 80;  // IPv6, UDP, WireGuard header and tag
constexpr std::size_t kWaysMax = 64;     // that are looked at for the MTU

Result<void> result_of(int error, const std::string& what) {
    return error == 0 ? Result<void>{} : failure(error, what);
}

void add(std::string& problems, const Error& error) {
    problems += (problems.empty() ? "" : "; ") + error.message();
}

std::optional<Endpoint> literal(const std::optional<HostPort>& endpoint) {
    return endpoint ? Endpoint::parse(endpoint->to_string()) : std::nullopt;
}

}  // namespace

SupervisedTunnel::SupervisedTunnel(TunnelSettings settings,
                                   TunnelFolders folders,
                                   const Clock& clock,
                                   NameResolver& resolver,
                                   GateForTunnels gate)
    : settings_{std::move(settings)},
      folders_{std::move(folders)},
      clock_{clock},
      resolver_{resolver},
      gate_{std::move(gate)} {
    watch_endpoints();
}

void SupervisedTunnel::tick() {
    const crypto::Instant now{clock_.boot_ns()};
    note_end();
    if (!tunnel_ && now >= retry_) {
        retry_ = now + kRetry;
        start();
    }
    if (!tunnel_ || settings_.is_set_by_wg) {
        return;
    }
    if (!problem_.empty() && now >= retry_) {
        retry_ = now + kRetry;
        configure_again();
    }
    look_up_endpoints();
    if (now >= look_) {
        look_ = now + kLookAgain;
        look_at_host();
    }
}

// It is started again at once, unless it has just been.
void SupervisedTunnel::note_end() {
    if (!tunnel_) {
        return;
    }
    if (const auto runs = tunnel_->look_after(); !runs) {
        tunnel_.reset();
        addresses_.clear();
        routes_.clear();
        tell(problem_, runs.error().message());
    }
}

void SupervisedTunnel::start() {
    std::optional<TunnelKeys> keys;
    if (!settings_.is_set_by_wg) {
        auto read = read_tunnel_keys(settings_, folders_);
        if (!read) {
            tell(problem_, read.error().message());
            return;
        }
        keys = std::move(*read);
    }
    auto started = open_tunnel();
    if (!started && started.error().code == TunError::other_kind && remove_kept()) {
        started = open_tunnel();
    }
    if (!started) {
        tell(problem_, started.error().message());
        return;
    }
    tunnel_ = std::move(*started);
    tunnel_->set_peer_names(peer_names());
    if (keys) {
        if (const auto configured = configure(nullptr, *keys); !configured) {
            tunnel_.reset();
            tell(problem_, configured.error().message());
            return;
        }
    }
    if (!is_up_) {
        static_cast<void>(tunnel_->set_up(false));
    }
    problem_.clear();
    if (keys) {
        if (const auto kept = keep_interface(); !kept) {
            tell(problem_, kept.error().message());
        }
        take_over_routes();
    }
    is_host_set_ = false;
    look_ = {};
    const auto choices = tunnel_->choices();
    log(LogLevel::info,
        "tunnel.started",
        {{"interface", settings_.name},
         {"peers", settings_.peers.size()},
         {"mtu", mtu_},
         {"threads", choices.threads},
         {"backend", choices.backend},
         {"cipher", choices.cipher}});
}

// A port that is not free keeps nothing else from being done.
Result<void> SupervisedTunnel::configure(const TunnelSettings* before, const TunnelKeys& keys) {
    DeviceChange change = difference(tunnel_->state(), before, settings_, keys);
    DeviceChange port;
    port.listen_port = std::exchange(change.listen_port, std::nullopt);
    const auto listens =
        result_of(tunnel_->apply(port), fmt::format("listen on port {}", settings_.listen_port));
    const auto done =
        result_of(tunnel_->apply(change), fmt::format("configure {}", settings_.name));
    return listens ? done : listens;
}

// What the device did not take is tried again; the rest of the settings is in force.
void SupervisedTunnel::configure_again() {
    const auto keys = read_tunnel_keys(settings_, folders_);
    const Result<void> done = keys ? configure(&settings_, *keys) : Failure{keys.error()};
    tell(problem_, done ? "" : done.error().message());
}

void SupervisedTunnel::change(TunnelSettings settings, const TunnelKeys& keys) {
    const TunnelSettings before = std::exchange(settings_, std::move(settings));
    given_names_.clear();
    watch_endpoints();
    retry_ = {};
    look_ = {};
    is_host_set_ = false;
    if (before.cipher != settings_.cipher || before.backend != settings_.backend ||
        before.threads != settings_.threads) {
        tunnel_.reset();  // started again by the next tick
        addresses_.clear();
        routes_.clear();
    }
    if (tunnel_) {
        tunnel_->set_peer_names(peer_names());
        const auto configured = configure(&before, keys);
        tell(problem_, configured ? "" : configured.error().message());
    }
}

// The way to the peers changes by itself. Addresses and routes are set once, so that nobody is
// fought over them, but what could not be done is tried again.
void SupervisedTunnel::look_at_host() {
    const auto interface = interface_index(settings_.name);
    if (!interface) {
        tell(host_problem_, interface.error().message());
        return;
    }
    std::string problems;
    if (!is_host_set_ || !host_problem_.empty()) {
        set_addresses(*interface, problems);
        set_routes(*interface, problems);
        is_host_set_ = true;
    }
    follow_mtu(*interface, problems);
    tell(host_problem_, std::move(problems));
}

void SupervisedTunnel::set_addresses(unsigned interface, std::string& problems) {
    const auto& wanted = settings_.addresses;
    for (const InterfaceAddress& address : std::exchange(addresses_, wanted)) {
        if (std::find(wanted.begin(), wanted.end(), address) == wanted.end()) {
            static_cast<void>(remove_address(interface, address));
        }
    }
    for (const InterfaceAddress& address : wanted) {
        const auto added = add_address(interface, address);
        if (!added && added.error().code.value() != EEXIST) {
            add(problems, added.error());
        }
    }
}

void SupervisedTunnel::set_routes(unsigned interface, std::string& problems) {
    const auto networks = routes_of(settings_);
    const std::set<Prefix> wanted{networks.begin(), networks.end()};
    for (const Prefix& route : routes_) {
        if (!wanted.contains(route)) {
            static_cast<void>(remove_route(interface, route));
        }
    }
    const std::set<Prefix> before = std::exchange(routes_, {});
    for (const Prefix& route : wanted) {
        const auto added = add_route(interface, route);
        if (added || (added.error().code.value() == EEXIST && before.contains(route))) {
            routes_.insert(route);
        } else {
            add(problems, added.error());
        }
    }
}

// Where the peers are whose endpoint is configured.
std::vector<Endpoint> SupervisedTunnel::endpoints() {
    std::vector<Endpoint> endpoints;
    std::vector<crypto::PublicKey> keys;
    for (const PeerSettings& peer : settings_.peers) {
        if (peer.endpoint && keys.size() < kWaysMax) {
            keys.push_back(peer.public_key);
            endpoints.push_back(literal(peer.endpoint).value_or(Endpoint{}));
        }
    }
    if (tunnel_) {
        const auto contacts = tunnel_->contacts(keys);
        std::transform(contacts.begin(), contacts.end(), endpoints.begin(), [](const auto& peer) {
            return peer.endpoint;
        });
    }
    std::erase_if(endpoints, [](const Endpoint& endpoint) { return !endpoint.is_known(); });
    return endpoints;
}

void SupervisedTunnel::choose_mtu() {
    mtu_ = settings_.mtu.value_or(kMtuUsual);
    mtu_reason_ = settings_.mtu ? "as configured" : "usual";
    if (settings_.mtu) {
        return;
    }
    for (const Endpoint& endpoint : endpoints()) {
        const auto way = route_mtu(endpoint.address, settings_.fwmark);
        if (way && *way < mtu_ + kOverhead) {
            mtu_ = std::max(kMtuMin, *way - std::min(*way, kOverhead));
            mtu_reason_ = fmt::format(
                "{} on the way to {} less {}", *way, endpoint.address.to_string(), kOverhead);
        }
    }
}

void SupervisedTunnel::follow_mtu(unsigned interface, std::string& problems) {
    const std::uint32_t before = mtu_;
    choose_mtu();
    if (mtu_ == before) {
        return;
    }
    if (const auto set = set_mtu(interface, mtu_); !set) {
        add(problems, set.error());
        mtu_ = before;
        return;
    }
    log(LogLevel::info,
        "tunnel.resized",
        {{"interface", settings_.name}, {"mtu", mtu_}, {"reason", mtu_reason_}});
}

void SupervisedTunnel::watch_endpoints() {
    watches_.clear();
    for (std::size_t i = 0; i < settings_.peers.size(); ++i) {
        const auto& endpoint = settings_.peers[i].endpoint;
        if (endpoint && !literal(endpoint)) {
            watches_.emplace(i, EndpointWatch{*endpoint});
        }
    }
}

void SupervisedTunnel::look_up_endpoints() {
    std::vector<crypto::PublicKey> keys;
    for (const auto& [place, watch] : watches_) {
        keys.push_back(settings_.peers[place].public_key);
    }
    if (keys.empty()) {
        return;
    }
    const crypto::Instant now{clock_.boot_ns()};
    auto contact = tunnel_->contacts(keys);
    std::size_t i = 0;
    for (auto& [place, watch] : watches_) {
        if (watch.is_due(contact[i++], now)) {
            resolver_.ask(watch.name());
        }
    }
}

void SupervisedTunnel::answered(const NameResolver::Answer& answer) {
    for (auto& [place, watch] : watches_) {
        if (!tunnel_ || watch.name() != answer.name) {
            continue;
        }
        const PeerSettings& peer = settings_.peers[place];
        const std::string before = watch.problem();
        const auto contacts = tunnel_->contacts({peer.public_key});
        if (const auto endpoint = watch.answered(answer.resolution, contacts.front())) {
            move_peer(peer, *endpoint);
        }
        if (!watch.problem().empty() && watch.problem() != before) {
            log(LogLevel::warn,
                "tunnel.endpoint_unresolved",
                {{"interface", settings_.name}, {"peer", peer.name}, {"error", watch.problem()}});
        }
    }
}

void SupervisedTunnel::move_peer(const PeerSettings& peer, const Endpoint& endpoint) {
    DeviceChange change;
    PeerChange& moved = change.peers.emplace_back();
    moved.public_key = peer.public_key;
    moved.update_only = true;
    moved.endpoint = endpoint;
    // Begins anew: without an endpoint there was nowhere to send it to.
    moved.persistent_keepalive = peer.persistent_keepalive;
    static_cast<void>(tunnel_->apply(change));
    look_ = {};
    log(LogLevel::info,
        "tunnel.endpoint_resolved",
        {{"interface", settings_.name},
         {"peer", peer.name},
         {"name", peer.endpoint ? peer.endpoint->host : ""},
         {"endpoint", endpoint.to_string()}});
}

void SupervisedTunnel::tell(std::string& kept, std::string problem) const {
    if (!problem.empty() && problem != kept) {
        log(LogLevel::error,
            tunnel_ ? "tunnel.incomplete" : "tunnel.failed",
            {{"interface", settings_.name}, {"error", problem}});
    }
    kept = std::move(problem);
}

}  // namespace tollgate::agent
