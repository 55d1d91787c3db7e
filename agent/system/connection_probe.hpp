// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <tollgate/ip.hpp>
#include <tollgate/result.hpp>

#include "agent/system/file_descriptor.hpp"

namespace tollgate::agent {

/// Finds out whether new TCP connections to some places can be made now. They are closed without a
/// byte being sent.
class ConnectionProbe {
  public:
    struct Place {
        IpAddress address;
        std::uint16_t port = 0;
    };

    explicit ConnectionProbe(const std::vector<Place>& places);

    /// Forgets what was made: the next poll() begins with new connections.
    void restart();
    /// Begins what has not begun or has failed, and looks. Never blocks; call it about once a
    /// second. @return true: since restart(), every place has accepted a connection
    bool poll();
    /// Those that have not, "192.0.2.1:443, [2001:db8::1]:443".
    [[nodiscard]] std::string missing() const;

  private:
    struct Attempt {
        Place place;
        FileDescriptor socket;
        bool accepted = false;
    };

    std::vector<Attempt> attempts_;
};

}  // namespace tollgate::agent
