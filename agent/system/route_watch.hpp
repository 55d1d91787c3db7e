// SPDX-License-Identifier: MIT
#pragma once

#include <tollgate/result.hpp>

#include "agent/system/file_descriptor.hpp"

namespace tollgate::agent {

/// Tells that a way to an IPv4 address may have changed: routes, rules, addresses or interfaces of
/// the network namespace in which it was opened.
class RouteWatch {
  public:
    /// @return what socket(2) and bind(2) return
    [[nodiscard]] static Result<RouteWatch> open();

    /// Polls readable when there is something to take.
    [[nodiscard]] int fd() const { return socket_.get(); }
    /// Whether anything has changed since the last call. Never blocks.
    [[nodiscard]] bool take();

  private:
    explicit RouteWatch(FileDescriptor socket) : socket_{std::move(socket)} {}

    FileDescriptor socket_;
};

}  // namespace tollgate::agent
