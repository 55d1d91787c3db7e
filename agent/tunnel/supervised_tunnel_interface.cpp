// SPDX-License-Identifier: MIT
#include "agent/report/log.hpp"
#include "agent/system/interface.hpp"
#include "agent/system/routes.hpp"
#include "agent/tunnel/kept_interfaces.hpp"
#include "agent/tunnel/supervised_tunnel.hpp"
#include "agent/tunnel/tun_port.hpp"
#include "agent/tunnel/tunnel.hpp"

namespace tollgate::agent {

TunnelOptions SupervisedTunnel::options() const {
    TunnelOptions options;
    options.name = settings_.name;
    options.mtu = mtu_;
    options.aead = settings_.cipher;
    options.backend = settings_.backend;
    options.threads = settings_.threads;
    options.make_steering = gate_.make_steering;
    options.changed_by_wg = gate_.changed_by_wg;
    options.uapi_dir = folders_.uapi;
    options.state_dir = folders_.state;
    options.before_up = gate_.attach;
    return options;
}

Result<std::unique_ptr<RunningTunnel>> SupervisedTunnel::open_tunnel() {
    choose_mtu();
    if (gate_.start) {
        return gate_.start(options());
    }
    std::unique_ptr<TunnelGate> gate;
    if (gate_.open) {
        auto opened = gate_.open(settings_.name);
        if (!opened) {
            return Failure{opened.error()};
        }
        gate = std::move(*opened);
    }
    return Tunnel::start(options(), clock_, std::move(gate)).map([](auto tunnel) {
        return std::unique_ptr<RunningTunnel>{std::move(tunnel)};
    });
}

Result<void> SupervisedTunnel::keep_interface() {
    const auto named = mark_as_kept(settings_.name, folders_.state);
    return named ? tunnel_->keep_interface() : named;
}

// An interface that was kept has addresses and routes: what the settings do not want goes.
void SupervisedTunnel::take_over_routes() {
    addresses_ = interface_addresses(settings_.name).value_or(std::vector<InterfaceAddress>{});
    const auto interface = interface_index(settings_.name);
    const auto routes = interface ? routes_through(*interface) : Failure{interface.error()};
    if (routes) {
        routes_ = {routes->begin(), routes->end()};
    }
}

void SupervisedTunnel::remove() {
    tunnel_.reset();
    static_cast<void>(remove_kept());
}

bool SupervisedTunnel::remove_kept() const {
    return is_marked(settings_.name, folders_.state) && remove_tun(settings_.name);
}

void SupervisedTunnel::remove_left(const TunnelFolders& folders,
                                   const std::set<std::string>& configured) {
    for (const std::string& name : kept_interfaces(folders.state)) {
        if (!configured.contains(name) && remove_tun(name)) {
            log(LogLevel::info, "tunnel.removed", {{"interface", name}});
        }
    }
}

}  // namespace tollgate::agent
