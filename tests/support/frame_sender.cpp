// SPDX-License-Identifier: MIT
#include "tests/support/frame_sender.hpp"

#include <algorithm>
#include <cerrno>
#include <thread>

#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "agent/system/interface.hpp"

namespace tollgate::test {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint64_t kBatch = 32;

}  // namespace

Result<FrameSender> FrameSender::open(const std::string& interface) {
    const auto ifindex = agent::interface_index(interface);
    if (!ifindex) {
        return Failure{ifindex.error()};
    }
    // Protocol 0: it receives nothing.
    agent::FileDescriptor socket{::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0)};
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_ifindex = static_cast<int>(*ifindex);
    const void* generic = &address;
    const int yes = 1;
    if (!socket ||
        ::bind(socket.get(), static_cast<const sockaddr*>(generic), sizeof address) != 0 ||
        ::setsockopt(socket.get(), SOL_PACKET, PACKET_QDISC_BYPASS, &yes, sizeof yes) != 0) {
        return failure(errno, "open a packet socket on " + interface);
    }
    return FrameSender{std::move(socket)};
}

Result<void> FrameSender::send_all(std::vector<Frame>& frames) const {
    std::vector<iovec> parts(frames.size());
    std::vector<mmsghdr> messages(frames.size());
    for (std::size_t i = 0; i < frames.size(); ++i) {
        parts[i] = {.iov_base = frames[i].data(), .iov_len = frames[i].size()};
        messages[i].msg_hdr.msg_iov = &parts[i];
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    std::size_t sent = 0;
    while (sent < messages.size()) {
        const int count = ::sendmmsg(
            socket_.get(), &messages[sent], static_cast<unsigned>(messages.size() - sent), 0);
        if (count > 0) {
            sent += static_cast<std::size_t>(count);
        } else if (errno != ENOBUFS && errno != EINTR) {
            return failure(errno, "send frames");
        }
    }
    return {};
}

Result<std::chrono::nanoseconds> FrameSender::send(std::uint64_t count,
                                                   std::uint64_t per_second,
                                                   const Source& source) const {
    const auto start = Clock::now();
    std::vector<Frame> frames;
    for (std::uint64_t sent = 0; sent < count; sent += frames.size()) {
        frames.clear();
        for (std::uint64_t i = 0; i < std::min(kBatch, count - sent); ++i) {
            frames.push_back(source(sent + i));
        }
        if (auto done = send_all(frames); !done) {
            return Failure{done.error()};
        }
        const auto due = (sent + frames.size()) * 1'000'000'000 / per_second;
        std::this_thread::sleep_until(start + std::chrono::nanoseconds{due});
    }
    return Clock::now() - start;
}

}  // namespace tollgate::test
