// SPDX-License-Identifier: MIT
#include "agent/report/service_notify.hpp"

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace tollgate::agent {

void notify_service_manager(std::string_view state) {
    const char* path = std::getenv("NOTIFY_SOCKET");
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path == nullptr || std::strlen(path) >= sizeof address.sun_path) {
        return;
    }
    const std::size_t length = std::strlen(path);
    std::memcpy(address.sun_path, path, length);
    if (address.sun_path[0] == '@') {
        address.sun_path[0] = '\0';  // the abstract name space
    }
    const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return;
    }
    ::sendto(fd,
             state.data(),
             state.size(),
             MSG_NOSIGNAL,
             reinterpret_cast<const sockaddr*>(&address),
             static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length));
    ::close(fd);
}

std::optional<std::chrono::microseconds> watchdog_interval() {
    const char* text = std::getenv("WATCHDOG_USEC");
    if (text == nullptr) {
        return std::nullopt;
    }
    std::int64_t microseconds = 0;
    const auto parsed = std::from_chars(text, text + std::strlen(text), microseconds);
    if (parsed.ec != std::errc{} || microseconds <= 0) {
        return std::nullopt;
    }
    return std::chrono::microseconds{microseconds};
}

}  // namespace tollgate::agent
