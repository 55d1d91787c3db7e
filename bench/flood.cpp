// SPDX-License-Identifier: MIT
/// flood INTERFACE DESTINATION-MAC ADDRESS PORT SECONDS [SOURCES]
///
/// Sends 64-byte UDP frames with random sources out of a veth as fast as one CPU can make them and
/// the receiver, on the same CPU, takes them. Prints {"frames": N, "seconds": T}.
#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string_view>

#include <arpa/inet.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <net/if.h>

#include <bpf/bpf.h>

#include <tollgate/ip.hpp>

#include "flood.skel.h"

namespace {

constexpr std::size_t kFrameBytes = 60;  // 64 on the wire, with the checksum that a NIC adds
constexpr std::uint32_t kBatch = 64;
constexpr std::uint32_t kFramesPerCall = 1U << 18;
constexpr std::uint16_t kDontFragment = 0x4000;
using Frame = std::array<std::uint8_t, kFrameBytes>;

struct Target {
    unsigned ifindex = 0;
    tollgate::MacAddress mac;
    in_addr address{};
    std::uint16_t port = 0;
};

Frame frame_to(const Target& target) {
    ethhdr ethernet{};
    std::memcpy(ethernet.h_dest, target.mac.bytes.data(), ETH_ALEN);
    ethernet.h_source[0] = 2;
    ethernet.h_proto = htons(ETH_P_IP);
    iphdr ip{};
    ip.version = 4;
    ip.ihl = 5;
    ip.ttl = 64;
    ip.protocol = IPPROTO_UDP;
    ip.frag_off = htons(kDontFragment);
    ip.tot_len = htons(kFrameBytes - sizeof ethernet);
    ip.daddr = target.address.s_addr;
    udphdr udp{};
    udp.dest = htons(target.port);
    udp.len = htons(kFrameBytes - sizeof ethernet - sizeof ip);
    Frame frame{};
    std::memcpy(frame.data(), &ethernet, sizeof ethernet);
    std::memcpy(frame.data() + sizeof ethernet, &ip, sizeof ip);
    std::memcpy(frame.data() + sizeof ethernet + sizeof ip, &udp, sizeof udp);
    return frame;
}

int send(int program, const Target& target, std::chrono::duration<double> wanted) {
    Frame frame = frame_to(target);
    xdp_md context{};
    context.data_end = kFrameBytes;
    context.ingress_ifindex = target.ifindex;
    bpf_test_run_opts run{};
    run.sz = sizeof run;
    run.data_in = frame.data();
    run.data_size_in = kFrameBytes;
    run.ctx_in = &context;
    run.ctx_size_in = sizeof context;
    run.repeat = static_cast<int>(kFramesPerCall);
    run.flags = BPF_F_TEST_XDP_LIVE_FRAMES;
    run.batch_size = kBatch;

    std::uint64_t frames = 0;
    const auto started = std::chrono::steady_clock::now();
    std::chrono::duration<double> elapsed{};
    while (elapsed < wanted) {
        if (const int error = bpf_prog_test_run_opts(program, &run); error != 0) {
            std::fprintf(stderr, "flood: %s\n", std::strerror(-error));
            return EXIT_FAILURE;
        }
        frames += kFramesPerCall;
        elapsed = std::chrono::steady_clock::now() - started;
    }
    std::printf("{\"frames\": %llu, \"seconds\": %.4f}\n",
                static_cast<unsigned long long>(frames),
                elapsed.count());
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
    constexpr int kLeastArguments = 6;
    if (argc < kLeastArguments) {
        std::fputs("usage: flood INTERFACE DESTINATION-MAC ADDRESS PORT SECONDS [SOURCES]\n",
                   stderr);
        return EXIT_FAILURE;
    }
    Target target;
    target.ifindex = if_nametoindex(argv[1]);
    const auto mac = tollgate::MacAddress::parse(argv[2]);
    target.port = number<std::uint16_t>(argv[4]);
    if (target.ifindex == 0 || !mac || inet_pton(AF_INET, argv[3], &target.address) != 1) {
        std::fputs("flood: no such interface, or not an address\n", stderr);
        return EXIT_FAILURE;
    }
    target.mac = *mac;

    flood* skeleton = flood::open_and_load();
    if (skeleton == nullptr) {
        std::perror("flood: load");
        return EXIT_FAILURE;
    }
    skeleton->data->random_state = std::random_device{}() | 1U;
    if (argc > kLeastArguments) {
        skeleton->bss->sources = number<std::uint64_t>(argv[kLeastArguments]);
    }
    const int status = send(bpf_program__fd(skeleton->progs.flood),
                            target,
                            std::chrono::duration<double>{number<double>(argv[5])});
    flood::destroy(skeleton);
    return status;
}
