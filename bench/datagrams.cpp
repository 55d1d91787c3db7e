// SPDX-License-Identifier: MIT
/// datagrams serve ADDRESS PORT
///     counts; when it is terminated: {"received": N}
/// datagrams send ADDRESS PORT SECONDS KPPS BYTES
///     sends at a rate: {"sent": N, "seconds": T}
///
/// Many by one system call, so that little of the machine is spent on the ends.
#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <sys/socket.h>
#include <unistd.h>

#include "bench/socket_address.hpp"

namespace {

using tollgate::bench::generic;
using tollgate::bench::socket_address;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kBatch = 32;
constexpr std::size_t kBytesMax = 2048;
constexpr int kReceiveBuffer = 8 << 20;
constexpr std::chrono::microseconds kPause{100};

volatile std::sig_atomic_t stop = 0;  // NOLINT: a signal can reach nothing else

struct Batch {
    std::array<std::array<char, kBytesMax>, kBatch> bytes{};
    std::array<iovec, kBatch> parts{};
    std::array<mmsghdr, kBatch> messages{};

    explicit Batch(std::size_t size) {
        for (std::size_t i = 0; i < kBatch; ++i) {
            parts.at(i) = {bytes.at(i).data(), size};
            messages.at(i).msg_hdr.msg_iov = &parts.at(i);
            messages.at(i).msg_hdr.msg_iovlen = 1;
        }
    }
};

int serve(int socket, const sockaddr_in& address) {
    setsockopt(socket, SOL_SOCKET, SO_RCVBUFFORCE, &kReceiveBuffer, sizeof kReceiveBuffer);
    if (bind(socket, generic(address), sizeof address) != 0) {
        std::perror("datagrams: bind");
        return EXIT_FAILURE;
    }
    struct sigaction action {};
    action.sa_handler = [](int) {
        stop = 1;
    };
    sigaction(SIGTERM, &action, nullptr);
    Batch batch{kBytesMax};
    std::uint64_t received = 0;
    while (stop == 0) {
        const int count = recvmmsg(socket, batch.messages.data(), kBatch, MSG_WAITFORONE, nullptr);
        received += static_cast<std::uint64_t>(std::max(count, 0));
    }
    while (recv(socket, batch.bytes[0].data(), kBytesMax, MSG_DONTWAIT) >= 0) {
        ++received;
    }
    std::printf("{\"received\": %lu}\n", received);
    return EXIT_SUCCESS;
}

int send(int socket, double seconds, double per_second, std::size_t size) {
    Batch batch{size};
    const auto started = Clock::now();
    std::chrono::duration<double> elapsed{};
    double sent = 0;
    for (; elapsed.count() < seconds; elapsed = Clock::now() - started) {
        const double due = elapsed.count() * per_second - sent;
        if (due < 1) {
            std::this_thread::sleep_for(kPause);
            continue;
        }
        const auto count = static_cast<unsigned>(std::min<double>(due, kBatch));
        const int done = sendmmsg(socket, batch.messages.data(), count, 0);
        if (done < 0 && errno != ENOBUFS && errno != EAGAIN) {
            std::perror("datagrams: send");
            return EXIT_FAILURE;
        }
        sent += std::max(done, 0);
    }
    std::printf("{\"sent\": %.0f, \"seconds\": %.3f}\n", sent, elapsed.count());
    return EXIT_SUCCESS;
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    constexpr std::size_t kServe = 3;
    constexpr std::size_t kSend = 6;
    const int socket = ::socket(AF_INET, SOCK_DGRAM, 0);
    if (arguments.size() == kServe && arguments[0] == "serve") {
        return serve(socket, socket_address(arguments[1], arguments[2]));
    }
    if (arguments.size() == kSend && arguments[0] == "send") {
        const sockaddr_in to = socket_address(arguments[1], arguments[2]);
        if (connect(socket, generic(to), sizeof to) != 0) {
            std::perror("datagrams: connect");
            return EXIT_FAILURE;
        }
        return send(socket,
                    std::stod(arguments[3]),
                    std::stod(arguments[4]) * 1000,
                    std::min(kBytesMax, std::stoul(arguments[5])));
    }
    std::fputs("usage: datagrams serve ADDRESS PORT | send ADDRESS PORT SECONDS KPPS BYTES\n",
               stderr);
    return EXIT_FAILURE;
}
