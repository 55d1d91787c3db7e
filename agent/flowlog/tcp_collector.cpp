// SPDX-License-Identifier: MIT
#include <array>
#include <cerrno>
#include <cstdint>
#include <deque>
#include <limits>
#include <string>

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <fmt/format.h>

#include "agent/flowlog/collector_socket.hpp"
#include "agent/system/file_descriptor.hpp"
#include "agent/tunnel/udp_message.hpp"

namespace tollgate::agent {

namespace {

// A collector that is gone without a word is found out after this time.
constexpr int kUserTimeoutMilliseconds = 30'000;

class TcpCollector : public CollectorSocket {
  public:
    TcpCollector(FileDescriptor socket, std::string name)
        : socket_{std::move(socket)}, name_{std::move(name)} {}

    Result<bool> is_connected() override {
        if (!connected_) {
            pollfd entry{socket_.get(), POLLOUT, 0};
            if (::poll(&entry, 1, 0) <= 0) {
                return false;
            }
            int error = 0;
            socklen_t size = sizeof error;
            ::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
            if (error != 0) {
                return failure(error, fmt::format("connect to {}", name_));
            }
            connected_ = true;
        }
        return true;
    }

    Result<bool> send(std::string_view message,
                      std::uint64_t records,
                      std::chrono::milliseconds patience) override {
        if (auto sent = send_rest(patience); !sent || !*sent) {
            return sent;
        }
        rest_ = message;
        ends_.push_back({taken_ + message.size(), records});
        pending_ += records;
        const auto sent = send_rest({});
        return sent ? Result<bool>{true} : sent;
    }

    Result<std::uint64_t> settle() override {
        int unacknowledged = 0;
        if (::ioctl(socket_.get(), SIOCOUTQ, &unacknowledged) != 0) {
            return failed();
        }
        const std::uint64_t arrived = taken_ - static_cast<std::uint64_t>(unacknowledged);
        std::uint64_t records = 0;
        while (!ends_.empty() && ends_.front().end <= arrived) {
            records += ends_.front().records;
            ends_.pop_front();
        }
        pending_ -= records;
        if (records > 0) {
            return records;  // a failure is for the next call
        }
        if (const auto open = check_open(); !open) {
            return Failure{open.error()};
        }
        const auto sent = send_rest({});
        return sent ? Result<std::uint64_t>{0} : Failure{sent.error()};
    }

    [[nodiscard]] std::size_t message_limit() const override {
        return std::numeric_limits<std::size_t>::max();
    }
    [[nodiscard]] std::uint64_t pending() const override { return pending_; }

  private:
    struct MessageEnd {
        std::uint64_t end;  ///< in bytes from the beginning of the connection
        std::uint64_t records;
    };

    [[nodiscard]] Failure failed() const {
        return failure(errno, fmt::format("send to {}", name_));
    }

    // @return whether nothing is left of the message before
    Result<bool> send_rest(std::chrono::milliseconds patience) {
        while (!rest_.empty()) {
            const ssize_t sent = ::send(socket_.get(), rest_.data(), rest_.size(), MSG_NOSIGNAL);
            if (sent >= 0) {
                rest_.erase(0, static_cast<std::size_t>(sent));
                taken_ += static_cast<std::uint64_t>(sent);
                continue;
            }
            if (errno != EAGAIN && errno != EINTR) {
                return failed();
            }
            pollfd entry{socket_.get(), POLLOUT, 0};
            if (::poll(&entry, 1, static_cast<int>(patience.count())) <= 0) {
                return false;
            }
        }
        return true;
    }

    // What a collector says is not for us; that it hangs up is.
    Result<void> check_open() {
        std::array<char, 256> ignored{};
        const ssize_t size = ::recv(socket_.get(), ignored.data(), ignored.size(), MSG_DONTWAIT);
        if (size == 0) {
            return failure(fmt::format("{} has closed the connection", name_));
        }
        if (size < 0 && errno != EAGAIN && errno != EINTR) {
            return Failure{failed()};
        }
        return {};
    }

    FileDescriptor socket_;
    std::string name_;
    bool connected_ = false;
    std::string rest_;             ///< of the last message, not taken by the kernel yet
    std::uint64_t taken_ = 0;      ///< bytes that the kernel has taken
    std::deque<MessageEnd> ends_;  ///< of messages that are not acknowledged as a whole
    std::uint64_t pending_ = 0;
};

}  // namespace

Result<std::unique_ptr<CollectorSocket>> open_tcp_collector(const Endpoint& to) {
    SocketAddress address;
    address.set(to);
    FileDescriptor socket{::socket(
        to.address.is_ipv4() ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    if (!socket ||
        (::connect(socket.get(), address.get(), address.size()) != 0 && errno != EINPROGRESS)) {
        return failure(errno, fmt::format("connect to {}", to.to_string()));
    }
    ::setsockopt(socket.get(),
                 IPPROTO_TCP,
                 TCP_USER_TIMEOUT,
                 &kUserTimeoutMilliseconds,
                 sizeof kUserTimeoutMilliseconds);
    return std::make_unique<TcpCollector>(std::move(socket), to.to_string());
}

}  // namespace tollgate::agent
