// SPDX-License-Identifier: MIT
/// flood INTERFACE ADDRESS PORT SECONDS [SOURCES]
///
/// Sends 64-byte UDP frames with random sources out of a veth as fast as one CPU can make them and
/// the receiver, on the same CPU, takes them. Prints {"frames": N, "seconds": T}.
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <random>
#include <string_view>

#include <arpa/inet.h>
#include <net/if.h>

#include "bench/frame.hpp"
#include "bench/live_frames.hpp"
#include "flood.skel.h"

namespace {

constexpr std::uint32_t kTrialFrames = 1U << 18;

struct Cost {
    double seconds = 0;
    double cpu_seconds = 0;
};

struct Target {
    unsigned ifindex = 0;
    in_addr address{};
    std::uint16_t port = 0;
};

int send(int program, const Target& target, double seconds) {
    tollgate::bench::Frame frame =
        tollgate::bench::udp_frame({0, ntohl(target.address.s_addr), 0, target.port});
    tollgate::bench::LiveFrames generator{program, target.ifindex, frame};

    // Each call ends with a wait for the kernel to give its pages back: one short call to see how
    // fast it goes, then a single long one.
    const auto timed = [&](std::uint32_t frames) -> std::optional<Cost> {
        const double cpu_before = tollgate::bench::cpu_seconds();
        const auto started = std::chrono::steady_clock::now();
        if (!generator.send(frames)) {
            return {};
        }
        const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - started;
        return Cost{elapsed.count(), tollgate::bench::cpu_seconds() - cpu_before};
    };
    const auto trial = timed(kTrialFrames);
    if (!trial) {
        return EXIT_FAILURE;
    }
    const auto frames = static_cast<std::uint32_t>(kTrialFrames / trial->cpu_seconds * seconds);
    const auto cost = timed(frames);
    if (!cost) {
        return EXIT_FAILURE;
    }
    std::printf("{\"frames\": %u, \"seconds\": %.4f, \"cpu_seconds\": %.4f}\n",
                frames,
                cost->seconds,
                cost->cpu_seconds);
    return EXIT_SUCCESS;
}

template <typename Number>
Number number(std::string_view text) {
    Number value{};
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

}  // namespace

int main(int argc, char** argv) {
    constexpr int kLeastArguments = 5;
    if (argc < kLeastArguments) {
        std::fputs("usage: flood INTERFACE ADDRESS PORT SECONDS [SOURCES]\n", stderr);
        return EXIT_FAILURE;
    }
    Target target;
    target.ifindex = if_nametoindex(argv[1]);
    target.port = number<std::uint16_t>(argv[3]);
    if (target.ifindex == 0 || inet_pton(AF_INET, argv[2], &target.address) != 1) {
        std::fputs("flood: no such interface, or not an address\n", stderr);
        return EXIT_FAILURE;
    }

    flood* skeleton = flood::open_and_load();
    if (skeleton == nullptr) {
        std::perror("flood: load");
        return EXIT_FAILURE;
    }
    skeleton->data->random_state = std::random_device{}() | 1U;
    if (argc > kLeastArguments) {
        skeleton->bss->sources = number<std::uint64_t>(argv[kLeastArguments]);
    }
    const int status =
        send(bpf_program__fd(skeleton->progs.flood), target, number<double>(argv[4]));
    flood::destroy(skeleton);
    return status;
}
