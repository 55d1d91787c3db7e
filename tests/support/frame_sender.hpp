// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <tollgate/result.hpp>

#include "agent/system/file_descriptor.hpp"

namespace tollgate::test {

/// Sends whole frames out of an interface by a packet socket, past the queueing disciplines, at a
/// bounded rate: some 100,000 a second on one core.
///
/// Live frames of BPF_PROG_TEST_RUN are faster (bench/flood.cpp) but cannot be paced: the kernel
/// needs 30 ms to set up each run.
class FrameSender {
  public:
    using Frame = std::vector<std::byte>;
    /// The frame with this number, from 0 on; with right checksums, if it is to pass for real.
    using Source = std::function<Frame(std::uint64_t number)>;

    /// @param interface  in the network namespace of this thread
    [[nodiscard]] static Result<FrameSender> open(const std::string& interface);

    /// Sends `count` frames, evenly and never more than `per_second`.
    /// @return how long it took
    [[nodiscard]] Result<std::chrono::nanoseconds> send(std::uint64_t count,
                                                        std::uint64_t per_second,
                                                        const Source& source) const;

  private:
    explicit FrameSender(agent::FileDescriptor socket) : socket_{std::move(socket)} {}

    [[nodiscard]] Result<void> send_all(std::vector<Frame>& frames) const;

    agent::FileDescriptor socket_;
};

}  // namespace tollgate::test
