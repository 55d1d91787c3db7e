// SPDX-License-Identifier: MIT
// mixed_traffic INTERFACE MAC COUNT RATE: UDP from 192.0.2.1 to 192.0.2.10 at that MAC, evenly
// paced: every other frame to port 5000, the rest in turn to 5001 and 5002, from 64 source ports
// each.
#include <array>
#include <charconv>
#include <cstdio>
#include <string_view>

#include <fmt/format.h>

#include "tests/support/frame.hpp"
#include "tests/support/frame_sender.hpp"

namespace {

using namespace tollgate;

constexpr std::uint64_t kSourcePorts = 64;

std::uint64_t number(std::string_view text) {
    std::uint64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

test::Bytes datagram(const MacAddress& destination, std::uint64_t n) {
    constexpr std::array<std::uint16_t, 4> kPorts{5000, 5001, 5000, 5002};
    const auto source = static_cast<std::uint16_t>(20000 + (n / kPorts.size()));
    test::IpFields fields;
    fields.destination = test::ip("192.0.2.10");
    fields.protocol = IPPROTO_UDP;
    test::EthernetFields ethernet;
    ethernet.destination = destination;
    return test::ip_frame(fields, test::udp({source, kPorts.at(n % kPorts.size())}), ethernet);
}

}  // namespace

int main(int argc, char** argv) {
    constexpr int kArguments = 5;
    const auto mac = argc == kArguments ? MacAddress::parse(argv[2]) : std::nullopt;
    if (!mac) {
        fmt::print(stderr, "usage: mixed_traffic INTERFACE MAC COUNT RATE\n");
        return 2;
    }
    std::vector<test::Bytes> frames;
    for (std::uint64_t n = 0; n < 4 * kSourcePorts; ++n) {
        frames.push_back(datagram(*mac, n));
    }
    const auto sender = test::FrameSender::open(argv[1]);
    const auto took = !sender ? Result<std::chrono::nanoseconds>{Failure{sender.error()}}
                              : sender->send(number(argv[3]), number(argv[4]), [&](auto n) {
                                    return frames[n % frames.size()];
                                });
    if (!took) {
        fmt::print(stderr, "mixed_traffic: {}\n", took.error().message());
        return 1;
    }
    fmt::print("{:.0f}\n", static_cast<double>(took->count()) / 1e6);
    return 0;
}
