// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>

#include <linux/bpf.h>

#include <bpf/bpf.h>

namespace tollgate::bench {

/// The kernel as a generator of traffic: an XDP program is run for one frame again and again, and
/// may change it and send it out of the interface (BPF_F_TEST_XDP_LIVE_FRAMES, Linux 5.18).
class LiveFrames {
  public:
    /// @param frame  is not copied
    LiveFrames(int program, unsigned interface, std::span<std::uint8_t> frame);
    LiveFrames(const LiveFrames&) = delete;
    LiveFrames& operator=(const LiveFrames&) = delete;

    /// Each call ends with a wait for the kernel to give its pages back.
    /// @return false: the kernel refused, which is told on standard error
    [[nodiscard]] bool send(std::uint32_t frames);

    struct Pace {
        double per_second = 0;
        std::chrono::duration<double> lasts{};
        std::chrono::microseconds period{10'000};  // what is due in it is sent at once
    };
    /// At most what is due in a tenth of a second goes at once, however late it is.
    /// @return how many were sent; nothing: the kernel refused
    [[nodiscard]] std::optional<double> send(const Pace& pace);

  private:
    int program_;
    xdp_md context_{};
    bpf_test_run_opts run_{};
};

/// CPU time of this process.
[[nodiscard]] double cpu_seconds();

}  // namespace tollgate::bench
