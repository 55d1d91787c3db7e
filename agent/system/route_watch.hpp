// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <utility>

#include <tollgate/ip.hpp>
#include <tollgate/result.hpp>

#include "agent/system/file_descriptor.hpp"

namespace tollgate::agent {

/// What has changed of the ways to other hosts.
struct RouteNews {
    enum class Kind {
        neighbour,  ///< `address` at `interface`
        interface,  ///< came, went or changed: `interface`
        any,        ///< routes, rules or addresses; or news was lost
    };
    Kind kind = Kind::any;
    unsigned interface = 0;
    IpAddress address;
};

/// Tells of changes to the ways to other hosts, in the network namespace in which it was opened
/// (rtnetlink multicast groups).
class RouteWatch {
  public:
    enum class Subject {
        interfaces,   ///< that came, went or changed
        ipv4_routes,  ///< routes, rules, addresses, interfaces
        all,          ///< IPv6, too, and neighbours
    };
    /// @return what socket(2) and bind(2) return
    [[nodiscard]] static Result<RouteWatch> open(Subject subject);

    /// Polls readable when there is something to read or to take.
    [[nodiscard]] int fd() const { return socket_.get(); }
    /// Tells what is there, of some hundred messages at most. Never blocks.
    void read(const std::function<void(const RouteNews&)>& tell) const;
    /// Whether anything has changed since the last call. Never blocks.
    [[nodiscard]] bool take() const;

  private:
    explicit RouteWatch(FileDescriptor socket) : socket_{std::move(socket)} {}

    FileDescriptor socket_;
};

}  // namespace tollgate::agent
