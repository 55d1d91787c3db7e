// SPDX-License-Identifier: MIT
#include "bench/live_frames.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <thread>

namespace tollgate::bench {

namespace {

constexpr std::uint32_t kBatch = 64;
constexpr double kLeastFrames = kBatch;  // of one call

}  // namespace

LiveFrames::LiveFrames(int program, unsigned interface, std::span<std::uint8_t> frame)
    : program_{program} {
    context_.data_end = static_cast<std::uint32_t>(frame.size());
    context_.ingress_ifindex = interface;
    run_.sz = sizeof run_;
    run_.data_in = frame.data();
    run_.data_size_in = static_cast<std::uint32_t>(frame.size());
    run_.ctx_in = &context_;
    run_.ctx_size_in = sizeof context_;
    run_.flags = BPF_F_TEST_XDP_LIVE_FRAMES;
    run_.batch_size = kBatch;
}

bool LiveFrames::send(std::uint32_t frames) {
    run_.repeat = static_cast<int>(frames);
    const int error = bpf_prog_test_run_opts(program_, &run_);
    if (error != 0) {
        std::fprintf(stderr, "live frames: %s\n", std::strerror(-error));
    }
    return error == 0;
}

std::optional<double> LiveFrames::send(const Pace& pace) {
    using Clock = std::chrono::steady_clock;
    const auto started = Clock::now();
    double sent = 0;
    for (auto now = started; now - started < pace.lasts; now = Clock::now()) {
        const std::chrono::duration<double> since = now - started;
        const double due = std::min(since.count() * pace.per_second - sent, pace.per_second / 10);
        if (due < kLeastFrames) {
            std::this_thread::sleep_for(pace.period);
            continue;
        }
        const auto frames = static_cast<std::uint32_t>(due);
        if (!send(frames)) {
            return {};
        }
        sent += frames;
    }
    return sent;
}

double cpu_seconds() {
    timespec time{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

}  // namespace tollgate::bench
