// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include <tollgate/result.hpp>

#include "agent/datapath/gate.hpp"

struct ring_buffer;

namespace tollgate::agent {

/// Reads the ring buffer `events`.
class EventReader {
  public:
    /// @param map_fd  the ring buffer; may be closed afterwards
    [[nodiscard]] static Result<EventReader> open(int map_fd);

    [[nodiscard]] int fd() const;
    /// See Gate::poll_events.
    [[nodiscard]] Result<void> poll(const Gate::EventVisitor& visit);

  private:
    struct Free {
        void operator()(ring_buffer* ring) const;
    };
    EventReader() = default;

    /// Where the callback of libbpf finds the visitor of the current poll.
    std::unique_ptr<const Gate::EventVisitor*> visitor_;
    std::unique_ptr<ring_buffer, Free> ring_;
};

}  // namespace tollgate::agent
