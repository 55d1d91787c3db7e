// SPDX-License-Identifier: MIT
#include "agent/control/exporter_page.hpp"

#include <array>
#include <cerrno>
#include <span>

#include <sys/socket.h>
#include <sys/time.h>

namespace tollgate::agent {

namespace {

constexpr std::array<std::string_view, 3> kPaths{"/metrics", "/livez", "/readyz"};
constexpr timeval kPatience{10, 0};

struct Head {
    std::uint32_t status = 0;
    std::uint32_t bytes = 0;
};

bool send_all(int channel, const void* bytes, std::size_t size) {
    const char* next = static_cast<const char*>(bytes);
    while (size > 0) {
        const ssize_t sent = ::send(channel, next, size, MSG_NOSIGNAL);
        if (sent <= 0 && errno != EINTR) {
            return false;
        }
        next += sent > 0 ? sent : 0;
        size -= sent > 0 ? static_cast<std::size_t>(sent) : 0;
    }
    return true;
}

// An errno value; 0: all of it came.
int receive_all(int channel, void* bytes, std::size_t size) {
    const ssize_t received = size == 0 ? 0 : ::recv(channel, bytes, size, MSG_WAITALL);
    if (received < 0) {
        return errno;
    }
    return static_cast<std::size_t>(received) == size ? 0 : ECONNRESET;
}

}  // namespace

std::optional<ExporterPage> page_of(std::string_view path) {
    for (std::size_t i = 0; i < kPaths.size(); ++i) {
        if (kPaths.at(i) == path) {
            return static_cast<ExporterPage>(i);
        }
    }
    return std::nullopt;
}

Result<PageChannel> make_page_channel() {
    std::array<int, 2> pair{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) != 0) {
        return failure(errno, "make a channel for pages");
    }
    PageChannel channel{FileDescriptor{pair[0]}, FileDescriptor{pair[1]}};
    if (::setsockopt(pair[0], SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience) != 0 ||
        ::setsockopt(pair[1], SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience) != 0) {
        return failure(errno, "limit the time of a channel for pages");
    }
    return channel;
}

Result<PageAnswer> ask_for_page(int channel, ExporterPage page) {
    Head head;
    int error = send_all(channel, &page, sizeof page) ? 0 : errno;
    error = error != 0 ? error : receive_all(channel, &head, sizeof head);
    if (error == 0 && head.bytes > kPageBytesMax) {
        error = EPROTO;
    }
    PageAnswer answer{static_cast<int>(head.status), {}};
    if (error == 0) {
        answer.text.resize(head.bytes);
        error = receive_all(channel, answer.text.data(), answer.text.size());
    }
    return error == 0 ? Result<PageAnswer>{std::move(answer)}
                      : failure(error, "ask the agent for a page");
}

bool answer_page(int channel, const std::function<PageAnswer(ExporterPage)>& answer) {
    std::uint8_t asked = 0;
    if (receive_all(channel, &asked, sizeof asked) != 0 || asked >= kPaths.size()) {
        return false;
    }
    PageAnswer page = answer(static_cast<ExporterPage>(asked));
    if (page.text.size() > kPageBytesMax) {
        page = {500, "the page is too large\n"};
    }
    const Head head{static_cast<std::uint32_t>(page.status),
                    static_cast<std::uint32_t>(page.text.size())};
    return send_all(channel, &head, sizeof head) &&
           send_all(channel, page.text.data(), page.text.size());
}

}  // namespace tollgate::agent
