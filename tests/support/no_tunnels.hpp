// SPDX-License-Identifier: MIT
#pragma once

#include <cerrno>
#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/tunnel/tunnel_control.hpp"

namespace tollgate::test {

/// An agent without tunnels.
class NoTunnels : public agent::TunnelControl {
  public:
    std::set<std::string> peer_names() override { return {}; }
    std::vector<agent::TunnelStatus> status() override { return {}; }
    int change_peer(const std::string& /*tunnel*/,
                    agent::PeerChange /*change*/,
                    const std::optional<std::string>& /*peer_name*/) override {
        return ENODEV;
    }
    int set_up(const std::string& /*tunnel*/, bool /*up*/) override { return ENODEV; }
    Scrape counters(std::chrono::milliseconds /*patience*/) override { return {}; }
};

}  // namespace tollgate::test
