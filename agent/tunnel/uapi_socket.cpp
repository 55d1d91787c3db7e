// SPDX-License-Identifier: MIT
#include "agent/tunnel/uapi_socket.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <fmt/format.h>

#include "agent/system/boot_clock.hpp"
#include "agent/system/file.hpp"
#include "agent/system/interface.hpp"
#include "agent/tunnel/uapi_connection.hpp"

namespace tollgate::agent {

namespace fs = std::filesystem;

namespace {

constexpr int kBacklog = 16;

std::chrono::nanoseconds now() {
    return std::chrono::nanoseconds{boot_time_ns()};
}

Result<FileDescriptor> make_socket() {
    FileDescriptor made{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    if (!made) {
        return failure(errno, "make a Unix socket");
    }
    return made;
}

fs::path path_of(const fs::path& folder, std::string_view interface) {
    return folder / fmt::format("{}.sock", interface);
}

Result<sockaddr_un> address_of(const fs::path& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string& text = path.native();
    if (text.size() >= sizeof address.sun_path) {
        return failure(ENAMETOOLONG, fmt::format("listen on {}", text));
    }
    std::copy(text.begin(), text.end(), std::begin(address.sun_path));
    return address;
}

const sockaddr* generic(const sockaddr_un& address) {
    return reinterpret_cast<const sockaddr*>(&address);
}

// Removes the socket that a dead process has left, if there is one.
Result<void> clear_away(const fs::path& path, const sockaddr_un& address) {
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0) {
        return errno == ENOENT ? Result<void>{} : failure(errno, "look at " + path.native());
    }
    if (!S_ISSOCK(status.st_mode)) {
        return failure(EEXIST, fmt::format("{} is not a socket; move it away", path.native()));
    }
    const auto probe = make_socket();
    if (!probe) {
        return Failure{probe.error()};
    }
    if (::connect(probe->get(), generic(address), sizeof address) == 0 || errno != ECONNREFUSED) {
        return failure(EADDRINUSE,
                       fmt::format("another process serves this tunnel at {}", path.native()));
    }
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
        return failure(errno, fmt::format("remove the left-over socket {}", path.native()));
    }
    return {};
}

}  // namespace

struct UapiSocket::Client {
    Client(FileDescriptor socket, std::chrono::nanoseconds until)
        : connection{std::move(socket)}, deadline{until} {}

    UapiConnection connection;
    std::chrono::nanoseconds deadline;
};

UapiSocket::UapiSocket(EventLoop& loop, Timer timer, UapiHandlers handlers, UapiLimits limits)
    : loop_{loop}, timer_{std::move(timer)}, handlers_{std::move(handlers)}, limits_{limits} {}

Result<std::unique_ptr<UapiSocket>> UapiSocket::open(EventLoop& loop,
                                                     const fs::path& folder,
                                                     std::string_view interface,
                                                     UapiHandlers handlers,
                                                     UapiLimits limits) {
    if (!is_interface_name(interface)) {
        return failure(EINVAL, fmt::format("serve the tunnel '{}'", interface));
    }
    if (auto made = make_folder(folder, 0700); !made) {
        return Failure{made.error()};
    }
    auto timer = Timer::create();
    if (!timer) {
        return Failure{timer.error()};
    }
    std::unique_ptr<UapiSocket> socket{
        new UapiSocket{loop, std::move(*timer), std::move(handlers), limits}};
    if (auto listening = socket->listen(path_of(folder, interface)); !listening) {
        return Failure{listening.error()};
    }
    return socket;
}

Result<void> UapiSocket::remove_left(const fs::path& folder, std::string_view interface) {
    const fs::path path = path_of(folder, interface);
    const auto address = address_of(path);
    return address ? clear_away(path, *address) : Failure{address.error()};
}

UapiSocket::~UapiSocket() {
    while (!clients_.empty()) {
        hang_up(clients_.begin()->first);
    }
    loop_.forget(timer_.fd());
    if (listener_) {
        loop_.forget(listener_.get());
    }
    if (const auto there = identify(path_); there && *there == id_) {
        ::unlink(path_.c_str());
    }
}

Result<UapiSocket::FileId> UapiSocket::identify(const fs::path& path) {
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0) {
        return failure(errno, fmt::format("look at {}", path.native()));
    }
    return FileId{status.st_dev, status.st_ino};
}

Result<void> UapiSocket::listen(const fs::path& path) {
    const auto address = address_of(path);
    if (!address) {
        return Failure{address.error()};
    }
    auto made = make_socket();
    if (!made) {
        return Failure{made.error()};
    }
    if (auto cleared = clear_away(path, *address); !cleared) {
        return cleared;
    }
    // The file gets the socket's mode: there is no moment at which others could connect.
    if (::fchmod(made->get(), 0600) != 0 ||
        ::bind(made->get(), generic(*address), sizeof *address) != 0) {
        return failure(errno, fmt::format("bind to {}", path.native()));
    }
    const auto id = identify(path);
    if (!id) {
        return Failure{id.error()};
    }
    path_ = path;
    id_ = *id;
    listener_ = std::move(*made);
    if (::listen(listener_.get(), kBacklog) != 0) {
        return failure(errno, fmt::format("listen on {}", path.native()));
    }
    if (auto timed = loop_.watch(timer_.fd(), EPOLLIN, [this](auto) { hang_up_late(); }); !timed) {
        return timed;
    }
    return watch_listener();
}

Result<void> UapiSocket::watch_listener() {
    return loop_.watch(listener_.get(), EPOLLIN, [this](auto) { accept(); });
}

void UapiSocket::accept() {
    FileDescriptor socket{
        ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)};
    if (!socket) {
        return;
    }
    const int fd = socket.get();
    if (!loop_.watch(fd, EPOLLIN, [this, fd](auto) { serve(fd); })) {
        return;
    }
    clients_[fd] = std::make_unique<Client>(std::move(socket), now() + limits_.operation_time);
    arm_timer();
    if (clients_.size() >= limits_.connections) {
        loop_.forget(listener_.get());
    }
}

void UapiSocket::serve(int fd) {
    Client& client = *clients_.at(fd);
    const std::uint64_t before = client.connection.finished();
    const auto wants = client.connection.advance(handlers_);
    if (wants == UapiConnection::Wants::to_hang_up) {
        hang_up(fd);
        return;
    }
    if (client.connection.finished() != before) {
        client.deadline = now() + limits_.operation_time;
        arm_timer();
    }
    const std::uint32_t events = wants == UapiConnection::Wants::to_read ? EPOLLIN : EPOLLOUT;
    if (!loop_.watch(fd, events, [this, fd](auto) { serve(fd); })) {
        hang_up(fd);
    }
}

void UapiSocket::hang_up(int fd) {
    loop_.forget(fd);
    clients_.erase(fd);
    arm_timer();
    // Without room for a watch the waiting ones wait for the next to hang up.
    static_cast<void>(watch_listener());
}

void UapiSocket::hang_up_late() {
    static_cast<void>(timer_.take());
    std::vector<int> late;
    for (const auto& [fd, client] : clients_) {
        if (client->deadline <= now()) {
            late.push_back(fd);
        }
    }
    std::for_each(late.begin(), late.end(), [this](int fd) { hang_up(fd); });
    arm_timer();
}

void UapiSocket::arm_timer() {
    if (clients_.empty()) {
        static_cast<void>(timer_.disarm());
        return;
    }
    const auto first =
        std::min_element(clients_.begin(), clients_.end(), [](const auto& a, const auto& b) {
            return a.second->deadline < b.second->deadline;
        });
    static_cast<void>(timer_.arm(first->second->deadline - now()));
}

}  // namespace tollgate::agent
