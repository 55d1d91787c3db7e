// SPDX-License-Identifier: MIT
/// flood INTERFACE ADDRESS PORT SECONDS [sources=N] [kpps=N] [shape=NAME] [stay=1]
///
/// Sends 64-byte UDP frames with random sources out of a veth, as fast as one CPU can make them and
/// the receiver, on the same CPU, takes them, SECONDS of CPU time; with kpps= at that rate, SECONDS
/// by the clock. shape=: one of hard_frames.cpp, or "mix", all in turns. stay=1: makes the frames
/// and sends none. Prints {"frames": N, "seconds": T, "cpu_seconds": T}.
#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <random>
#include <span>
#include <string_view>

#include <arpa/inet.h>
#include <net/if.h>

#include "bench/frame.hpp"
#include "bench/hard_frames.hpp"
#include "bench/live_frames.hpp"
#include "flood.skel.h"

namespace {

using namespace tollgate::bench;

constexpr std::uint32_t kTrialFrames = 1U << 18;
constexpr std::chrono::milliseconds kPeriod{1};
constexpr std::string_view kMix = "mix";

struct Wish {
    unsigned interface = 0;
    in_addr address{};
    std::uint16_t port = 0;
    double seconds = 0;
    std::uint64_t sources = 0;
    double kpps = 0;
    std::string_view shape;
    bool stay = false;
};

template <typename Number>
Number number(std::string_view text) {
    Number value{};
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

bool read_option(std::string_view option, Wish& wish) {
    const auto equals = option.find('=');
    const std::string_view name = option.substr(0, equals);
    const std::string_view value =
        equals == std::string_view::npos ? std::string_view{} : option.substr(equals + 1);
    if (name == "sources") {
        wish.sources = number<std::uint64_t>(value);
    } else if (name == "kpps") {
        wish.kpps = number<double>(value);
    } else if (name == "shape") {
        wish.shape = value;
    } else if (name == "stay") {
        wish.stay = value == "1";
    } else {
        return false;
    }
    return !value.empty();
}

std::optional<Wish> read(std::span<char*> arguments) {
    constexpr std::size_t kLeast = 4;
    if (arguments.size() < kLeast) {
        return {};
    }
    Wish wish;
    wish.interface = if_nametoindex(arguments[0]);
    wish.port = number<std::uint16_t>(arguments[2]);
    wish.seconds = number<double>(arguments[3]);
    const bool good = std::ranges::all_of(
        arguments.subspan(kLeast), [&](const char* option) { return read_option(option, wish); });
    return good && wish.interface != 0 && inet_pton(AF_INET, arguments[1], &wish.address) == 1
               ? std::optional{wish}
               : std::nullopt;
}

/// One trial to see how fast it goes, then a single long call: each ends with a wait for the kernel
/// to give its pages back.
std::optional<double> send_at_most(LiveFrames& generator, double seconds) {
    const double before = cpu_seconds();
    if (!generator.send(kTrialFrames)) {
        return {};
    }
    const double trial = cpu_seconds() - before;
    const auto frames = static_cast<std::uint32_t>(kTrialFrames / trial * seconds);
    return generator.send(frames) ? std::optional{frames + double{kTrialFrames}} : std::nullopt;
}

int send(int program, const Wish& wish, std::span<std::uint8_t> frame) {
    LiveFrames generator{program, wish.interface, frame};
    const double cpu_before = cpu_seconds();
    const auto started = std::chrono::steady_clock::now();
    const auto sent = wish.kpps > 0
                          ? generator.send({.per_second = wish.kpps * 1000,
                                            .lasts = std::chrono::duration<double>{wish.seconds},
                                            .period = kPeriod})
                          : send_at_most(generator, wish.seconds);
    if (!sent) {
        return EXIT_FAILURE;
    }
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - started;
    std::printf("{\"frames\": %.0f, \"seconds\": %.4f, \"cpu_seconds\": %.4f}\n",
                *sent,
                elapsed.count(),
                cpu_seconds() - cpu_before);
    return EXIT_SUCCESS;
}

/// @return how many shapes were written: one or all
std::uint32_t write_shapes(std::span<flood_shape> shapes, const Wish& wish) {
    std::uint32_t count = 0;
    for (const HardFrame& frame : hard_frames(ntohl(wish.address.s_addr), wish.port)) {
        if (wish.shape == kMix || wish.shape == frame.name) {
            std::memcpy(shapes[count++].words, frame.bytes.data(), sizeof(flood_shape));
        }
    }
    return count;
}

int run(flood& skeleton, const Wish& wish) {
    Frame plain = udp_frame({0, ntohl(wish.address.s_addr), 0, wish.port});
    ShapeBytes unwritten{};
    const bool hard = !wish.shape.empty();
    skeleton.data->random_state = std::random_device{}() | 1U;
    skeleton.bss->sources = wish.sources;
    skeleton.rodata->stay = wish.stay ? 1 : 0;
    if (hard) {
        skeleton.rodata->shape_count = write_shapes(skeleton.bss->shapes, wish);
    }
    if (skeleton.rodata->shape_count == 0 || flood::load(&skeleton) != 0) {
        std::fputs("flood: no such shape, or the program cannot be loaded\n", stderr);
        return EXIT_FAILURE;
    }
    const bpf_program* program = hard ? skeleton.progs.flood_shapes : skeleton.progs.flood;
    return send(bpf_program__fd(program), wish, hard ? std::span<std::uint8_t>{unwritten} : plain);
}

}  // namespace

int main(int argc, char** argv) {
    const auto wish = read(std::span{argv, static_cast<std::size_t>(argc)}.subspan(1));
    if (!wish) {
        std::fputs(
            "usage: flood INTERFACE ADDRESS PORT SECONDS"
            " [sources=N] [kpps=N] [shape=NAME] [stay=1]\n",
            stderr);
        return EXIT_FAILURE;
    }
    flood* skeleton = flood::open();
    if (skeleton == nullptr) {
        std::perror("flood: open");
        return EXIT_FAILURE;
    }
    const int status = run(*skeleton, *wish);
    flood::destroy(skeleton);
    return status;
}
