// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <utility>

#include <tollgate/result.hpp>

#include "agent/system/route_watch.hpp"
#include "agent/tunnel/endpoint.hpp"
#include "agent/tunnel/way_table.hpp"

namespace tollgate::agent {

/// Ways to endpoints as the kernel's routes and neighbours have them, without asking it each time.
class Ways {
  public:
    [[nodiscard]] static Result<Ways> open();

    /// The way to a place; Way::from is left to the caller. Asks the kernel if need be: some
    /// system calls that do not wait. Valid until the next call of a member.
    /// @param mark  of the sender's socket
    [[nodiscard]] KnownWay& find(const Endpoint& to, std::uint32_t mark);
    void forget_all() { table_.clear(); }

    /// Polls readable when something has changed.
    [[nodiscard]] int descriptor() const { return watch_.fd(); }
    /// @return true if an interface came, went or changed
    [[nodiscard]] bool read_news();

  private:
    explicit Ways(RouteWatch watch) : watch_{std::move(watch)} {}

    RouteWatch watch_;
    WayTable table_;
};

}  // namespace tollgate::agent
