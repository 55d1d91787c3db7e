// SPDX-License-Identifier: MIT
#include "agent/tunnel_process/channel.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <poll.h>
#include <sys/socket.h>

#include "agent/tunnel_process/descriptor_socket.hpp"

namespace tollgate::agent::tunnel_process {

namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kPiece = std::size_t{1} << 20U;  // of a body, for which memory is made

struct Header {
    std::uint32_t kind;
    std::uint32_t size;
};

/// Until when to wait; nothing: for ever.
class Deadline {
  public:
    explicit Deadline(std::optional<milliseconds> patience)
        : end_{patience ? std::optional{Clock::now() + *patience} : std::nullopt} {}

    /// Waits until there is something to read, or room to write. @return 0, or an errno value
    [[nodiscard]] int wait(int socket, short events) const {
        pollfd waiting{.fd = socket, .events = events, .revents = 0};
        int ready = 0;
        do {
            ready = ::poll(&waiting, 1, left());
        } while (ready < 0 && errno == EINTR);
        if (ready == 0) {
            return ETIMEDOUT;
        }
        return ready < 0 ? errno : 0;
    }

  private:
    [[nodiscard]] int left() const {
        if (!end_) {
            return -1;
        }
        const auto left = std::chrono::ceil<milliseconds>(*end_ - Clock::now());
        return static_cast<int>(std::max(left, milliseconds{0}).count());
    }

    std::optional<Clock::time_point> end_;
};

int send_all(int socket,
             std::span<const std::byte> bytes,
             std::span<const int> descriptors,
             const Deadline& deadline) {
    while (!bytes.empty()) {
        const ssize_t sent = send_with(socket, bytes, descriptors, MSG_DONTWAIT);
        if (sent >= 0) {
            bytes = bytes.subspan(static_cast<std::size_t>(sent));
            descriptors = {};
            continue;
        }
        const int error = errno == EAGAIN ? deadline.wait(socket, POLLOUT) : errno;
        if (error != 0) {
            return error;
        }
    }
    return 0;
}

int receive_all(int socket,
                std::span<std::byte> bytes,
                std::vector<FileDescriptor>& descriptors,
                const Deadline& deadline) {
    while (!bytes.empty()) {
        const ssize_t received = receive_with(socket, bytes, descriptors, MSG_DONTWAIT);
        if (received > 0) {
            bytes = bytes.subspan(static_cast<std::size_t>(received));
            continue;
        }
        if (received == 0) {
            return ECONNRESET;
        }
        const int error = errno == EAGAIN ? deadline.wait(socket, POLLIN) : errno;
        if (error != 0) {
            return error;
        }
    }
    return 0;
}

}  // namespace

Result<void> Channel::send(std::uint32_t kind,
                           std::span<const std::byte> body,
                           std::span<const int> descriptors,
                           std::optional<milliseconds> patience) {
    constexpr auto kWhat = "send to another process of the agent";
    if (body.size() > kBodyMax) {
        return failure(EMSGSIZE, kWhat);
    }
    const Deadline deadline{patience};
    const Header header{kind, static_cast<std::uint32_t>(body.size())};
    int error = send_all(fd(), std::as_bytes(std::span{&header, 1}), descriptors, deadline);
    if (error == 0) {
        error = send_all(fd(), body, {}, deadline);
    }
    return error == 0 ? Result<void>{} : failure(error, kWhat);
}

Result<Message> Channel::receive(std::optional<milliseconds> patience) {
    constexpr auto kWhat = "receive from another process of the agent";
    const Deadline deadline{patience};
    Header header{};
    Message message;
    int error = receive_all(
        fd(), std::as_writable_bytes(std::span{&header, 1}), message.descriptors, deadline);
    if (error == 0 && (header.size > kBodyMax || message.descriptors.size() > kDescriptorsMax)) {
        error = EMSGSIZE;
    }
    message.kind = header.kind;
    // Memory is made as bytes arrive, not as they are announced.
    while (error == 0 && message.body.size() < header.size) {
        const std::size_t have = message.body.size();
        message.body.resize(have + std::min(kPiece, header.size - have));
        error =
            receive_all(fd(), std::span{message.body}.subspan(have), message.descriptors, deadline);
    }
    return error == 0 ? Result<Message>{std::move(message)} : failure(error, kWhat);
}

}  // namespace tollgate::agent::tunnel_process
