// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "agent/system/file_descriptor.hpp"

namespace tollgate::test {

/// A protocol (IPPROTO_TCP, IPPROTO_UDP) and a port.
using Endpoint = std::pair<std::uint8_t, std::uint16_t>;

/// Sockets that listen on many ports at once, on every address of both families, in the network
/// namespace of the thread that made them.
class Listeners {
  public:
    /// Ports that cannot be had are left out.
    explicit Listeners(const std::set<Endpoint>& endpoints);

    [[nodiscard]] std::size_t size() const { return sockets_.size(); }
    /// What has come since the last call: datagrams and connections of each endpoint.
    [[nodiscard]] std::map<Endpoint, std::size_t> received();

  private:
    std::vector<std::pair<Endpoint, agent::FileDescriptor>> sockets_;
};

}  // namespace tollgate::test
