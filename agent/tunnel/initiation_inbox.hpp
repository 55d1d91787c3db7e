// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>

#include <tollgate/result.hpp>

#include "agent/system/file_descriptor.hpp"
#include "agent/tunnel/endpoint.hpp"
#include "crypto/handshake.hpp"

namespace tollgate::agent {

/// An initiation that was let in, and whose static key was read: it says who answers.
struct OpenedInitiation {
    crypto::Responder responder;
    Endpoint from;
};

/// Initiations on their way from the worker that lets them in to the one that owns the peer.
/// Bounded, so that it cannot be filled faster than emptied.
class InitiationInbox {
  public:
    static constexpr std::size_t kMax = 256;

    [[nodiscard]] static Result<std::unique_ptr<InitiationInbox>> create();

    /// For any thread. @return false: it is full, and the initiation is lost
    [[nodiscard]] bool put(OpenedInitiation initiation);
    /// The oldest one; nothing: none waits.
    [[nodiscard]] std::optional<OpenedInitiation> take();
    [[nodiscard]] bool is_empty();
    void clear();

    /// Polls readable while one waits.
    [[nodiscard]] int descriptor() const { return event_.get(); }

  private:
    explicit InitiationInbox(FileDescriptor event) : event_{std::move(event)} {}

    FileDescriptor event_;  ///< a semaphore: how many wait
    std::mutex mutex_;
    std::deque<OpenedInitiation> waiting_;
};

}  // namespace tollgate::agent
